"""Which questions of which held-out images an evaluation asks."""

import dataclasses
import hashlib
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from data_loaders.functional import Pair
from data_loaders.sights import Objects, objects_of, sights_of
from data_loaders.sources import TokenizedSource
from spatialvlm_jax.inputs.prefixes import Tokens
from spatialvlm_jax.scene.camera import tell
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.scene.sight import Sight

Place = tuple[TokenizedSource, int]


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """The questions chosen for one image: everything but its pixels.

    place: the source, and where in it the image is. image_id: told apart from those of other
    pictures, where several sets have one of that id. ids: of the questions, the image's id with the
    place among all its questions; where there are several sets, the set's name before. shown: the
    place of the picture that is shown, None for a grey one.
    """

    place: Place
    image_id: str
    records: tuple[QA, ...]
    prefixes: tuple[Tokens, ...]
    ids: tuple[str, ...]
    sights: tuple[Sight, ...]
    shown: Place | None

    @property
    def source(self) -> TokenizedSource:
        """The data set that the image is of."""
        return self.place[0]


def choose_all(
    sources: Sequence[TokenizedSource], images: int, pairs_per_image: int, before: bool
) -> list[HeldOut]:
    """The questions about `images` images, shared evenly among sets; 0 for all of them.

    Args:
      pairs_per_image: at most so many are drawn by the image's id alone, and asked in stored order.
      before: the camera is told before each question.
    """
    each = -(-images // len(sources))
    found = []
    for source in sources:
        asked = list(_choose(source, each, pairs_per_image, before))
        seen = sights_of([(objects, chosen.records) for chosen, objects in asked])
        before_ids = f"{source.name}/" if len(sources) > 1 else ""
        found += [
            dataclasses.replace(
                chosen, sights=sights, ids=tuple(f"{before_ids}{name}" for name in chosen.ids)
            )
            for (chosen, _), sights in zip(asked, seen, strict=True)
        ]
    return _told_apart(found)


def _told_apart(asked: Sequence[HeldOut]) -> list[HeldOut]:
    """The same, the set's name before ids that several sets have of different pictures.

    Ids are unique within a path alone. A picture that several sets ask about counts as one.
    """
    paths: dict[str, set[str]] = {}
    for chosen in asked:
        paths.setdefault(chosen.image_id, set()).add(chosen.source.path)
    names: dict[tuple[str, bytes], str] = {}
    found = []
    for chosen in asked:
        name = chosen.image_id
        if len(paths[name]) > 1:
            source, index = chosen.place
            picture = hashlib.sha256(source.at(index).example.image().tobytes()).digest()
            name = names.setdefault((name, picture), f"{source.name}/{name}")
        found.append(dataclasses.replace(chosen, image_id=name))
    return found


def tokens_of(place: Place, record: QA, before: bool) -> Pair:
    """The tokens of a pair, with the camera told before the question where `before` says so."""
    source, index = place
    if not before:
        return source.tokenize(record)
    return source.retell(record, tell(source.at(index).example.camera(), source.told))


def _choose(
    source: TokenizedSource, images: int, pairs_per_image: int, before: bool
) -> Iterator[tuple[HeldOut, Objects | None]]:
    given = 0
    for index in range(len(source)):
        chosen = _chosen(source, index, pairs_per_image, before)
        if chosen is not None:
            yield chosen
            given += 1
            if given == images:
                return


def _chosen(
    source: TokenizedSource, index: int, pairs_per_image: int, before: bool
) -> tuple[HeldOut, Objects | None] | None:
    """What is asked about an image, sights not told yet, and its objects where these are known."""
    image = source.at(index)
    if not image.pairs:
        return None
    name = image.example.image_id
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    taken = sorted(rng.permutation(len(image.pairs))[:pairs_per_image].tolist())
    pairs = [image.pairs[place] for place in taken]
    if before:
        camera = tell(image.example.camera(), source.told)
        pairs = [source.retell(image.records[place], camera) for place in taken]
    records = tuple(image.records[place] for place in taken)
    held_out = HeldOut(
        (source, index),
        name,
        records,
        tuple(prefix for prefix, _ in pairs),
        tuple(f"{name}/{image.kept[place]}" for place in taken),
        (),
        (source, index),
    )
    return held_out, objects_of(image.example)
