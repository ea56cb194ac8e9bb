"""A PaliGemma folder says which model it holds, and how it is asked."""

import json
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx

import spatialvlm_jax
from spatialvlm_jax.experiment import DecoderConfig, EncoderConfig, ModelConfig
from spatialvlm_jax.models.checkpoint_file import flat_params
from spatialvlm_jax.models.variants import build_paligemma
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training.state import ModelTemplate
from spatialvlm_jax.weights.folder_config import is_paligemma_folder, read_folder
from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.run_record import SHIPPED_TOKENIZERS
from spatialvlm_jax.weights.save import huggingface_config, save_huggingface

TINY = ModelConfig(
    encoder=EncoderConfig(image_size=16, patch_size=8, width=16, depth=2, heads=2, mlp_width=32),
    decoder=DecoderConfig(width=16, depth=2, heads=4, kv_heads=2, head_size=8, mlp_width=32),
    attention="prefix",
)
SECOND = replace(
    TINY.decoder, post_norms=True, query_scale=0.25, attention_softcap=50.0, sliding_window=64
)


def folder(path: Path, config: ModelConfig, settings: dict[str, str]) -> dict[str, np.ndarray]:
    """Writes one with the shipped tokenizer; returns its parameters."""
    rng = np.random.default_rng(0)
    shapes = ModelTemplate.of(lambda: VLM(config, rngs=nnx.Rngs(0))).shapes
    arrays = {name: rng.normal(size=x.shape).astype(np.float32) for name, x in shapes.items()}
    save_huggingface(path, arrays, config, settings=settings)
    (path / "tokenizer.model").write_bytes(SHIPPED_TOKENIZERS["small"].read_bytes())
    return arrays


@pytest.mark.parametrize("decoder", [TINY.decoder, SECOND])
def test_what_is_exported_is_read_as_it_was(tmp_path: Path, decoder: DecoderConfig) -> None:
    config = replace(TINY, decoder=decoder)
    settings = {"data.prefix_template": "en {question}", "data.resize": "pad"}
    wanted = folder(tmp_path, config, settings | {"model.attention": "prefix"})
    before = jax.config.values["jax_compilation_cache_dir"]
    loaded = spatialvlm_jax.load(tmp_path)
    jax.config.update("jax_compilation_cache_dir", before)
    assert loaded.experiment.model == config
    assert loaded.experiment.data.prefix_template == "en {question}"
    assert loaded.experiment.data.resize == "pad"
    found = flat_params(loaded.model)
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("name", ["paligemma_3b", "paligemma2_3b"])
def test_published_settings_are_those_of_the_variant(tmp_path: Path, name: str) -> None:
    folder(tmp_path, TINY, {})
    config = build_paligemma(name)
    stated = huggingface_config(config, "bfloat16")
    # Published files leave out what are their readers' defaults.
    del stated["vision_config"]["image_size"]
    for absent in ("head_dim", "rope_theta", "attn_logit_softcapping", "sliding_window"):
        stated["text_config"].pop(absent, None)
    (tmp_path / "config.json").write_text(json.dumps(stated))
    assert read_folder(tmp_path).model == config
    assert read_folder(tmp_path).data.prefix_template == "answer en {question}"


def test_what_is_no_folder_of_a_paligemma_is_refused(tmp_path: Path) -> None:
    folder(tmp_path, TINY, {})
    stated = json.loads((tmp_path / "config.json").read_text())
    for broken in (
        {**stated, "vision_config": []},
        {**stated, "text_config": {"hidden_size": 16}},
        {**stated, "image_token_index": "many"},
        {**stated, "vision_config": {**stated["vision_config"], "patch_size": 0}},
    ):
        (tmp_path / "config.json").write_text(json.dumps(broken))
        with pytest.raises(WeightsError, match=r"config\.json is of no PaliGemma that is known"):
            read_folder(tmp_path)
    (tmp_path / "tokenizer.model").unlink()
    with pytest.raises(WeightsError, match=r"tokenizer\.model is not there: copy the Sentence"):
        read_folder(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    assert not is_paligemma_folder(tmp_path)
