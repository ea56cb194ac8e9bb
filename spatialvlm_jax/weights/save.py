"""Our weights as others read them: a Hugging Face PaliGemma folder, or big_vision's `.npz`."""

import json
import os
import types
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.lib import format as npy
from safetensors.numpy import save_file

from spatialvlm_jax.atomic_write import whole_file, write_json
from spatialvlm_jax.experiment import DecoderConfig, ModelConfig
from spatialvlm_jax.weights import big_vision, huggingface
from spatialvlm_jax.weights.pieces import Piece, check_complete
from spatialvlm_jax.weights.processor_files import generation_config, preprocessor_config
from spatialvlm_jax.weights.safetensor_files import INDEX
from spatialvlm_jax.weights.settings import RESIZE

# Hugging Face's tables end on a multiple of this after the image token, the first row of no word.
_VOCABULARY_PADDING = 64
_SHARD_BYTES = 5 * 10**9


def save_huggingface(
    folder: Path,
    parameters: Mapping[str, Any],
    config: ModelConfig,
    *,
    dtype: str = "float32",
    shard_bytes: int = _SHARD_BYTES,
    settings: Mapping[str, str] = types.MappingProxyType({}),
    answer_tokens: int = 24,
) -> None:
    """Writes a folder that `PaliGemmaForConditionalGeneration.from_pretrained` loads.

    Args:
      folder: made if missing.
      parameters: all parameters by name, without a dense head.
      config: of the model.
      dtype: how values are stored.
      shard_bytes: a file is closed before it would grow beyond this.
      settings: that the weights were trained under (`weights.settings`); they are written into
        `config.json` as "spatialvlm" and into each shard's header.
      answer_tokens: the longest answer, unless whoever asks says otherwise.

    Raises:
      WeightsError: the model is no PaliGemma (another stem, a dense head).
    """
    pieces = huggingface_pieces(parameters, config)
    folder.mkdir(parents=True, exist_ok=True)
    shards: list[dict[str, np.ndarray]] = [{}]
    names: dict[str, int] = {}
    size = total = 0
    for name, tensor in _published(pieces, parameters, dtype):
        if size + tensor.nbytes > shard_bytes and shards[-1]:
            _write_shard(folder, len(shards), shards[-1], settings)
            shards[-1] = {}
            shards.append({})
            size = 0
        shards[-1][name] = tensor
        names[name] = len(shards)
        size, total = size + tensor.nbytes, total + tensor.nbytes
    _write_shard(folder, len(shards), shards[-1], settings)
    _name_shards(folder, names, len(shards), total)
    described = {**huggingface_config(config, dtype), "spatialvlm": dict(settings)}
    write_json(folder / "config.json", described)
    preprocessor = preprocessor_config(config.encoder, settings.get(RESIZE, "squash"))
    write_json(folder / "preprocessor_config.json", preprocessor)
    rows = range(config.decoder.vocab_size, _rows(config.decoder.vocab_size))
    write_json(folder / "generation_config.json", generation_config(rows, answer_tokens))


def huggingface_pieces(parameters: Mapping[str, Any], config: ModelConfig) -> list[Piece]:
    """Where each parameter goes in a Hugging Face folder.

    Raises:
      WeightsError: the model is no PaliGemma.
    """
    pieces = huggingface.model_pieces(config)
    check_complete(pieces, {name: tuple(x.shape) for name, x in parameters.items()})
    return pieces


def _published(
    pieces: list[Piece], parameters: Mapping[str, Any], dtype: str
) -> Iterator[tuple[str, np.ndarray]]:
    """Tensors one at a time, as they are named and shaped there."""
    for piece in pieces:
        array = parameters[piece.ours]
        layers = array if piece.stacked else [array]
        for name, layer in zip(piece.tensors, layers, strict=True):
            tensor = piece.to_published(np.asarray(layer).astype(jnp.dtype(dtype)))
            if piece.rows == "vocabulary":
                rows = np.zeros((_rows(len(tensor)) - len(tensor), *tensor.shape[1:]), tensor.dtype)
                tensor = np.concatenate([tensor, rows])
            yield name, np.ascontiguousarray(tensor)


def _rows(words: int) -> int:
    """Rows of Hugging Face's table: the words, the image token, padding."""
    return words + -(words + 1) % _VOCABULARY_PADDING + 1


def _write_shard(
    folder: Path, number: int, tensors: dict[str, np.ndarray], settings: Mapping[str, str]
) -> None:
    with whole_file(folder / f"shard-{number}.partial", single_writer=True) as temporary:
        save_file(tensors, temporary, {"format": "pt", **settings})


def _name_shards(folder: Path, names: Mapping[str, int], count: int, total: int) -> None:
    """Gives the shards the names that tell how many there are, and writes their index."""
    for stale in (*folder.glob("model*.safetensors"), folder / INDEX):
        stale.unlink(missing_ok=True)
    if count == 1:
        os.replace(folder / "shard-1.partial", folder / "model.safetensors")
        return
    files = [f"model-{i:05d}-of-{count:05d}.safetensors" for i in range(1, count + 1)]
    for number, file in enumerate(files, 1):
        os.replace(folder / f"shard-{number}.partial", folder / file)
    weight_map = {name: files[number - 1] for name, number in names.items()}
    write_json(folder / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})


def huggingface_config(config: ModelConfig, dtype: str = "float32") -> dict[str, Any]:
    """The `config.json` of a PaliGemma folder."""
    encoder, decoder = config.encoder, config.decoder
    tokens = (encoder.image_size // encoder.patch_size) ** 2
    return {
        "architectures": ["PaliGemmaForConditionalGeneration"],
        "model_type": "paligemma",
        "dtype": dtype,
        "image_token_index": decoder.vocab_size,
        "projection_dim": decoder.width,
        "hidden_size": decoder.width,
        "vocab_size": decoder.vocab_size,
        "pad_token_id": 0,
        "eos_token_id": 1,
        "bos_token_id": 2,
        "tie_word_embeddings": True,
        "vision_config": {
            "model_type": "siglip_vision_model",
            "hidden_size": encoder.width,
            "intermediate_size": encoder.mlp_width,
            "num_hidden_layers": encoder.depth,
            "num_attention_heads": encoder.heads,
            "num_image_tokens": tokens,
            "image_size": encoder.image_size,
            "patch_size": encoder.patch_size,
            "projection_dim": decoder.width,
            "vision_use_head": False,
        },
        "text_config": {
            **_text_config(decoder),
            "vocab_size": _rows(decoder.vocab_size),
            "num_image_tokens": tokens,
        },
    }


def _text_config(config: DecoderConfig) -> dict[str, Any]:
    text: dict[str, Any] = {
        "model_type": "gemma2" if config.post_norms else "gemma",
        "hidden_size": config.width,
        "intermediate_size": config.mlp_width,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "head_dim": config.head_size,
        "hidden_activation": "gelu_pytorch_tanh",
        "hidden_act": "gelu_pytorch_tanh",
        "rope_theta": config.rope_base,
        "tie_word_embeddings": True,
        "use_bidirectional_attention": True,
    }
    if config.post_norms:
        # The field is the number whose inverse square root scales the queries.
        text |= {
            "query_pre_attn_scalar": round((config.query_scale or config.head_size**-0.5) ** -2),
            "attn_logit_softcapping": config.attention_softcap or None,
            "final_logit_softcapping": config.final_softcap or None,
            "sliding_window": config.sliding_window or 2**20,
        }
    return text


def save_big_vision(
    path: Path,
    parameters: Mapping[str, Any],
    config: ModelConfig,
    *,
    settings: Mapping[str, str] = types.MappingProxyType({}),
) -> None:
    """Writes big_vision's `.npz` in float32, tensor by tensor.

    Args:
      path, parameters, config: as `save_huggingface` takes them.
      settings: likewise; they become the archive's comment, which other readers pass over.

    Raises:
      WeightsError: the model is no PaliGemma.
    """
    pieces = big_vision.model_pieces(config)
    check_complete(pieces, {name: tuple(x.shape) for name, x in parameters.items()})
    by_tensor: dict[str, list[Piece]] = {}
    for piece in pieces:
        by_tensor.setdefault(piece.tensors[0], []).append(piece)
    with (
        whole_file(path, single_writer=True) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED, allowZip64=True) as archive,
    ):
        for name, sharing in by_tensor.items():
            parts = [
                piece.to_published(np.asarray(parameters[piece.ours], np.float32))
                for piece in sharing
            ]
            pick = sharing[0].pick
            tensor = parts[0] if pick is None else np.stack(parts, axis=pick[0])
            with archive.open(f"params/{name}.npy", "w", force_zip64=True) as file:
                npy.write_array(file, np.ascontiguousarray(tensor), allow_pickle=False)
        if settings:
            archive.comment = json.dumps(dict(settings)).encode()
