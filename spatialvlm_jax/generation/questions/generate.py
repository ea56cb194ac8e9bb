"""From a scene to its question-answer pairs.

    pairs = generate_pairs(scene, QAConfig(), seed=0)

Deterministic in (scene.image_id, seed). Within a picture, yes and no alternate in every yes/no
type, the first and the second object alternate as the right choice in every "which" type, stated
sizes alternate between too small and large enough, and there are as many quantitative as
qualitative pairs.
"""

import collections
import itertools
import math
from collections.abc import Iterator, Mapping

from spatialvlm_jax.generation.questions import general_types, quantities, spatial_types
from spatialvlm_jax.generation.questions.general_types import Contents
from spatialvlm_jax.generation.questions.quantities import Measure
from spatialvlm_jax.generation.questions.registry import (
    REGISTRY,
    Dimension,
    Fact,
    QuestionType,
    register,
)
from spatialvlm_jax.generation.questions.visibility import contents_of, named_by, names_tell
from spatialvlm_jax.generation.questions.writer import Writer
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.random_stream import RandomStream, entropy_of
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import QA, Kind, Scene

__all__ = ["REGISTRY", "QAConfig", "QuestionType", "generate_pairs", "register"]

# Importing these fills the registry.
REGISTERING_MODULES = (spatial_types, general_types)

Pair = tuple[int, int]


def share_of(entry: QuestionType, config: QAConfig) -> float:
    """The relative share of a type among those of its kind; 0 leaves it out."""
    if config.types and entry.name not in config.types:
        return 0.0
    return config.weights.get(entry.name, entry.weight)


def least_value(dimension: Dimension, config: QAConfig) -> float:
    """The least value of a dimension that is asked, SI units."""
    powers = {"length": 1, "area": 2, "volume": 3}
    return config.min_value ** powers[dimension] if dimension in powers else -math.inf


class _Spatial:
    """Asks spatial questions about one scene."""

    def __init__(
        self,
        geometry: SceneGeometry,
        named: tuple[int, ...],
        named_by: Mapping[int, str],
        config: QAConfig,
        draws: RandomStream,
        writer: Writer,
    ) -> None:
        self.geometry, self.named = geometry, named
        self.config, self.draws, self.writer = config, draws, writer
        self.named_by = named_by
        self.asked_about: collections.Counter[tuple[int, ...]] = collections.Counter()

    def types(self, kind: Kind) -> list[QuestionType]:
        """The types of a kind that the config wants, whatever this scene can answer."""
        return [
            entry
            for entry in REGISTRY.values()
            if entry.kind == kind and share_of(entry, self.config) > 0
        ]

    def ask(self, kind: Kind) -> Iterator[QA]:
        """Pairs of one kind in a seeded order, until nothing is left to ask."""
        known = self.geometry.has_gravity
        types = [entry for entry in self.types(kind) if known or not entry.needs_gravity]
        streams = [self._ask_type(entry) for entry in types]
        yield from _interleave(
            streams, [share_of(entry, self.config) for entry in types], self.draws
        )

    def _ask_type(self, entry: QuestionType) -> Iterator[QA]:
        pairs = self._in_turns(entry) if entry.reverses else self._in_rounds(entry)
        return itertools.islice(pairs, self.config.per_type)

    def _in_turns(self, entry: QuestionType) -> Iterator[QA]:
        """One pair of objects after another, put so that the answers of the type take turns."""
        want_first = self.draws.below(2) == 0
        for objects in self.draws.shuffle(list(itertools.combinations(self.named, entry.arity))):
            if self._has_room(entry, objects):
                pair = self._evaluate(entry, objects, want_first)
                if pair is not None:
                    want_first = not want_first
                    yield self._counted(pair)

    def _in_rounds(self, entry: QuestionType) -> Iterator[QA]:
        """For a relation that its objects' order does not turn round.

        A round is a pair of which it holds and one of which it does not; without both there is
        none, so that the question does not tell the answer.
        """
        sides: tuple[list[Pair], list[Pair]] = [], []
        for objects in self.draws.shuffle(list(itertools.permutations(self.named, 2))):
            found = entry.evaluate(self.geometry, *objects)
            if found is not None:
                sides[found == entry.asks].append(objects)
        one, other = sides if self.draws.below(2) else sides[::-1]
        used: set[frozenset[int]] = set()
        while (first := self._unused(entry, one, used)) and (
            second := self._unused(entry, other, used)
        ):
            for objects in (first, second):
                found = entry.evaluate(self.geometry, *objects)
                yield self._counted(self.writer.relation(entry, objects, found))

    def _unused(
        self, entry: QuestionType, candidates: list[Pair], used: set[frozenset[int]]
    ) -> Pair | None:
        while candidates:
            objects = candidates.pop()
            if frozenset(objects) not in used and self._has_room(entry, tuple(sorted(objects))):
                used.add(frozenset(objects))
                return objects
        return None

    def _has_room(self, entry: QuestionType, objects: tuple[int, ...]) -> bool:
        """Whether more may be asked of objects, in scene order; half is left for relations."""
        if names_tell(entry.asks, objects, self.named_by):
            return False
        room = self.config.per_pair
        if entry.kind == "quantitative":
            room = (room + 1) // 2
        return len(objects) < 2 or self.asked_about[objects] < room

    def _counted(self, pair: QA) -> QA:
        self.asked_about[tuple(sorted(pair.objects))] += 1
        return pair

    def _evaluate(
        self, entry: QuestionType, objects: tuple[int, ...], want_first: bool
    ) -> QA | None:
        two_sided = entry.answer_form in ("yes_no", "choice")
        if not two_sided and self.draws.below(2):
            objects = objects[::-1]
        found = entry.evaluate(self.geometry, *objects)
        if found is None and not two_sided:
            objects = objects[::-1]
            found = entry.evaluate(self.geometry, *objects)
        if found is None:
            return None
        if entry.answer_form == "threshold":
            return self._threshold(entry, objects, found, want_first)
        if isinstance(found, Measure):
            return self._number(entry, objects, found)
        if two_sided and (found == entry.asks) != want_first:
            objects = objects[::-1]
            found = entry.evaluate(self.geometry, *objects)
        return self.writer.relation(entry, objects, found)

    def _number(self, entry: QuestionType, objects: tuple[int, ...], measure: Measure) -> QA | None:
        floor = least_value(entry.dimension, self.config)
        if entry.dimension == "length" and len(objects) == 2:
            least = self.config.min_gap * min(self.geometry.size[i] for i in objects)
            floor = max(floor, least, self._least_gap(entry))
        known = measure.std <= self.config.max_relative_std * abs(measure.value)
        # An angle is as well known near zero as elsewhere; its own margin sees to it.
        if measure.value < floor or not (known or entry.dimension == "angle"):
            return None
        return self.writer.number(entry, objects, measure)

    def _threshold(
        self, entry: QuestionType, objects: tuple[int, ...], measure: Measure, less: bool
    ) -> QA | None:
        if measure.value < max(self.config.min_value, self._least_gap(entry)):
            return None
        return self.writer.threshold(entry, objects, measure, less)

    def _least_gap(self, entry: QuestionType) -> float:
        return self.config.min_gap_metres if entry.evaluate in quantities.GAPS else 0.0


def _interleave(
    streams: list[Iterator[QA]], weights: list[float], draws: RandomStream
) -> Iterator[QA]:
    """Takes from the streams by weight until all are exhausted."""
    streams, weights = list(streams), list(weights)
    while streams:
        index = draws.weighted_index(weights)
        pair = next(streams[index], None)
        if pair is None:
            del streams[index], weights[index]
        else:
            yield pair


def _ask_general(
    contents: Contents, config: QAConfig, draws: RandomStream, writer: Writer
) -> Iterator[QA]:
    types = [
        entry
        for entry in REGISTRY.values()
        if entry.kind == "general" and share_of(entry, config) > 0
    ]
    streams = [_ask_facts(entry, contents, config, draws, writer) for entry in types]
    yield from _interleave(streams, [share_of(entry, config) for entry in types], draws)


def _ask_facts(
    entry: QuestionType, contents: Contents, config: QAConfig, draws: RandomStream, writer: Writer
) -> Iterator[QA]:
    """The facts of one type, in rounds of one fact an answer, so that none is the usual answer.

    A round needs two different answers, except that the first may have one (no yes without a no).
    """
    by_verdict: dict[str, list[Fact]] = {}
    for fact in draws.shuffle(entry.evaluate(contents)):
        by_verdict.setdefault(fact.verdict, []).append(fact)
    room, least = config.per_type, 2 if entry.answer_form == "yes_no" else 1
    while room > 0 and len(by_verdict) >= least:
        for verdict in draws.shuffle(sorted(by_verdict))[:room]:
            yield writer.fact(entry, by_verdict[verdict].pop())
        room -= len(by_verdict)
        by_verdict = {verdict: facts for verdict, facts in by_verdict.items() if facts}
        least = 2


def _halves(spatial: _Spatial, room: int) -> list[QA]:
    """As many quantitative as qualitative pairs, unless the config leaves one kind out."""
    kinds: tuple[Kind, ...] = ("quantitative", "qualitative")
    wanted = [kind for kind in kinds if spatial.types(kind)]
    asked = [list(itertools.islice(spatial.ask(kind), room // len(wanted))) for kind in wanted]
    each = min(map(len, asked), default=0)
    return [pair for pairs in asked for pair in pairs[:each]]


def generate_pairs(scene: Scene, config: QAConfig, seed: int) -> list[QA]:
    """Asks about a scene.

    Args:
      scene: objects whose caption fits another object too are left out of spatial questions.

    Returns:
      At most `config.pairs_per_image` pairs in a seeded order. No two ask the same in words, and
      no two of a spatial type are about the same objects, in whatever order.
    """
    draws = RandomStream(entropy_of(seed, scene.image_id), block=512)
    contents = contents_of(scene, config)
    writer = Writer(scene, config, draws)
    spatial = _Spatial(
        SceneGeometry.from_scene(scene), contents.named, named_by(scene), config, draws, writer
    )
    share = config.spatial_fraction / (config.spatial_fraction + config.general_fraction)
    room = round(config.pairs_per_image * share)
    pairs = _halves(spatial, room)
    general = _ask_general(contents, config, draws, writer)
    pairs += itertools.islice(general, config.pairs_per_image - room)
    return draws.shuffle(list({pair.question: pair for pair in pairs}.values()))
