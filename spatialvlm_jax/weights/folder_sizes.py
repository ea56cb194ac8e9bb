"""Which published model a Hugging Face folder says it is, for messages about sizes that differ."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.experiment import DecoderConfig, ModelConfig
from spatialvlm_jax.models.variants import DECODERS, PALIGEMMAS
from spatialvlm_jax.weights.paths import read_json
from spatialvlm_jax.weights.pieces import WeightsError

_FIELDS = {
    "hidden_size": "width",
    "num_hidden_layers": "depth",
    "intermediate_size": "mlp_width",
    "num_attention_heads": "heads",
    "num_key_value_heads": "kv_heads",
}


def describe_other_sizes(path: Path, config: ModelConfig) -> str:
    """What to add to a refusal: the decoder's sizes there, and the variant that has them.

    "" where `path` is no folder with a `config.json` of a PaliGemma, or its sizes are the model's.
    """
    file = path / "config.json"
    try:
        text = read_json(file, "a configuration").get("text_config") if file.is_file() else None
    except (OSError, WeightsError):
        return ""
    if not isinstance(text, Mapping):
        return ""
    stated = {ours: text[theirs] for theirs, ours in _FIELDS.items() if theirs in text}
    if not stated or _has(config.decoder, stated):
        return ""
    names = [name for name, size in PALIGEMMAS.items() if _has(DECODERS[size], stated)]
    if names:
        return f"; {file} is of {names[0]}: --config=configs/paligemma.py:variant={names[0]}"
    sizes = ", ".join(f"{name} {str(value)[:20]}" for name, value in stated.items())
    return f"; {file} says of the decoder: {sizes}"


def _has(decoder: DecoderConfig, stated: Mapping[str, Any]) -> bool:
    return all(getattr(decoder, name) == value for name, value in stated.items())
