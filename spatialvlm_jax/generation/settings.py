"""Everything that decides what `spatialvlm generate` makes, in one record.

settings = GenerationSettings(source="photos", photos=PhotosSettings(path="pictures"))
source, splits = divide(open_finite(settings), settings.split, images=1000)
generate(source, splits, directory, stages=stages_of(settings))
"""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Literal

from spatialvlm_jax.bounds import Range, Seed, SettingError, Settings
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.execution.chunks import Source
from spatialvlm_jax.generation.experts.build import ExpertsConfig
from spatialvlm_jax.generation.lifting.lift import LiftConfig
from spatialvlm_jax.generation.naming.ambiguity import AmbiguityConfig
from spatialvlm_jax.generation.sources.omni3d import Omni3DSettings, omni3d_source
from spatialvlm_jax.generation.sources.photos import (
    PhotosSettings,
    RenderedPhotosSource,
    photos_source,
)
from spatialvlm_jax.generation.sources.rgbd import RGBDSettings, rgbd_source
from spatialvlm_jax.generation.sources.selection import FiniteSource, SplitBy, select
from spatialvlm_jax.generation.sources.worlds import WorldsSettings, WorldsSource
from spatialvlm_jax.generation.stages import Stages
from spatialvlm_jax.questions import QAConfig

SourceName = Literal["worlds", "omni3d", "rgbd", "photos", "rendered_photos"]
_ENDLESS_IMAGES = 4000


@dataclasses.dataclass(frozen=True)
class SplitSettings(Settings):
    """How a finite set of images is divided.

    validation_fraction: share of the images that is held out where no number is asked for.
    by: hold out single images, or whole folders (videos, rooms, tars).
    """

    validation_fraction: Annotated[float, Range(0, 1, below=True)] = 0.1
    by: SplitBy = "image"


@dataclasses.dataclass(frozen=True)
class GenerationSettings(Settings):
    """The source, its own settings, and those of every stage behind it.

    source: where images come from. seed: another seed draws other worlds, and asks other questions
      about the same image.
    worlds, omni3d, rgbd, photos: read for the source of that name; "rendered_photos" reads
      `worlds`, and the noise in `experts`.
    split: how images are divided. questions: what is asked. composed: of rendered worlds, ask
      composed questions, too, at most one of each kind an image: docs/reasoning.md has the kinds.
    ambiguity: what things are called.
    lift, experts: for sources that experts look at.
    """

    source: SourceName = "worlds"
    seed: Seed = 0
    worlds: WorldsSettings = dataclasses.field(default_factory=WorldsSettings)
    omni3d: Omni3DSettings = dataclasses.field(default_factory=Omni3DSettings)
    rgbd: RGBDSettings = dataclasses.field(default_factory=RGBDSettings)
    photos: PhotosSettings = dataclasses.field(default_factory=PhotosSettings)
    split: SplitSettings = dataclasses.field(default_factory=SplitSettings)
    questions: QAConfig = dataclasses.field(default_factory=QAConfig)
    composed: bool = False
    lift: LiftConfig = dataclasses.field(default_factory=LiftConfig)
    ambiguity: AmbiguityConfig = dataclasses.field(default_factory=AmbiguityConfig)
    experts: ExpertsConfig = dataclasses.field(default_factory=ExpertsConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.composed and self.source != "worlds":
            raise SettingError(
                "composed", f'it needs exact worlds (source="worlds"), and this is {self.source}'
            )


def stages_of(settings: GenerationSettings) -> Stages:
    """What follows on the observations of the source.

    Annotated boxes are not lifted, and objects of rendered worlds have a caption each.
    """
    lifted = settings.source not in ("worlds", "omni3d")
    return Stages(
        settings.questions,
        settings.lift if lifted else None,
        None if settings.source == "worlds" else settings.ambiguity,
        settings.seed,
        settings.composed,
    )


def open_finite(settings: GenerationSettings) -> FiniteSource | None:
    """The images that there are, or None for a source without end.

    Raises:
      UserError: the source's settings lack something, or lead nowhere.
    """
    if settings.source == "omni3d":
        return omni3d_source(settings.omni3d)
    if settings.source == "rgbd":
        return rgbd_source(settings.rgbd)
    if settings.source == "photos":
        return photos_source(settings.photos, settings.experts)
    return None


def open_endless(settings: GenerationSettings) -> Source:
    """Rendered worlds, seen as they are or through stand-in experts.

    Raises:
      UserError: there is no such preset.
    """
    try:
        settings.worlds.world()
    except ValueError as error:
        raise UserError(str(error)) from None
    if settings.source == "worlds":
        return WorldsSource(settings.worlds, settings.seed)
    return RenderedPhotosSource(settings.worlds, settings.experts, settings.seed)


def divide(
    source: FiniteSource,
    settings: SplitSettings,
    *,
    images: int | None = None,
    validation: int | None = None,
    splits: Mapping[str, int] | None = None,
) -> tuple[Source, dict[str, int]]:
    """A finite source in the order of its splits, and the images of each.

    Args:
      images: at most so many in all, the first ones; None for all. validation: how many of them
        are held out. splits: images of each split, instead of both.

    Raises:
      UserError: there are fewer images than asked for.
    """
    if splits is None:
        total = len(source) if images is None else images
        splits = _held_out(total, settings, validation)
    return select(source, splits, settings.by)


def endless_splits(
    settings: SplitSettings, images: int | None = None, validation: int | None = None
) -> dict[str, int]:
    """Images of each split of a source without end.

    Raises:
      UserError: more are held out than there are.
    """
    return _held_out(_ENDLESS_IMAGES if images is None else images, settings, validation)


def _held_out(total: int, settings: SplitSettings, validation: int | None) -> dict[str, int]:
    held_out = int(total * settings.validation_fraction) if validation is None else validation
    if not 0 <= held_out < total:
        raise UserError(f"--validation-images must be from 0 to {total - 1}, not {held_out}")
    return {"train": total - held_out} | ({"validation": held_out} if held_out else {})
