"""What kind of worlds to draw: a frozen record and its named presets."""

import dataclasses
from typing import Annotated, Any

from spatialvlm_jax.bounds import OneOf, Pixels, Range, SettingError, Settings, Share, Streams

FAMILIES = ("room", "tabletop", "floor")
_ALL_FAMILIES = (*FAMILIES, "manipulation", "holding")
# What the renderer's integers can number: objects by bits, solids by the low bits of a depth.
MAX_OBJECTS = 31
MAX_SOLIDS = 128

FamilyName = Annotated[str, OneOf(*_ALL_FAMILIES)]
_Objects = Annotated[int, Range(1, MAX_OBJECTS)]
_Solids = Annotated[int, Range(0, MAX_SOLIDS)]
_View = Annotated[float, Range(0.01, 3.1)]


@dataclasses.dataclass(frozen=True)
class WorldConfig(Settings):
    """Everything that shapes a world. Scene i depends on this, the seed and i only.

    image_size: pixels, width and height alike.
    supersample: colour samples along each side of a pixel; geometry is taken at pixel centres.
    shadow_samples: light directions a colour sample is tested against; 1 draws hard shadows.
    dome_samples: directions of ambient light tested for occlusion; 0 takes it as unoccluded.
    light_radius: half-angle of the light, radians; matters where shadow_samples > 1.
    families, family_weights: kinds of scene ("room", "tabletop", "floor"; "manipulation" has a
      gripper at work on a table, "holding" one that holds a thing) and their shares.
    min_objects, max_objects: objects placed in a scene; those that show no pixel are left out.
    stacking: probability that a small object is put onto another object that can carry it.
    background: probability that a table-top scene has furniture behind its table.
    max_roll: largest camera roll, radians; aim_jitter: how far from the content's middle the
      camera aims, as a fraction of the half field of view.
    min_fov, max_fov: horizontal field of view, radians.
    min_size: smallest apparent size of an object when placed, diameter / image width.
    decor: probability that a room has a rug, and that its back wall has a picture.
    warmth: how much yellower the light is than the ambient light, 0 for both white.
    natural: prefer materials and colours as in homes to all colours alike.
    boxes, cylinders, ellipsoids: most primitives of each shape in a scene.
    streams: how random numbers are shared out. 2: the scene and each attempt to fill it have a
      stream of their own, and objects are listed in random order. 1: as data sets have it that
      name none: the first attempt draws what the scene drew, so that a few choices are tied, and
      furniture is listed before what stands on it.
    chunk: scenes rendered in one call, 0 to choose by image size and device; never changes a scene.
    """

    image_size: Pixels = 64
    supersample: Annotated[int, Range(1, 64)] = 1
    shadow_samples: Annotated[int, Range(1, 1_024)] = 1
    dome_samples: Annotated[int, Range(0, 1_024)] = 0
    light_radius: Annotated[float, Range(0, 1.5)] = 0.05
    families: tuple[FamilyName, ...] = FAMILIES
    family_weights: tuple[Annotated[float, Range(0, 1e6)], ...] = (0.45, 0.35, 0.2)
    min_objects: _Objects = 3
    max_objects: _Objects = 7
    stacking: Share = 0.5
    background: Share = 0.5
    max_roll: Annotated[float, Range(0, 1.5)] = 0.09
    aim_jitter: Share = 0.25
    min_fov: _View = 0.87
    max_fov: _View = 1.31
    min_size: Share = 0.085
    decor: Share = 0.0
    warmth: Share = 0.0
    natural: bool = False
    boxes: _Solids = 40
    cylinders: _Solids = 20
    ellipsoids: _Solids = 16
    streams: Streams = 2
    chunk: Annotated[int, Range(0, 1_000_000)] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.families) != len(self.family_weights):
            raise SettingError(
                "family_weights", f"{self.family_weights} is not one for each of {self.families}"
            )
        if not any(self.family_weights):
            raise SettingError("family_weights", f"{self.family_weights} has none above 0")
        for low, high in (("min_objects", "max_objects"), ("min_fov", "max_fov")):
            least, most = getattr(self, low), getattr(self, high)
            if least > most:
                raise SettingError(low, f"{least} is more than {high}={most}")
        solids = self.boxes + self.cylinders + self.ellipsoids
        if not 1 <= solids <= MAX_SOLIDS:
            raise SettingError(
                "boxes", f"with cylinders and ellipsoids {solids}, not from 1 to {MAX_SOLIDS}"
            )

    @classmethod
    def preset(cls, name: str, **changes: Any) -> "WorldConfig":
        """The named preset with some fields changed.

        Raises:
          ValueError: there is no such preset, or the changes do not fit together.
        """
        if name not in _PRESETS:
            known = ", ".join(sorted(_PRESETS))
            raise ValueError(f"no world preset '{name}'; the presets are: {known}")
        return dataclasses.replace(_PRESETS[name], **changes)


_PRESETS = {
    "simple": WorldConfig(
        min_objects=2,
        max_objects=4,
        stacking=0.15,
        background=0.0,
        max_roll=0.02,
        aim_jitter=0.15,
        min_size=0.12,
    ),
    "clear": WorldConfig(
        min_objects=2, max_objects=4, background=0.2, max_roll=0.05, min_size=0.14
    ),
    "rich": WorldConfig(),
    "manipulation": WorldConfig(
        families=("manipulation",),
        family_weights=(1.0,),
        min_objects=4,
        max_objects=6,
        background=0.0,
        max_roll=0.05,
        min_size=0.06,
    ),
    "gallery": WorldConfig(
        image_size=448,
        supersample=3,
        shadow_samples=5,
        dome_samples=7,
        light_radius=0.09,
        family_weights=(0.45, 0.4, 0.15),
        min_objects=5,
        max_objects=9,
        stacking=0.55,
        background=0.8,
        max_roll=0.03,
        aim_jitter=0.1,
        min_size=0.1,
        decor=0.75,
        warmth=0.06,
        natural=True,
    ),
}
_PRESETS["holding"] = dataclasses.replace(
    _PRESETS["manipulation"], families=("holding",), max_objects=5
)
