"""Named sizes, by their known numbers of parameters, without allocating any."""

import math

import jax
import pytest
from flax import nnx

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.models import variants
from spatialvlm_jax.models.checkpoint_file import flat_params
from spatialvlm_jax.models.vlm import VLM


def sizes(name: str) -> dict[str, int]:
    """Parameters by group."""
    config = variants.build_model_config(name)
    model = nnx.eval_shape(lambda: VLM(config, rngs=nnx.Rngs(0)))
    counts: dict[str, int] = {}
    for path, array in flat_params(model).items():
        group = variants.group_of(tuple(path.split("/")))
        counts[group] = counts.get(group, 0) + math.prod(array.shape)
    return counts


def test_paligemma_has_the_published_sizes() -> None:
    counts = sizes("So400m/14+gemma_2b")
    # SigLIP So400m/14 at 224 pixels without its pooling head.
    assert counts["encoder"] == 412_442_352
    # Gemma 2B is published with 256,000 words; PaliGemma adds 1,152.
    gemma = counts["decoder"] + counts["embeddings"]
    assert gemma == 2_506_172_416 + 1_152 * 2_048
    assert counts["connector"] == 1_152 * 2_048 + 2_048


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("gemma2_2b", 2_614_341_888),
        ("gemma2_9b", 9_241_705_984),
        ("gemma2_27b", 27_227_128_320),
    ],
)
def test_gemma2_has_the_published_sizes(name: str, published: int) -> None:
    counts = sizes(f"debug+{name}")
    words = 1_152 * variants.DECODERS[name].width
    assert counts["decoder"] + counts["embeddings"] == published + words


@pytest.mark.parametrize("resolution", [224, 448, 896])
@pytest.mark.parametrize("name", variants.PALIGEMMAS)
def test_paligemmas_come_at_three_resolutions(name: str, resolution: int) -> None:
    config = variants.build_paligemma(name, resolution)
    model = nnx.eval_shape(lambda: VLM(config, rngs=nnx.Rngs(0)))
    assert flat_params(model)["encoder/positions"].shape == ((resolution // 14) ** 2, 1152)


def test_unknown_paligemmas_are_refused() -> None:
    with pytest.raises(UserError, match='did you mean "paligemma2_3b"'):
        variants.build_paligemma("paligema2_3b")
    with pytest.raises(UserError, match="not 300"):
        variants.build_paligemma("paligemma_3b", 300)


@pytest.mark.parametrize(
    ("name", "millions"), [("Ti/16", 5.5), ("S/16", 21.7), ("B/16", 85.8), ("L/16", 303.2)]
)
def test_vit_sizes(name: str, millions: float) -> None:
    assert sizes(f"{name}+debug")["encoder"] / 1e6 == pytest.approx(millions, rel=0.01)


def test_small_is_a_few_million() -> None:
    assert sum(sizes("small").values()) < 3_000_000


def test_deep_models_scan_and_shallow_ones_do_not() -> None:
    assert variants.build_model_config("L/16+small").scan_layers
    assert not variants.build_model_config("small").scan_layers


def test_layers_are_stacked_along_the_first_axis() -> None:
    config = variants.build_model_config("debug")
    params = flat_params(nnx.eval_shape(lambda: VLM(config, rngs=nnx.Rngs(0))))
    assert params["decoder/blocks/attention/query/kernel"].shape == (2, 32, 32)
    assert params["decoder/blocks/mlp/gate/kernel"].shape == (2, 32, 64)
    assert all(x.shape[0] == 2 for name, x in params.items() if "/blocks/" in name)
    assert {str(x.dtype) for x in jax.tree.leaves(list(params.values()))} == {"float32"}


def test_an_unknown_size_names_the_known_ones() -> None:
    with pytest.raises(UserError, match='did you mean "gemma_2b"'):
        variants.build_model_config("small+gemma2b")
    with pytest.raises(UserError, match='no encoder "huge"'):
        variants.build_model_config("huge")


def test_an_unknown_path_has_no_group() -> None:
    assert variants.group_of(("dense_head", "labels", "kernel")) == "encoder"
    assert variants.group_of(("decoder", "embedder", "embedding")) == "embeddings"
    with pytest.raises(ValueError, match="lora"):
        variants.group_of(("lora", "kernel"))
