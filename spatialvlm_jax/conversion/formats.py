"""Which public formats there are, and the reader of each from what the user names."""

import dataclasses
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from spatialvlm_jax.conversion.images import Images, open_images
from spatialvlm_jax.conversion.official import (
    COCO_NAME,
    GQA_NAME,
    GqaReader,
    JsonReader,
    VqaReader,
    image_name,
)
from spatialvlm_jax.conversion.parquet import ParquetReader
from spatialvlm_jax.conversion.rows import (
    ANSWER_RULES,
    AnswerRule,
    DatasetReader,
    Fields,
    PairReader,
)
from spatialvlm_jax.conversion.tfds import TfdsReader
from spatialvlm_jax.conversion.truths import COLUMNS, KIND_RULES, KindRule
from spatialvlm_jax.conversion.webdataset import WebDatasetReader
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.csv_files import read_csv_records


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be read, and how.

    questions, annotations, images: files of the sets whose pictures lie in a folder or zip file.
    data: of the others, a file or folder; for TFDS its directory, or a registered name.
    data_dir, data_split: where registered TFDS sets lie, and which split of one is read.
    image_name: pattern of the pictures' file names; "" takes the set's own.
    fields, prompt, answer, seed, answer_map, kind: as `rows.PairReader` has them.
    """

    format: str
    questions: Path | None = None
    annotations: Path | None = None
    images: Path | None = None
    data: str = ""
    data_dir: Path | None = None
    data_split: str = ""
    image_name: str = ""
    fields: Fields = dataclasses.field(default_factory=Fields)
    prompt: str = ""
    answer: AnswerRule = "most_frequent"
    seed: int = 0
    answer_map: Mapping[str, str] = dataclasses.field(default_factory=dict)
    kind: KindRule = "general"

    def pairs(self) -> PairReader:
        """How pairs are read.

        Raises:
          UserError: there is no such rule for answers or kinds.
        """
        if self.kind not in KIND_RULES:
            raise UserError(f"kind {self.kind!r}: there are {', '.join(KIND_RULES)}")
        if self.answer not in ANSWER_RULES:
            raise UserError(f"answer {self.answer!r}: there are {', '.join(ANSWER_RULES)}")
        return PairReader(
            self.fields, self.prompt, self.answer, self.seed, self.answer_map, self.kind
        )


@dataclasses.dataclass(frozen=True)
class Format:
    """A format: what the user must name, and how its reader is made.

    said: one line for help. uses: of the other fields of `Request`, and of `Fields`, those that
      change what is read.
    """

    said: str
    needs: tuple[str, ...]
    make: Callable[[Request], DatasetReader]
    uses: tuple[str, ...]


def build_reader(request: Request) -> DatasetReader:
    """The reader of a request.

    Raises:
      UserError: there is no such format, or it lacks a file or has one too many.
    """
    if request.format not in FORMATS:
        raise UserError(f"no format {request.format!r}; there are {', '.join(FORMATS)}")
    needs = FORMATS[request.format].needs
    for name in ("questions", "annotations", "images", "data"):
        given = bool(getattr(request, name))
        if given != (name in needs):
            wants = " and ".join(f"--{need}" for need in needs)
            what = "takes no" if given else "needs"
            raise UserError(f"format {request.format} {what} --{name}; it reads {wants}")
    for name, option in _given(request):
        if name not in FORMATS[request.format].uses:
            raise UserError(f"format {request.format} does not use {option}; leave it out")
    return FORMATS[request.format].make(request)


def _given(request: Request) -> Iterator[tuple[str, str]]:
    """Names of what was given of all that only some formats use, and the options that give it."""
    for name in ("image_name", "data_dir", "data_split", "prompt"):
        if getattr(request, name):
            yield name, f"--{name.replace('_', '-')}"
    for field in dataclasses.fields(Fields):
        if getattr(request.fields, field.name) != field.default:
            yield field.name, f"--field {field.name}"


def _files(place: str, suffix: str) -> list[Path]:
    """The files named like a suffix in a folder, in order, or the one file.

    Raises:
      UserError: there are none.
    """
    path = Path(place)
    files = sorted(path.rglob(f"*{suffix}")) if path.is_dir() else [path]
    if not files or not files[0].exists():
        raise UserError(f"--data={place}: there is no {suffix} file")
    return files


def _path(path: Path | None) -> Path:
    assert path is not None
    try:
        found = path.stat()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if not stat.S_ISREG(found.st_mode):
        raise UserError(f"{path} is no file; it holds the questions or answers of a set")
    return path


def _images(request: Request) -> Images:
    assert request.images is not None
    return open_images(request.images)


def _vqa(request: Request) -> DatasetReader:
    name = request.image_name or COCO_NAME
    image_name(name, image_id="1", subset="train2014")
    files = _path(request.questions), _path(request.annotations)
    return VqaReader(*files, _images(request), request.pairs(), name)


def _gqa(request: Request) -> DatasetReader:
    name = request.image_name or GQA_NAME
    image_name(name, image_id="1")
    return GqaReader(_path(request.questions), _images(request), request.pairs(), name)


def _json(request: Request) -> DatasetReader:
    return JsonReader(_path(request.questions), _images(request), request.pairs())


def _csv(request: Request) -> DatasetReader:
    files = _path(request.questions), _images(request)
    fault = "the row has more or fewer fields than the header"
    return JsonReader(*files, request.pairs(), read_csv_records, fault)


def _parquet(request: Request) -> DatasetReader:
    return ParquetReader(_files(request.data, ".parquet"), request.pairs())


def _webdataset(request: Request) -> DatasetReader:
    return WebDatasetReader(_files(request.data, ".tar"), request.pairs())


def _tfds(request: Request) -> DatasetReader:
    return TfdsReader(
        request.data, request.data_split or "train", request.pairs(), request.data_dir
    )


_JSON_FILES = ("questions", "images")
_VQA_FILES = (*_JSON_FILES, "annotations")
_RECORD = ("prompt", "question", "answer", "conversations", *COLUMNS)
_NAMED = ("image", *_RECORD)
_HELD = ("image_id", *_NAMED)
FORMATS = {
    "vqa_v2": Format("VQA v2: questions, ten people's answers", _VQA_FILES, _vqa, ("image_name",)),
    "okvqa": Format("OK-VQA: as VQA v2", _VQA_FILES, _vqa, ("image_name",)),
    "gqa": Format("GQA: questions with one answer", _JSON_FILES, _gqa, ("image_name",)),
    "llava": Format("LLaVA: conversations, JSON or JSON Lines", _JSON_FILES, _json, _NAMED),
    "jsonl": Format(
        "records {image, question, answer}, JSON or JSON Lines", _JSON_FILES, _json, _NAMED
    ),
    "csv": Format(
        "a table with the columns image, question, answer; .tsv: tabs", _JSON_FILES, _csv, _NAMED
    ),
    "parquet": Format("parquet files with pictures inside", ("data",), _parquet, _HELD),
    "webdataset": Format(
        "tar files of pictures with json or txt", ("data",), _webdataset, ("image_id", *_RECORD)
    ),
    "tfds": Format(
        "a data set prepared with TFDS", ("data",), _tfds, ("data_dir", "data_split", *_HELD)
    ),
}
