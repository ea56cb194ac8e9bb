"""Checkpoints on disk: found, recognised, loaded; no download, and no code that comes with them."""

import dataclasses
import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from spatialvlm_jax.bounds import BatchSize, Settings
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import read_document, read_object

MISSING_EXTRA = "experts need torch and transformers: run `make setup-experts`"


class ExpertError(UserError):
    """An expert that cannot be built; the message names the checkpoint and the remedy."""


class MissingModelError(ExpertError):
    """A model that is not on this machine; `present.require_models` knows the remedy."""


@dataclasses.dataclass(frozen=True)
class Runtime(Settings):
    """Where and how models run.

    device: a torch device ("cpu", "cuda", "cuda:1"), or "auto": CUDA where there is any.
    dtype: what weights and activations are kept in. batch_size: images a forward pass.
    """

    device: str = "auto"
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    batch_size: BatchSize = 8

    def torch_device(self) -> str:
        """The device's name.

        Raises:
          ExpertError: CUDA was asked for and there is none.
        """
        torch = import_extra("torch")
        if self.device == "auto":
            return "cuda" if torch.cuda.is_available() else "cpu"
        if self.device.startswith("cuda") and not torch.cuda.is_available():
            raise ExpertError(f"device is {self.device!r}, but torch sees no GPU; give 'cpu'")
        return self.device


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A directory with config.json and weights. config: the contents of config.json."""

    name: str
    folder: Path
    config: Mapping[str, Any]

    @property
    def family(self) -> str:
        """What kind of model it is: `model_type` of its configuration."""
        return str(self.config["model_type"])

    def preprocessing(self) -> Mapping[str, Any]:
        """How images are prepared for it: preprocessor_config.json, or processor_config.json."""
        own, shared = (
            self.folder / name for name in ("preprocessor_config.json", "processor_config.json")
        )
        if own.is_file():
            return read_object(own, "settings of a preprocessor")
        if shared.is_file():
            settings = read_object(shared, "settings of a processor").get("image_processor")
            if isinstance(settings, dict) and settings:
                return settings
        raise ExpertError(f"{self.name}: no preprocessor_config.json; download it again, whole")


def import_extra(name: str) -> Any:
    """A package of the `experts` extra.

    Raises:
      ExpertError: it is not installed.
    """
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ExpertError(MISSING_EXTRA) from None


def find_expert_checkpoint(name: str) -> Checkpoint:
    """The checkpoint in a local directory, or in the local cache under its hub name.

    Raises:
      MissingModelError: it is not on this machine.
      ExpertError: it is no transformers checkpoint.
    """
    folder = Path(name) if Path(name).is_dir() else _cached(name)
    path = folder / "config.json"
    try:
        config = read_document(path)
    except FileError as error:
        raise ExpertError(f"{name}: {error}; download it again") from None
    if not isinstance(config, dict) or "model_type" not in config:
        raise ExpertError(f"{name}: its config.json names no model_type; give another checkpoint")
    checkpoint = Checkpoint(name, folder, config)
    if not weight_files(checkpoint):
        raise ExpertError(
            f"{name}: no *.safetensors in {folder}; other weight files can run code and are not"
            " read: give a checkpoint with safetensors"
        )
    return checkpoint


def weight_files(checkpoint: Checkpoint) -> list[Path]:
    """The files of its weights."""
    return sorted(checkpoint.folder.glob("*.safetensors"))


def _cached(name: str) -> Path:
    missing = MissingModelError(f"{name!r} is neither a folder nor in the hub's local cache")
    try:
        hub = import_extra("huggingface_hub")
    except ExpertError:
        raise missing from None
    try:
        return Path(hub.snapshot_download(name, local_files_only=True))
    except Exception:
        raise missing from None


def choose_for_family(
    checkpoint: Checkpoint, stage: str, families: Mapping[str, Mapping[str, Any]]
) -> Any:
    """What `families[stage]` holds for the checkpoint's family.

    Raises:
      ExpertError: the family does not belong to this stage.
    """
    known = families[stage]
    if checkpoint.family in known:
        return known[checkpoint.family]
    other = [name for name, names in families.items() if checkpoint.family in names]
    near = difflib.get_close_matches(checkpoint.family, known, n=1)
    hint = f"; it belongs to {other[0]!r}" if other else f"; nearest: {near[0]!r}" if near else ""
    raise ExpertError(
        f"{stage}: {checkpoint.name} is of the family {checkpoint.family!r}{hint}; known here:"
        f" {', '.join(sorted(known))}"
    )


def load_model(checkpoint: Checkpoint, class_name: str, runtime: Runtime) -> Any:
    """The model, in evaluation mode, on its device.

    Args:
      class_name: a model class of transformers.

    Raises:
      ExpertError: weights are damaged, missing, or have other shapes than the configuration says.
    """
    torch, transformers = import_extra("torch"), import_extra("transformers")
    try:
        model, report = getattr(transformers, class_name).from_pretrained(
            checkpoint.folder,
            dtype=getattr(torch, runtime.dtype),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # they are reported below, with what is missing
            output_loading_info=True,
        )
    except Exception as error:
        raise ExpertError(
            f"{checkpoint.name}: cannot be loaded as {class_name} ({type(error).__name__}:"
            f" {str(error).partition(chr(10))[0]}); download it again, whole"
        ) from error
    lost = [*report["missing_keys"], *report["mismatched_keys"]]
    if lost:
        raise ExpertError(
            f"{checkpoint.name}: {len(lost)} weights are missing or have other shapes (the first:"
            f" {min(map(str, lost))}); give a whole checkpoint made for transformers 5"
        )
    return model.eval().requires_grad_(False).to(runtime.torch_device())


def load_processor(checkpoint: Checkpoint, class_name: str) -> Any:
    """A processor or tokenizer of transformers; images go through PIL, not torchvision."""
    options = {} if class_name == "AutoTokenizer" else {"backend": "pil"}
    return getattr(import_extra("transformers"), class_name).from_pretrained(
        checkpoint.folder, local_files_only=True, trust_remote_code=False, **options
    )


def same_shape_batches(
    arrays: Sequence[np.ndarray], batch_size: int
) -> Iterator[tuple[list[int], np.ndarray]]:
    """Batches of equal shapes, without padding: what is beside an image never changes its answer.

    Returns:
      Indices into `arrays` and the arrays stacked, by first appearance of the shape.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, array in enumerate(arrays):
        groups.setdefault(array.shape, []).append(index)
    for members in groups.values():
        for start in range(0, len(members), batch_size):
            indices = members[start : start + batch_size]
            yield indices, np.stack([arrays[i] for i in indices])
