"""A loaded model that answers questions about a picture, and says how sure it is."""

import dataclasses
import functools
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from flax import nnx

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.inference.asked_questions import AskedQuestions, PutWords
from spatialvlm_jax.inference.asked_rows import (
    MOST_QUESTIONS,
    PICTURE_BUCKETS,
    PREFIX_BUCKETS,
    AskedRow,
    ReadyRows,
    filled_shape,
    filled_up,
    plain_words,
)
from spatialvlm_jax.inference.conclude import Heard
from spatialvlm_jax.inference.image_encodings import ImageEncodings, picture_key
from spatialvlm_jax.inference.named_places import NamingQuestion, named_places
from spatialvlm_jax.inference.picture import CameraFacts, Picture, PictureLike, open_picture
from spatialvlm_jax.inference.putting import PutQuestion, put_as_taught
from spatialvlm_jax.inference.scored_values import SCORED_VALUES, check_scored_values
from spatialvlm_jax.inference.spatial_answer import NEVER, Doubt, SpatialAnswer
from spatialvlm_jax.inference.told_camera import ToldCamera
from spatialvlm_jax.inference.ways import AskedOfPicture, QuestionWays
from spatialvlm_jax.inputs.camera import stack_cameras
from spatialvlm_jax.inputs.pictures import resize_image
from spatialvlm_jax.inputs.prefixes import pad_prefixes
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.models.named_values import read_named_values
from spatialvlm_jax.models.score import encode_images, read_behind_images
from spatialvlm_jax.models.vlm import VLM, SplitModel
from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.object_values import OBJECT_VALUES
from spatialvlm_jax.taught import Taught

_UNTOLD = CameraFacts()
_TOLD_BY = 4_096  # numbers of an array, which tell it from others


@dataclasses.dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model, and how it is asked.

    experiment: the run's own, which says how pictures and questions are put.
    temperature: that its distributions are tempered with, fitted on held-out data; 1 where it was
      not fitted.
    doubt: from where on its answers are unsure, fitted likewise.
    taught: which questions it was taught; None where that is not known.
    untaught: answer others, too, with a note.
    least_seen: what a question names is asked for, too, and is not there where it is less probable;
      fitted on held-out scenes. None: that is not asked.
    holds_places: whether its weights have what tells places; a file may lack it.
    encodings: of the pictures that it was asked about last, which are not encoded again; what
      `dataclasses.replace` makes of it may be another model, and encodes its own.
    """

    model: VLM
    experiment: Experiment
    tokenizer: Tokenizer
    temperature: float = 1.0
    doubt: Doubt = NEVER
    taught: Taught | None = None
    untaught: bool = False
    least_seen: float | None = None
    holds_places: bool = True
    encodings: ImageEncodings = dataclasses.field(default_factory=ImageEncodings, repr=False)

    def ask(
        self,
        image: PictureLike | Picture,
        questions: str | Sequence[str],
        *,
        camera: CameraFacts = _UNTOLD,
        doubt: Doubt | None = None,
        wordings: int = 1,
        scored_values: int = SCORED_VALUES,
    ) -> list[SpatialAnswer]:
        """Answers questions about a picture, which is encoded once for up to 32 of them.

        Args:
          image: a file, its bytes, or uint8[H, W, 3].
          questions: as to a person, in the words that the model was trained on. Where it says
            which those are, others are put as `putting.put_as_taught` has it.
          camera: what is known of the camera beyond what the file tells; for models that are told.
          doubt: from where on an answer is that none can be given; None: as the model has it.
          wordings: in how many ways each is asked, at most; 2 takes the other order of its objects
            first. What was said to all is put together.
          scored_values: how many worded answers the distribution of a quantity is read from, at
            least 32; 0 reads none, and quantities come from the text alone.

        Returns:
          One answer for each question, in their order.

        Raises:
          UserError: the picture cannot be read, a question is empty or too long, the model is not
            told what is said of the camera, or too few values are to be scored.
        """
        picture = image if isinstance(image, Picture) else open_picture(image)
        asked = [questions] if isinstance(questions, str) else list(questions)
        (answers,) = self.ask_each(
            [(picture, asked)],
            camera=camera,
            doubt=doubt,
            wordings=wordings,
            scored_values=scored_values,
        )
        return answers

    def ask_each(
        self,
        asked: Sequence[tuple[Picture, Sequence[str]]],
        *,
        camera: CameraFacts = _UNTOLD,
        doubt: Doubt | None = None,
        wordings: int = 1,
        scored_values: int = SCORED_VALUES,
    ) -> list[list[SpatialAnswer]]:
        """Answers what several people ask at the same time: each picture has its own questions.

        Args:
          asked: up to 8 pictures, which are run side by side, and questions about each, of which
            32 are asked at once.
          camera: what is known of the camera of all of them, as in `ask`.
          doubt, wordings, scored_values: as in `ask`.

        Raises:
          UserError: a question is empty or too long, there are too many pictures, the model is
            not told what is said of the camera, or too few values are to be scored.
        """
        check_scored_values(scored_values)
        ways = [
            [QuestionWays.of(question, self.put(question), wordings) for question in questions]
            for _, questions in asked
        ]
        told = [self.tell(picture, camera) for picture, _ in asked]
        put = [AskedOfPicture.of(each, self.taught, self.least_seen) for each in ways]
        pairs = [(picture, each.asked) for picture, each in zip(told, put, strict=True)]
        said = self._hear(pairs, scored_values)
        found = map(AskedOfPicture.answers, put, said)
        return [list(map(doubt or self.doubt, answers)) for answers in found]

    def tell(self, picture: Picture, facts: CameraFacts) -> Picture:
        """A picture with what is known of its camera beyond what its file tells.

        Raises:
          UserError: something of that would not reach the model.
        """
        return self._camera.tell(picture, facts)

    def put(self, question: str) -> PutQuestion:
        """How it is put to this model, and whether at all.

        Raises:
          UserError: it is empty, or not in UTF-8.
        """
        plain_words(question)
        return put_as_taught(question, self.taught, self.untaught)

    def reply_each(
        self,
        asked: Sequence[tuple[Picture, Sequence[str]]],
        *,
        max_tokens: int | None = None,
        temperature: float = 0.0,
        seeds: Sequence[Sequence[int]] = (),
    ) -> list[list[str]]:
        """The model's words alone to what it is asked; nothing is scored, nothing unsure.

        Args:
          asked: up to 8 pictures, and up to 32 questions about each, which are put as they are.
          max_tokens: of a reply; None: as the run's evaluation has it.
          temperature: of words that are drawn; 0 takes the likeliest.
          seeds: then, of each question, 0 to 2**32 - 1: whatever is asked beside it, it draws the
            same.

        Raises:
          UserError: a question is empty or too long, or there are too many of them or of pictures.
        """
        if not any(questions for _, questions in asked):
            return [[] for _ in asked]
        asking = self._read(self._rows(asked))
        return asking.by_row(asking.texts(max_tokens, temperature, asking.filled(seeds, 0)))

    def score_each(
        self,
        asked: Sequence[tuple[Picture, Sequence[tuple[str, Sequence[str]]]]],
        *,
        per_token: bool = False,
    ) -> list[list[np.ndarray]]:
        """Log-likelihoods float64[A] of the answers that each question may have, in their order.

        Args:
          asked: up to 8 pictures, and up to 32 questions about each with their answers.
          per_token: divided by how many tokens an answer has, the one that ends it among them, so
            that long answers are not less likely for their length.

        Raises:
          UserError: a question is empty or too long, or there are too many of them or of pictures.
        """
        if not any(pairs for _, pairs in asked):
            return [[] for _ in asked]
        rows = self._rows([(picture, [each[0] for each in pairs]) for picture, pairs in asked])
        asking = self._read(rows)
        answers = [[texts for _, texts in pairs] for _, pairs in asked]
        return asking.by_row(asking.likelihoods(asking.filled(answers, ()), per_token))

    @property
    def tells_places(self) -> bool:
        """Whether it was taught where what a question names is, beside what the answer is."""
        dense = self.experiment.dense
        is_taught = dense is not None and dense.values == OBJECT_VALUES and dense.teaches_names
        return is_taught and self.holds_places

    def place_each(
        self,
        asked: Sequence[tuple[Picture, Sequence[NamingQuestion]]],
        *,
        camera: CameraFacts = _UNTOLD,
    ) -> list[list[np.ndarray]]:
        """Where things are that questions name, as the model holds half-way to its answer.

        Args:
          asked: up to 8 pictures, and up to 32 questions about each, which are put as they are.
          camera: what is known of the camera of all of them, as in `ask`.

        Returns:
          Of each question float64[names, 3], metres, canonical frame (`scene.records`), seen from
          the camera; NaN where a name does not stand in the question, or was looked for before.
          Where a name stands in it twice, the first counts: `NamingQuestion.is_clear` tells.

        Raises:
          UserError: the model was not taught places, or as `ask_each`.
        """
        if not self.tells_places:
            raise UserError("this model was not taught to tell where things are (dense.weight)")
        if not any(questions for _, questions in asked):
            return [[] for _ in asked]
        for name in (name for _, questions in asked for each in questions for name in each.names):
            plain_words(name)
        told = [(self.tell(picture, camera), questions) for picture, questions in asked]
        rows = self._rows(
            [(picture, [each.words for each in each_of]) for picture, each_of in told]
        )
        values = np.asarray(read_named_values(self._split, *self._ready(rows)))
        return [
            [
                named_places(self.tokenizer, prefix, question.names, numbers)
                for prefix, question, numbers in zip(row.prefixes, questions, of_row, strict=False)
            ]
            for row, (_, questions), of_row in zip(rows, told, values, strict=False)
        ]

    @functools.cached_property
    def digest(self) -> str:
        """What tells these weights and this tokenizer from others: BLAKE2b, hexadecimal.

        It is of the first 4,096 numbers of each array: a training step changes all of them.
        """
        found = hashlib.blake2b(self.tokenizer.digest.encode(), digest_size=16)
        for path, leaf in jax.tree_util.tree_leaves_with_path(nnx.state(self.model)):
            if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
                continue
            found.update(f"{jax.tree_util.keystr(path)} {leaf.dtype}{leaf.shape}".encode())
            found.update(np.asarray(leaf.reshape(-1)[:_TOLD_BY]).tobytes())
        return found.hexdigest()

    def count_tokens(self, picture: Picture, question: str) -> int:
        """Tokens that are read: of the picture, and of the question as it is put.

        Raises:
          UserError: the question is empty or too long to be asked.
        """
        encoder = self.experiment.model.encoder
        patches = (encoder.image_size // encoder.patch_size) ** 2
        return patches + len(self._prefix(question, picture.camera))

    def _hear(
        self, asked: Sequence[tuple[Picture, Sequence[PutWords]]], scored_values: int
    ) -> list[list[Heard]]:
        """What is said to all that is asked about each picture, as much at once as may be."""
        found: list[list[Heard]] = [[] for _ in asked]
        for start in range(0, max((len(each) for _, each in asked), default=0), MOST_QUESTIONS):
            parts = [(picture, each[start : start + MOST_QUESTIONS]) for picture, each in asked]
            rows = {place: self._row(*part) for place, part in enumerate(parts) if part[1]}
            heard = self._heard(list(rows.values()), scored_values)
            for place, said in zip(rows, heard, strict=True):
                found[place] += said
        return found

    @functools.cached_property
    def _encoder(self) -> str:
        """What tells its encodings from those of others that share their room."""
        return uuid.uuid4().hex

    @functools.cached_property
    def _split(self) -> SplitModel:
        return SplitModel.of(self.model)

    @functools.cached_property
    def _camera(self) -> ToldCamera:
        return ToldCamera.of(self.experiment, self.tokenizer)

    def _prefix(self, question: str, camera: KnownCamera) -> tuple[int, ...]:
        """The tokens of a question as the run put its own; raises UserError for none."""
        words = plain_words(question)
        if said := self._camera.sentence(camera):
            words = f"{said} {words}"
        template = self.experiment.data.prefix_template
        tokens = self.tokenizer.encode_prefix(template.replace("{question}", words))
        if len(tokens) > PREFIX_BUCKETS[-1]:
            raise UserError(
                f"a question has {len(tokens)} tokens, and at most {PREFIX_BUCKETS[-1]} can be "
                f"asked: {words[:40]!r}..."
            )
        return tokens

    def _rows(self, asked: Sequence[tuple[Picture, Sequence[str]]]) -> list[AskedRow]:
        return [self._row(picture, list(map(PutWords, questions))) for picture, questions in asked]

    def _row(self, picture: Picture, asked: Sequence[PutWords]) -> AskedRow:
        prefixes = [self._prefix(each.words, picture.camera) for each in asked]
        told = self._camera.encode(picture.camera)
        place = self._camera.encode.place(picture.camera)
        return AskedRow(picture, told, place, asked, prefixes)

    def _heard(self, rows: Sequence[AskedRow], scored_values: int) -> list[list[Heard]]:
        """What is said to all that is asked in each row."""
        asking = self._read(rows)
        asked = asking.filled([row.asked for row in rows], PutWords(""))
        return asking.by_row(asking.heard(asked, scored_values))

    def _read(self, rows: Sequence[AskedRow]) -> AskedQuestions:
        """Reads as many pictures and questions as there are, both filled up to a bucket."""
        ready = self._ready(rows)
        slots = ready.tokens.shape[1]
        return AskedQuestions(
            self._split,
            self.tokenizer,
            read_behind_images(self._split, *ready),
            self.temperature,
            self.experiment.eval.max_answer_tokens,
            len(ready.embeddings) * slots,
            slots,
            [len(row.asked) for row in rows],
        )

    def _ready(self, rows: Sequence[AskedRow]) -> ReadyRows:
        """Encoded pictures and questions as programs take them, both filled up to a bucket."""
        pictures, slots, width = filled_shape(rows)
        padded = [pad_prefixes(row.prefixes, slots, width) for row in rows]
        padded += [pad_prefixes([], slots, width)] * (pictures - len(rows))
        tokens, lengths = map(np.stack, zip(*padded, strict=True))
        filled = [*rows, *[rows[0]] * (pictures - len(rows))]
        shown = (picture_key(row.picture, row.told, row.place) for row in filled)
        keys = [f"{self._encoder} {key}" for key in shown]
        encoded = self.encodings.of(keys, lambda places: self._encode([filled[i] for i in places]))
        words: Any = stack_cameras([row.told for row in filled]).words
        return ReadyRows(encoded, tokens, lengths, words)

    def _encode(self, rows: Sequence[AskedRow]) -> Sequence[jax.Array]:
        """The encodings of their pictures, which are filled up to a bucket."""
        filled = [*rows, *[rows[0]] * (filled_up(len(rows), PICTURE_BUCKETS) - len(rows))]
        squares: Any = np.stack([self._square(row) for row in filled])
        rays: Any = stack_cameras([row.told for row in filled]).rays
        return encode_images(self._split, squares, rays)[: len(rows)]

    def _square(self, row: AskedRow) -> np.ndarray:
        size, resize = self.experiment.model.encoder.image_size, self.experiment.data.resize
        return resize_image(row.picture.image, size, resize, row.place)
