"""Pretrained weights of a model: which tensors of which files are which of its parameters."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import jax

from spatialvlm_jax import progress
from spatialvlm_jax.experiment import Experiment, ModelConfig, TrainConfig
from spatialvlm_jax.models.adapters import is_adapter
from spatialvlm_jax.models.checkpoint_file import shipped
from spatialvlm_jax.models.low_bit import LowBit
from spatialvlm_jax.models.quantize import BLOCKS, SCALE, is_scale, plain_shape
from spatialvlm_jax.weights import big_vision, huggingface
from spatialvlm_jax.weights.checkpoint_folders import find_step
from spatialvlm_jax.weights.files import TensorFiles, open_weights
from spatialvlm_jax.weights.folder_sizes import describe_other_sizes
from spatialvlm_jax.weights.pieces import Piece, WeightsError
from spatialvlm_jax.weights.read import read_parameter, read_rounded
from spatialvlm_jax.weights.settings import ATTENTION, TOKENIZER, check_settings

Part = Literal["model", "encoder", "decoder"]
CAMERA_MAPS, POSITIONS = "camera/", "encoder/positions"
OPTIONAL = ("dense_head", CAMERA_MAPS)  # what a file may lack, or have too much
_UNUSED = {"huggingface": huggingface.UNUSED, "ours": OPTIONAL, "big_vision": big_vision.UNUSED}


@dataclasses.dataclass
class Manifest:
    """What became of every parameter and every published tensor.

    loaded: parameter -> where from. adapted: parameter -> what had to be changed.
    initialised: parameters that no file gave. ignored: published tensors not used.
    """

    loaded: dict[str, str] = dataclasses.field(default_factory=dict)
    adapted: dict[str, str] = dataclasses.field(default_factory=dict)
    initialised: list[str] = dataclasses.field(default_factory=list)
    ignored: list[str] = dataclasses.field(default_factory=list)

    def summary(self) -> str:
        """One line for people."""
        line = (
            f"{len(self.loaded)} parameters loaded ({len(self.adapted)} adapted), "
            f"{len(self.initialised)} initialised, {len(self.ignored)} published tensors ignored"
        )
        if any(name.startswith(CAMERA_MAPS) for name in self.initialised):
            line += "; what is told of the camera begins at zero"
        if any(name.startswith(CAMERA_MAPS) for name in self.ignored):
            line += "; what they were told of the camera is left out (data.camera is not 'rays')"
        return line


def load_weights(
    sources: Mapping[Part, Path],
    config: ModelConfig,
    parameters: Mapping[str, jax.ShapeDtypeStruct],
    *,
    begins: bool = False,
) -> tuple[dict[str, jax.Array], Manifest]:
    """Reads parameters from one or more places.

    Args:
      sources: "model" for all, or "encoder" and "decoder" from different places; later ones win.
      config: of the model.
      parameters: shape, dtype and sharding of every parameter of the model.
      begins: whether they are trained on: positions of ours may then be those of another grid of
        patches, as those of published files always may.

    Returns:
      The parameters that were found, and what became of everything.

    Raises:
      WeightsError: a tensor is missing, unexpected or misshapen, and its name.
    """
    manifest = Manifest()
    arrays: dict[str, jax.Array] = {}
    for part, path in sources.items():
        try:
            files = open_weights(path)
            pieces = _pieces(files, config, part, parameters, begins)
            loaded = _load_part(files, pieces, part, parameters, manifest)
        except WeightsError as error:
            raise WeightsError(f"{error}{describe_other_sizes(path, config)}") from None
        arrays |= loaded
        manifest.loaded |= dict.fromkeys(loaded, str(path))
    manifest.initialised = sorted(parameters.keys() - arrays.keys())
    return arrays, manifest


def _load_part(
    files: TensorFiles,
    pieces: Sequence[Piece],
    part: Part,
    parameters: Mapping[str, jax.ShapeDtypeStruct],
    manifest: Manifest,
) -> dict[str, jax.Array]:
    """The parameters that one place gives."""
    _check_names(files, pieces, part, manifest)
    arrays: dict[str, jax.Array] = {}
    for piece in progress.bar(
        pieces,
        desc=f"loading {files.where.name}",
        unit="parameter",
        delay=progress.SECONDS_OF_SILENCE,
    ):
        arrays |= _load(piece, files, parameters, manifest)
    return arrays


def _load(
    piece: Piece,
    files: TensorFiles,
    parameters: Mapping[str, jax.ShapeDtypeStruct],
    manifest: Manifest,
) -> dict[str, jax.Array]:
    """One parameter; with its scales if it is kept in few bits and the files are not."""
    name = piece.ours
    if name + SCALE not in parameters or name + SCALE in files.names():
        return {name: read_parameter(piece, files, parameters[name], manifest.adapted)}
    parts = [part for part in (name, name + SCALE, name + BLOCKS) if part in parameters]
    want = LowBit(*(parameters[part] for part in parts))
    return dict(zip(parts, read_rounded(piece, files, want, manifest.adapted), strict=False))


def _pieces(
    files: TensorFiles,
    config: ModelConfig,
    part: Part,
    parameters: Mapping[str, jax.ShapeDtypeStruct],
    begins: bool,
) -> list[Piece]:
    """The pieces of a part of the model in the files' format."""
    names = set(files.names())
    if files.kind == "ours":
        return [
            Piece(
                name,
                x.shape if name + SCALE in names else plain_shape(name, x),
                (name,),
                rows="positions" if begins and name == POSITIONS else "",
            )
            for name, x in parameters.items()
            if part in ("model", name.split("/")[0])
            and (name in names or not (name.startswith(OPTIONAL) or _is_ours_alone(name)))
        ]
    pieces_of = huggingface.tower_pieces if files.kind == "huggingface" else big_vision.tower_pieces
    towers = ("encoder", "connector", "decoder") if part == "model" else (part,)
    return [piece for tower in towers for piece in pieces_of(tower, config, names)]


def _is_ours_alone(name: str) -> bool:
    """Whether a model may have a parameter that weights for it lack."""
    return is_adapter(name) or is_scale(name)


def _check_names(
    files: TensorFiles, pieces: Sequence[Piece], part: Part, manifest: Manifest
) -> None:
    """Refuses missing tensors, and unexpected ones in a file that is of the whole model."""
    there = set(files.names())
    wanted = {name for piece in pieces for name in piece.tensors}
    missing = sorted(wanted - there)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise WeightsError(f"{files.where} lacks {missing[0]}{more}")
    surplus = sorted(there - wanted)
    manifest.ignored += surplus
    strange = [name for name in surplus if not name.startswith(_UNUSED[files.kind])]
    if part == "model" and strange:
        more = f" and {len(strange) - 1} more" if len(strange) > 1 else ""
        remedy = "; `spatialvlm export` merges it" if _is_ours_alone(strange[0]) else ""
        raise WeightsError(f"{files.where} has an unexpected {strange[0]}{more}{remedy}")


def sources_of(train: TrainConfig) -> dict[Part, Path]:
    """The places that a configuration names, shipped checkpoints and steps of runs by their path.

    Raises:
      UserError: `init_from` is neither a path that there is nor a shipped checkpoint, a run has no
        checkpoint of a step, or one of them is an address.
    """
    named: dict[Part, str] = {
        "model": train.init_from,
        "encoder": train.init_encoder_from,
        "decoder": train.init_decoder_from,
    }
    return {part: _place(part, text) for part, text in named.items() if text}


def _place(part: Part, text: str) -> Path:
    if "://" in text:
        raise WeightsError(f"{text}: weights are read from local files only; copy it here")
    checkpoint, path = find_step(text), Path(text)
    if checkpoint is not None:
        return checkpoint
    is_name = part == "model" and "/" not in text and "." not in text
    return shipped(text) if is_name and not path.exists() else path


def check_beginning(experiment: Experiment, contents: Mapping[str, str]) -> None:
    """Refuses weights of a decoder that learned another attention rule or another tokenizer.

    Args:
      contents: digests of what the run reads, by name.

    Raises:
      UserError: they were, and `checkpoint.accept` does not name it.
    """
    for part, path in sources_of(experiment.train).items():
        if part != "encoder":
            tokenizer = {name: contents[name] for name in (TOKENIZER,) if name in contents}
            remedy = "train on with what the weights were trained with"
            check_settings(path, experiment, (ATTENTION,), remedy=remedy, contents=tokenizer)
