"""Published models that can be experts: what each is, how large, and under which licence.

The one table of them: `spatialvlm experts` prints it, and docs/experts.md holds it.
"""

import dataclasses

_GIGA = 1e9


@dataclasses.dataclass(frozen=True)
class PublishedModel:
    """A checkpoint that has been published.

    roles: the stages that it can serve. checkpoint: its name on the model hub.
    parameters: millions. stored_bytes: for each of them in the published file: 4 for float32, 2
      for float16. licence: of the weights. source: where size and licence are from.
    """

    roles: tuple[str, ...]
    checkpoint: str
    parameters: float
    licence: str
    source: str
    stored_bytes: int = 4

    def gigabytes(self, bytes_each: int) -> float:
        """Of the weights, 10^9 bytes, at so many bytes a parameter: 4 in float32, 2 in float16."""
        return self.parameters * 1e6 * bytes_each / _GIGA


_TEXT_AND_IMAGE = ("filter", "embedder")
_MIT, _APACHE = "MIT", "Apache 2.0"
_NOT_COMMERCIAL, _RESEARCH = "CC BY-NC 4.0, not commercial", "Apple's own, research only"
_NVIDIA = "NVIDIA's own, not commercial"
_CARD, _FILE = "model card", "its file, model card"
_CLIP = "its file, licence of CLIP"
_COUNTED = "its configuration, model card"
_SAM2, _SAM = "README of SAM 2", "its file, README of Segment Anything"
_SAM_COUNTED = "its configuration, README of Segment Anything"
_DEPTH_ANYTHING = "README of Depth Anything V2"
_SEGFORMER = "its configuration, licence of SegFormer"
_INDOOR = "depth-anything/Depth-Anything-V2-Metric-Indoor-"

# The first of a role is its default. "its file": the size that the model hub lists; "its
# configuration": the parameters of the model that transformers makes from it.
PUBLISHED = (
    PublishedModel(_TEXT_AND_IMAGE, "openai/clip-vit-large-patch14", 428, _MIT, _CLIP),
    PublishedModel(_TEXT_AND_IMAGE, "google/siglip-base-patch16-224", 203, _APACHE, _COUNTED),
    PublishedModel(_TEXT_AND_IMAGE, "google/siglip-so400m-patch14-384", 878, _APACHE, _FILE),
    PublishedModel(("detector",), "florence-community/Florence-2-large-ft", 770, _MIT, _CARD, 2),
    PublishedModel(("detector",), "florence-community/Florence-2-base-ft", 230, _MIT, _CARD, 2),
    PublishedModel(("detector",), "IDEA-Research/grounding-dino-tiny", 172, _APACHE, _FILE),
    PublishedModel(("detector",), "IDEA-Research/grounding-dino-base", 232, _APACHE, _CARD),
    PublishedModel(("detector",), "google/owlv2-base-patch16-ensemble", 155, _APACHE, _COUNTED),
    PublishedModel(("segmenter",), "facebook/sam2.1-hiera-large", 224, _APACHE, _SAM2),
    PublishedModel(("segmenter",), "facebook/sam2.1-hiera-tiny", 39, _APACHE, _SAM2),
    PublishedModel(("segmenter",), "facebook/sam-vit-base", 94, _APACHE, _SAM),
    PublishedModel(("segmenter",), "facebook/sam-vit-huge", 641, _APACHE, _SAM_COUNTED),
    PublishedModel(("depth",), "apple/DepthPro-hf", 952, _RESEARCH, _FILE, 2),
    PublishedModel(("depth",), "Intel/zoedepth-nyu-kitti", 345, _MIT, _FILE),
    PublishedModel(("depth",), f"{_INDOOR}Small-hf", 25, _APACHE, _DEPTH_ANYTHING),
    PublishedModel(("depth",), f"{_INDOOR}Base-hf", 98, _NOT_COMMERCIAL, _DEPTH_ANYTHING),
    PublishedModel(("depth",), f"{_INDOOR}Large-hf", 335, _NOT_COMMERCIAL, _DEPTH_ANYTHING),
    PublishedModel(("ground",), "openmmlab/upernet-convnext-base", 122, _MIT, _FILE),
    PublishedModel(
        ("ground",), "nvidia/segformer-b0-finetuned-ade-512-512", 4, _NVIDIA, _SEGFORMER
    ),
    PublishedModel(
        ("ground",), "nvidia/segformer-b5-finetuned-ade-640-640", 85, _NVIDIA, _SEGFORMER
    ),
)


def published_model(checkpoint: str) -> PublishedModel | None:
    """What is known of a checkpoint, by its name on the model hub."""
    return next((model for model in PUBLISHED if model.checkpoint == checkpoint), None)


def default_model(role: str) -> PublishedModel:
    """The model that a role has by default."""
    return next(model for model in PUBLISHED if role in model.roles)


def published_rows() -> list[tuple[str, ...]]:
    """The table in words: a head, and a row for each model."""
    head = ("role", "model", "licence of the weights", "from", "parameters", "file")
    return [head, *(_row(model) for model in PUBLISHED)]


def _row(model: PublishedModel) -> tuple[str, ...]:
    return (
        ", ".join(model.roles),
        model.checkpoint,
        model.licence,
        model.source,
        f"{model.parameters:.0f} M",
        f"{model.gigabytes(model.stored_bytes):.2f} GB",
    )
