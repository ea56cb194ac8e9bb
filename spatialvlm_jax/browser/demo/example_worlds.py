"""Rendered scenes to try a model on, with all that is exactly known of them."""

import dataclasses
import functools
import threading
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from spatialvlm_jax.browser.exact_truth import ExactAnswer
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.questions.generate import QAConfig, generate_pairs
from spatialvlm_jax.generation.questions.quantities import Measure
from spatialvlm_jax.generation.questions.registry import QuestionType
from spatialvlm_jax.generation.questions.scene_facts import SceneFacts
from spatialvlm_jax.generation.questions.visibility import clear_objects, named_objects
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.inference.picture import Picture
from spatialvlm_jax.inference.rewording import recognise
from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import QA, Scene
from spatialvlm_jax.units import BARE, describe_exact, told_value
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.source import generate_scenes

MOST_WORLDS = 10_000
# No set that comes with the code, and no default of a command, is drawn with this seed.
_SEED = 20_261_129
_LOOK = {"image_size": 256, "supersample": 2, "shadow_samples": 3, "dome_samples": 4}
_ONE = ("camera_distance", "height", "width")
_TWO = ("centre_distance", "distance", "which_nearer")
_SUGGESTED, _KEPT = 4, 32


@dataclasses.dataclass(frozen=True, eq=False)
class ExampleWorld:
    """A scene, its geometry, and pairs about it by their question in small letters.

    named: indices of the objects that a name tells from all others, and that are clearly seen.
    """

    scene: Scene
    geometry: SceneGeometry
    pairs: Mapping[str, QA]
    named: tuple[int, ...]

    @classmethod
    def of(cls, scene: Scene) -> "ExampleWorld":
        """With what can be asked about it."""
        config = QAConfig()
        pairs = {pair.question.lower(): pair for pair in generate_pairs(scene, config, seed=0)}
        named = named_objects(scene, clear_objects(scene, config))
        return cls(scene, SceneGeometry.from_scene(scene), pairs, named)

    @functools.cached_property
    def picture(self) -> Picture:
        """As a model is asked about it, with what is known of its camera."""
        scene = self.scene
        height, width = scene.image.shape[:2]
        camera = KnownCamera((width, height), scene.intrinsics, scene.up, scene.camera_height)
        return Picture(scene.image, camera, sha256=scene.image_id)

    def name(self, index: int) -> str:
        """What an object is called."""
        return self.scene.objects[index].caption

    def object_at(self, x: float, y: float) -> int | None:
        """The object at a point of the picture in pixels that can be asked about, or None."""
        row, column = int(y), int(x)
        for index in self.named:
            mask = self.scene.objects[index].mask
            if mask is not None and mask[row, column]:
                return index
        return None

    def names_of(self, objects: Sequence[int]) -> list[str]:
        """What chosen objects are called.

        Raises:
          UserError: one of them cannot be asked about.
        """
        if not set(objects) <= set(self.named):
            raise UserError("choose objects that are named on the page")
        return [self.name(index) for index in objects]

    def suggestions(self, is_taught: Callable[[str], bool] = lambda question: True) -> list[str]:
        """A few questions that a model was taught, of different types, and one to be reasoned."""
        of_type: dict[str, str] = {}
        for pair in self.pairs.values():
            if pair.type not in of_type and is_taught(pair.question):
                of_type[pair.type] = pair.question
        found = sorted(of_type.values(), key=len)[:: max(1, len(of_type) // _SUGGESTED)]
        names = [f"the {self.name(index)}" for index in self.named[:3]]
        if len(names) > 1:
            listed = f"{', '.join(names[:-1])} and {names[-1]}"
            found.insert(0, f"Which of {listed} is nearest to the camera?")
        return found[: _SUGGESTED + 1]

    def point_distance(self, points: Sequence[tuple[float, float]]) -> float | None:
        """Metres between what is seen at two points of the picture in pixels; None if unknown."""
        depth = self.scene.depth
        if depth is None or len(points) != 2:
            return None
        inverse = np.linalg.inv(self.scene.intrinsics)
        seen = [
            inverse @ (x, y, 1.0) * float(depth[int(y), int(x)])  # depth is along z
            for x, y in points
        ]
        distance = float(np.linalg.norm(seen[0] - seen[1]))
        return distance if np.isfinite(distance) else None

    def truth_of(self, question: str) -> ExactAnswer | None:
        """What is exactly so, of questions whose type and objects are recognised."""
        pair = self.pairs.get(" ".join(question.split()).lower())
        if pair is not None and not np.isfinite(pair.value):
            return ExactAnswer(pair.verdict, verdict=pair.verdict)
        found = recognise(question)
        if found is None:
            return None
        by_name = {self.name(index).lower(): index for index in self.named}
        names = [found.objects[slot].lower() for slot in sorted(found.objects)]
        if not names or not set(names) <= by_name.keys():
            return None
        return self._evaluated(found.kind, [by_name[name] for name in names])

    def _evaluated(self, kind: QuestionType, objects: Sequence[int]) -> ExactAnswer | None:
        found = kind.evaluate(self.geometry, *objects)
        if found is None:  # too close to call
            return None
        if isinstance(found, Measure):
            text = describe_exact(found.value, kind.dimension)
            value = told_value(found.value, kind.dimension)
            return ExactAnswer(text, value, BARE[kind.dimension])
        if kind.answer_form == "yes_no":
            found = "yes" if found == kind.asks else "no"
        elif kind.answer_form == "choice":
            found = self.name(objects[0] if found == kind.asks else objects[1])
        return ExactAnswer(found, verdict=found)

    @functools.cached_property
    def facts(self) -> SceneFacts:
        """Of the named objects."""
        kept, geometry = list(self.named), self.geometry
        gaps = geometry.surface_distance[np.ix_(kept, kept)]
        pairs = np.ndindex(gaps.shape)
        return SceneFacts(
            tuple(map(self.name, kept)),
            geometry.centers[kept],
            geometry.spans[kept],
            geometry.sides.prod(-1)[kept],
            {(i, j): float(gaps[i, j]) for i, j in pairs if i < j},
        )


def questions_about(names: Sequence[str]) -> list[str]:
    """What is asked of one chosen thing or of two, in the first wording of each type.

    Raises:
      UserError: there are more or fewer, or one thing twice.
    """
    if not 1 <= len({name.lower() for name in names}) == len(names) <= 2:
        raise UserError("choose one thing, or two different ones")
    slots = dict(zip("ab", names, strict=False))
    types = _ONE if len(names) == 1 else _TWO
    return [TEMPLATES[name].questions[0].format(**slots) for name in types]


class ExampleWorlds:
    """Worlds by number, rendered when they are first asked for, one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[int, ExampleWorld] = {}

    def __call__(self, number: int) -> ExampleWorld:
        """World 0 to 9,999; the same number always gives the same."""
        with self._lock:
            if number not in self._kept:
                while len(self._kept) >= _KEPT:
                    self._kept.pop(next(iter(self._kept)))
                config = WorldConfig.preset("clear", **_LOOK)
                (scene,) = generate_scenes(config, _SEED, [number])
                self._kept[number] = ExampleWorld.of(scene)
            return self._kept[number]
