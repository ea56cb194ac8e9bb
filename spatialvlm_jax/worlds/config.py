"""What kind of worlds to draw: a frozen record and its named presets."""

import dataclasses
from typing import Any

FAMILIES = ("room", "tabletop", "floor")
# What the renderer's integers can number: objects by bits, solids by the low bits of a depth.
MAX_OBJECTS = 31
MAX_SOLIDS = 128


@dataclasses.dataclass(frozen=True)
class WorldConfig:
    """Everything that shapes a world. Scene i depends on this, the seed and i only.

    image_size: pixels, width and height alike.
    supersample: colour samples along each side of a pixel; geometry is taken at pixel centres.
    shadow_samples: light directions a colour sample is tested against; 1 draws hard shadows.
    dome_samples: directions of ambient light tested for occlusion; 0 takes it as unoccluded.
    light_radius: half-angle of the light, radians; matters where shadow_samples > 1.
    families, family_weights: kinds of scene ("room", "tabletop", "floor") and their shares.
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
    chunk: scenes rendered in one call, 0 to choose by image size and device; never changes a scene.
    """

    image_size: int = 64
    supersample: int = 1
    shadow_samples: int = 1
    dome_samples: int = 0
    light_radius: float = 0.05
    families: tuple[str, ...] = FAMILIES
    family_weights: tuple[float, ...] = (0.45, 0.35, 0.2)
    min_objects: int = 3
    max_objects: int = 7
    stacking: float = 0.5
    background: float = 0.5
    max_roll: float = 0.09
    aim_jitter: float = 0.25
    min_fov: float = 0.87
    max_fov: float = 1.31
    min_size: float = 0.085
    decor: float = 0.0
    warmth: float = 0.0
    natural: bool = False
    boxes: int = 40
    cylinders: int = 20
    ellipsoids: int = 16
    chunk: int = 0

    def __post_init__(self) -> None:
        unknown = set(self.families) - set(FAMILIES)
        if unknown or not self.families:
            raise ValueError(f"families must be some of {', '.join(FAMILIES)}, not {self.families}")
        if len(self.families) != len(self.family_weights):
            raise ValueError("families and family_weights must be equally many")
        if not 1 <= self.min_objects <= self.max_objects <= MAX_OBJECTS:
            raise ValueError(
                f"need 1 <= min_objects <= max_objects <= {MAX_OBJECTS}, "
                f"not {self.min_objects} and {self.max_objects}"
            )
        if self.boxes + self.cylinders + self.ellipsoids > MAX_SOLIDS:
            raise ValueError(f"boxes + cylinders + ellipsoids must be at most {MAX_SOLIDS}")
        if min(self.image_size, self.supersample, self.shadow_samples) < 1:
            raise ValueError("image_size, supersample and shadow_samples must be at least 1")

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
