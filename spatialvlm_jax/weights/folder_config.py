"""The model that a Hugging Face PaliGemma folder holds, and how it is asked, by its config.json."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.experiment import (
    DataConfig,
    DecoderConfig,
    EncoderConfig,
    Experiment,
    ModelConfig,
)
from spatialvlm_jax.models.variants import DECODERS, PALIGEMMAS, is_scanned
from spatialvlm_jax.weights.files import open_weights
from spatialvlm_jax.weights.paths import check_inside, read_json
from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.settings import (
    ATTENTION,
    CAMERA,
    FOCAL,
    PREFIX,
    RESIZE,
    recorded_settings,
)

CONFIG, TOKENIZER_FILE = "config.json", "tokenizer.model"
_PUBLISHED_PREFIX = "answer en {question}"
# Siglip's and Gemma's own defaults, which published files leave out.
_DEFAULTS = {"image_size": 224, "head_dim": 256, "rope_theta": 10_000.0}


def is_paligemma_folder(path: Path) -> bool:
    """Whether a folder has the settings of a PaliGemma, and is no run's workdir.

    Raises:
      WeightsError: its config.json cannot be read.
    """
    file = path / CONFIG
    return file.is_file() and "vision_config" in read_json(file, "a configuration")


def read_folder(path: Path) -> Experiment:
    """What a run would have to be to answer as the folder's model does.

    What `spatialvlm export` writes says how questions are put and pictures resized; published
    weights are asked "answer en {question}" about squashed pictures.

    Raises:
      WeightsError: it does not say what model it is of, or lacks its tokenizer.
    """
    tokenizer = path / TOKENIZER_FILE
    if not tokenizer.is_file():
        raise WeightsError(f"{tokenizer} is not there: copy the SentencePiece model beside them")
    check_inside(tokenizer, path)
    stated = read_json(path / CONFIG, "a configuration")
    own = recorded_settings(open_weights(path).metadata)
    try:
        model = _model(stated)
        camera = own.get(CAMERA, "none")
        data: dict[str, Any] = {
            "resize": own.get(RESIZE, "squash"),
            "prefix_template": own.get(PREFIX, _PUBLISHED_PREFIX),
            # A folder has no place for what reads rays.
            "camera": "none" if camera == "rays" else camera,
            "camera_focal": float(own.get(FOCAL, DataConfig.camera_focal)),
        }
        attention: Any = own.get(ATTENTION, "prefix")
        return Experiment(
            name=path.resolve().name or "paligemma",
            model=dataclasses.replace(model, attention=attention),
            data=DataConfig(tokenizer=str(tokenizer), **data),
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise WeightsError(f"{path / CONFIG} is of no PaliGemma that is known: {error}") from None


def _model(stated: Mapping[str, Any]) -> ModelConfig:
    vision, text = stated["vision_config"], _DEFAULTS | stated["text_config"]
    encoder = EncoderConfig(
        image_size=vision.get("image_size", _DEFAULTS["image_size"]),
        patch_size=vision["patch_size"],
        width=vision["hidden_size"],
        depth=vision["num_hidden_layers"],
        heads=vision["num_attention_heads"],
        mlp_width=vision["intermediate_size"],
    )
    decoder = DecoderConfig(
        vocab_size=stated["image_token_index"],
        width=text["hidden_size"],
        depth=text["num_hidden_layers"],
        heads=text["num_attention_heads"],
        kv_heads=text["num_key_value_heads"],
        head_size=text["head_dim"],
        mlp_width=text["intermediate_size"],
        rope_base=text["rope_theta"],
    )
    dtype = stated.get("dtype", stated.get("torch_dtype"))
    return ModelConfig(
        encoder=encoder,
        decoder=_published(decoder) or _with_norms(decoder, text),
        compute_dtype="float32" if dtype == "float32" else "bfloat16",
        scan_layers=is_scanned(encoder, decoder),
    )


def _published(decoder: DecoderConfig) -> DecoderConfig | None:
    """The published decoder of these sizes, whose files leave out what it has beside them."""
    sizes = ("width", "depth", "heads", "kv_heads", "mlp_width")
    for name in PALIGEMMAS.values():
        if all(getattr(DECODERS[name], size) == getattr(decoder, size) for size in sizes):
            return dataclasses.replace(DECODERS[name], vocab_size=decoder.vocab_size)
    return None


def _with_norms(decoder: DecoderConfig, text: Mapping[str, Any]) -> DecoderConfig:
    """What Gemma 2 has beside Gemma, where the folder is of one."""
    if text["model_type"] != "gemma2":
        return decoder
    return dataclasses.replace(
        decoder,
        post_norms=True,
        query_scale=float(text["query_pre_attn_scalar"]) ** -0.5,
        attention_softcap=text["attn_logit_softcapping"] or 0.0,
        final_softcap=text["final_logit_softcapping"] or 0.0,
        sliding_window=text["sliding_window"],
    )
