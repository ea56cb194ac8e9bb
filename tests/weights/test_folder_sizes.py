import dataclasses
import json
from pathlib import Path

import pytest

from spatialvlm_jax.models.variants import build_paligemma
from spatialvlm_jax.weights.folder_sizes import describe_other_sizes
from spatialvlm_jax.weights.load import load_weights
from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.save import huggingface_config, save_huggingface
from tests.weights.test_weights import MODEL, numbered, shapes


def test_a_folder_of_another_variant_is_told_by_name(tmp_path: Path) -> None:
    published = huggingface_config(build_paligemma("paligemma2_10b"))
    (tmp_path / "config.json").write_text(json.dumps(published))
    told = describe_other_sizes(tmp_path, build_paligemma("paligemma_3b"))
    assert told.endswith(
        "config.json is of paligemma2_10b: --config=configs/paligemma.py:variant=paligemma2_10b"
    )
    assert describe_other_sizes(tmp_path, build_paligemma("paligemma2_10b", 448)) == ""


@pytest.mark.parametrize("text", ["", "[]", '{"text_config": 3}', '{"text_config": {}}'])
def test_a_folder_that_tells_no_sizes_adds_nothing(text: str, tmp_path: Path) -> None:
    assert describe_other_sizes(tmp_path, MODEL) == ""
    (tmp_path / "config.json").write_text(text)
    assert describe_other_sizes(tmp_path, MODEL) == ""


def test_a_mismatch_of_sizes_names_those_of_the_folder(tmp_path: Path) -> None:
    save_huggingface(tmp_path, numbered(MODEL), MODEL)
    deeper = dataclasses.replace(MODEL, decoder=dataclasses.replace(MODEL.decoder, depth=4))
    with pytest.raises(WeightsError, match="lacks .*says of the decoder: width 16, depth 3, mlp_w"):
        load_weights({"model": tmp_path}, deeper, shapes(deeper))
