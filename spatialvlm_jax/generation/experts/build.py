"""From names of checkpoints to the experts of a run."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from spatialvlm_jax.bounds import (
    BatchSize,
    OneOf,
    Range,
    RelativeStd,
    Seed,
    SettingError,
    Settings,
    Share,
)
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.experts import (
    depth,
    detection,
    embedding,
    florence,
    ground,
    segmentation,
)
from spatialvlm_jax.generation.experts.base import Experts
from spatialvlm_jax.generation.experts.checkpoint import (
    Checkpoint,
    ExpertError,
    Runtime,
    choose_for_family,
    find_expert_checkpoint,
)
from spatialvlm_jax.generation.experts.depth import DepthError, MetricDepthModel
from spatialvlm_jax.generation.experts.detection import VocabularyDetector
from spatialvlm_jax.generation.experts.embedding import ImageTextModel, TextEmbedding
from spatialvlm_jax.generation.experts.file_depth import FileDepth, check_stems, depth_files
from spatialvlm_jax.generation.experts.files import (
    FileDetector,
    FileGround,
    check_photo_names,
    keep_masks,
    path_in_files,
)
from spatialvlm_jax.generation.experts.filter import KEEP_LABELS, REJECT_LABELS, SemanticFilter
from spatialvlm_jax.generation.experts.florence import FlorenceDetector, FlorenceOptions
from spatialvlm_jax.generation.experts.ground import GROUND_LABELS, LabelledGround
from spatialvlm_jax.generation.experts.noise import NoiseConfig
from spatialvlm_jax.generation.experts.present import OPTIONAL, model_files, require_models
from spatialvlm_jax.generation.experts.rendered import rendered_experts
from spatialvlm_jax.generation.experts.segmentation import BoxSegmenter

RENDERED = "rendered"
STAGES = ("filter", "detector", "segmenter", "depth", "ground", "embedder")
StageName = Annotated[str, OneOf(*STAGES)]


@dataclasses.dataclass(frozen=True)
class ExpertsConfig(Settings):
    """Which model does what.

    filter, detector, segmenter, depth, ground, embedder: a directory with a checkpoint, or the hub
      name of one in the local cache; "rendered" for the stand-in that reads a rendered world; none
      leaves out the filter, the ground or the embedder. What kind of model it is stands in the
      checkpoint's config.json. "files:PATH" reads what another model wrote: the detector, segmenter
      and ground from a COCO file, depth from a folder.
    device: a device of torch ("cpu", "cuda", "cuda:1"), or "auto": CUDA where there is any.
    dtype: what weights and activations are kept in. batch_size: images a forward pass.
    batch_sizes: other batch sizes, by stage.
    keep_labels: what photos may show; the label nearest to a photo decides. reject_labels: what
      they may not. filter_margin: lead that the former need over the latter, in probability.
    vocabulary: what Grounding DINO or OWLv2 looks for. threshold: the lowest score of a box (none:
      the model's own).
    proposals: have Florence-2 describe boxes without names, too.
    most_overlap: of two boxes that overlap by more (intersection over union), one goes.
    min_mask_pixels: regions with smaller masks are dropped.
    fov_degrees: the angle that the longer side of every photo spans, for photos whose focal length
      is unknown and depth models that do not estimate it.
    depth_scale_std, depth_noise_std: relative standard errors of depth, common to a photo and of a
      pixel (none: as published for the model).
    captions: beside "files:", a JSON Lines file of captions by annotation_id; "" for none.
    depth_scale: beside "files:", what integer depth is divided by to be metres.
    ground_labels: what the ground is called in the labels of the segmentation model.
    noise: errors of the "rendered" stand-ins. seed: seed of these errors.
    """

    detector: str = "florence-community/Florence-2-large-ft"
    segmenter: str = "facebook/sam2.1-hiera-large"
    depth: str = "apple/DepthPro-hf"
    filter: str | None = "openai/clip-vit-large-patch14"
    ground: str | None = "openmmlab/upernet-convnext-base"
    embedder: str | None = "openai/clip-vit-large-patch14"
    device: str = "auto"
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    batch_size: BatchSize = 8
    batch_sizes: Mapping[StageName, BatchSize] = dataclasses.field(default_factory=dict)
    keep_labels: tuple[str, ...] = KEEP_LABELS
    reject_labels: tuple[str, ...] = REJECT_LABELS
    filter_margin: Annotated[float, Range(-1, 1)] = 0.0
    vocabulary: tuple[str, ...] = ()
    threshold: Share | None = None
    proposals: bool = False
    most_overlap: Share = 0.7
    min_mask_pixels: Annotated[int, Range(0, 100_000_000)] = 1
    fov_degrees: Annotated[float, Range(0, 180, above=True, below=True)] | None = None
    depth_scale_std: RelativeStd | None = None
    depth_noise_std: RelativeStd | None = None
    captions: str = ""
    depth_scale: Annotated[float, Range(0, 1e9, above=True)] = 1000.0
    ground_labels: tuple[str, ...] = GROUND_LABELS
    noise: NoiseConfig = dataclasses.field(default_factory=NoiseConfig)
    seed: Seed = 0

    def __post_init__(self) -> None:
        """Raises SettingError."""
        super().__post_init__()
        for stage in STAGES:
            name = getattr(self, stage)
            if name is not None and name.strip().lower() in ("", "none"):
                out = "say None" if stage in OPTIONAL else "it cannot be left out"
                wanted = "a folder, a name on the model hub, or files:PATH"
                raise SettingError(stage, f"{name!r} names no model; give {wanted} ({out})")

    def runtime(self, stage: str) -> Runtime:
        """Where and how the model of this stage runs."""
        return Runtime(self.device, self.dtype, self.batch_sizes.get(stage, self.batch_size))


def rendered_config(noise: NoiseConfig = NoiseConfig(), seed: int = 0) -> ExpertsConfig:  # noqa: B008
    """Stand-ins throughout: they read the rendered world, with these errors."""
    stages: dict[str, Any] = dict.fromkeys(STAGES, RENDERED)
    return ExpertsConfig(**stages, noise=noise, seed=seed)


def build_experts(config: ExpertsConfig) -> Experts:
    """Loads every model that the configuration names.

    Raises:
      ExpertError: checkpoints are not on this machine, of a family that their stage has no use
        for, or lack weights; an option does not fit them.
    """
    check_models(config)
    return Experts(**{stage: build_expert(config, stage) for stage in STAGES})


def check_models(config: ExpertsConfig) -> None:
    """Looks, before anything is made, whether every model is on this machine; none is loaded.

    Raises:
      ExpertError: names every stage whose model cannot be used, with the remedy.
    """
    require_models(model_names(config), FAMILIES)


def model_names(config: ExpertsConfig) -> dict[str, str]:
    """The folder or hub name of the model of each stage that has one."""
    names = {stage: getattr(config, stage) for stage in STAGES}
    return {
        stage: name
        for stage, name in names.items()
        if name not in (None, RENDERED) and path_in_files(name) is None
    }


def build_expert(config: ExpertsConfig, stage: str) -> Any:
    """The expert of one stage, or None where it is left out.

    Raises:
      ExpertError: as `build_experts`.
    """
    name = getattr(config, stage)
    if name is None:
        return None
    if name == RENDERED:
        return getattr(rendered_experts(config.noise, config.seed), stage)
    path = path_in_files(name)
    if path is not None:
        return _read_by_file(path, config, stage)
    checkpoint = find_expert_checkpoint(name)
    builder = choose_for_family(checkpoint, stage, FAMILIES)
    return builder(checkpoint, config.runtime(stage), config)


def check_files(config: ExpertsConfig, names: Sequence[str]) -> None:
    """Checks, before anything is made, the files that are read in the place of models.

    Args:
      names: ids of the photos.

    Raises:
      UserError: one cannot be read, or none of the photos is in it.
    """
    boxes = path_in_files(config.detector)
    if config.captions and boxes is None:
        raise UserError("captions are of the annotations in --boxes=FILE.json, which is not given")
    for path in dict.fromkeys((boxes, path_in_files(config.ground))):
        if path is not None:
            check_photo_names(path, names)
    if depth_folder(config) is not None:
        check_stems(names)
    for stage in STAGES:
        path = path_in_files(getattr(config, stage))
        if path is not None:
            _read_by_file(path, config, stage)


def depth_folder(config: ExpertsConfig) -> Path | None:
    """The folder that depth is read from, or None where a model estimates it."""
    return path_in_files(config.depth)


def files_read(config: ExpertsConfig, image_id: str) -> list[Path]:
    """The files that decide what is told of a photo: those in the place of models, and models'.

    A model in the hub's cache is named by its contents there, and is none of them.
    """
    roles = (config.detector, config.ground)
    found = [path for role in roles if (path := path_in_files(role)) is not None]
    if config.captions:
        found.append(Path(config.captions))
    folder = depth_folder(config)
    if folder is not None:
        found += depth_files(folder, image_id)
    for name in model_names(config).values():
        found += model_files(Path(name))
    return list(dict.fromkeys(found))


def _read_by_file(path: Path, config: ExpertsConfig, stage: str) -> Any:
    if stage == "detector":
        captions = Path(config.captions) if config.captions else None
        return FileDetector(path, captions, config.threshold, config.ground_labels)
    if stage == "segmenter":
        return keep_masks
    if stage == "ground":
        return FileGround(path, config.ground_labels)
    if stage == "depth":
        # Of an unknown model nothing is published; ZoeDepth's errors stand in.
        error = _depth_error(depth.ERRORS["zoedepth"], config)
        return FileDepth(path, config.depth_scale, error, config.fov_degrees)
    raise ExpertError(f"{stage}: no files are read in its place; name a model, or none")


Builder = Callable[[Checkpoint, Runtime, ExpertsConfig], Any]


def _filter(checkpoint: Checkpoint, runtime: Runtime, config: ExpertsConfig) -> SemanticFilter:
    model = ImageTextModel(checkpoint, runtime)
    return SemanticFilter(model, config.keep_labels, config.reject_labels, config.filter_margin)


def _embedder(checkpoint: Checkpoint, runtime: Runtime, config: ExpertsConfig) -> TextEmbedding:
    del config
    return TextEmbedding(ImageTextModel(checkpoint, runtime))


def _florence(checkpoint: Checkpoint, runtime: Runtime, config: ExpertsConfig) -> FlorenceDetector:
    options = FlorenceOptions(config.proposals, config.most_overlap)
    return FlorenceDetector(checkpoint, runtime, options)


def _vocabulary(
    checkpoint: Checkpoint, runtime: Runtime, config: ExpertsConfig
) -> VocabularyDetector:
    return VocabularyDetector(
        checkpoint, runtime, config.vocabulary, config.threshold, config.most_overlap
    )


def _segmenter(checkpoint: Checkpoint, runtime: Runtime, config: ExpertsConfig) -> BoxSegmenter:
    return BoxSegmenter(checkpoint, runtime, config.min_mask_pixels)


def _depth(checkpoint: Checkpoint, runtime: Runtime, config: ExpertsConfig) -> MetricDepthModel:
    error = _depth_error(depth.ERRORS[checkpoint.family], config)
    return MetricDepthModel(checkpoint, runtime, config.fov_degrees, error)


def _depth_error(error: DepthError, config: ExpertsConfig) -> DepthError:
    """The error as published, where the configuration states no other."""
    if config.depth_scale_std is not None:
        error = dataclasses.replace(error, scale_std=config.depth_scale_std)
    if config.depth_noise_std is not None:
        error = dataclasses.replace(error, noise_std=config.depth_noise_std)
    return error


def _ground(checkpoint: Checkpoint, runtime: Runtime, config: ExpertsConfig) -> LabelledGround:
    return LabelledGround(checkpoint, runtime, config.ground_labels)


# What builds the expert of a stage from a checkpoint, by the family that config.json names.
FAMILIES: Mapping[str, Mapping[str, Builder]] = {
    "filter": dict.fromkeys(embedding.CLASSES, _filter),
    "detector": {
        **dict.fromkeys(florence.CLASSES, _florence),
        **dict.fromkeys(detection.CLASSES, _vocabulary),
    },
    "segmenter": dict.fromkeys(segmentation.CLASSES, _segmenter),
    "depth": dict.fromkeys(depth.CLASSES, _depth),
    "ground": dict.fromkeys(ground.CLASSES, _ground),
    "embedder": dict.fromkeys(embedding.CLASSES, _embedder),
}
