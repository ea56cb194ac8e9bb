"""The published models as configurations."""

from pathlib import Path

import pytest

import train
from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.errors import UserError

CONFIG = str(Path(train.__file__).parent / "configs" / "paligemma.py")


def test_variant_resolution_weights_and_rule_are_arguments() -> None:
    experiment = load_experiment(f"{CONFIG}:variant=paligemma2_3b,res=448,weights=w,rule=prefix")
    assert experiment.model.encoder.image_size == 448
    assert experiment.model.decoder.post_norms
    assert experiment.model.attention == "prefix"
    assert experiment.data.pairs_per_image == 1
    assert experiment.train.init_from == "w"
    assert load_experiment(CONFIG).data.pairs_per_image == 16


def test_a_variant_that_there_is_not_is_told_with_those_there_are() -> None:
    names = "paligemma_3b, paligemma2_3b, paligemma2_10b, paligemma2_28b"
    for name in ("S/16", "paligemma-3b"):
        with pytest.raises(UserError, match=f'no PaliGemma "{name}": choose among {names}'):
            load_experiment(f"{CONFIG}:variant={name}")


def test_sets_are_chosen_by_name() -> None:
    data = load_experiment(f"{CONFIG}:root=d,sets=mine+gqa").data
    assert [(each.name, each.path, each.weight) for each in data.datasets] == [
        ("mine", "d/mine", 5.0),
        ("gqa", "d/gqa", 25.0),
    ]
    evaluated = load_experiment(f"{CONFIG}:root=d,sets=mine+gqa").eval.datasets
    assert [(each.path, each.split) for each in evaluated] == [("d/mine", "validation")]
    assert len(load_experiment(CONFIG).data.datasets) == 5


def test_the_vocabulary_beside_the_weights_comes_first(tmp_path: Path) -> None:
    argument = f"{CONFIG}:root=d,weights={tmp_path}"
    assert load_experiment(argument).data.tokenizer == "d/tokenizer.model"
    (tmp_path / "tokenizer.model").touch()
    assert load_experiment(argument).data.tokenizer == str(tmp_path / "tokenizer.model")


def test_lora_freezes_all_but_adapters() -> None:
    experiment = load_experiment(f"{CONFIG}:lora=8")
    assert experiment.model.adapters.rank == 8
    assert len(experiment.optim.freeze) == 4
    assert load_experiment(CONFIG).model.adapters.rank == 0


def test_frozen_kernels_of_both_towers_are_kept_in_few_bits() -> None:
    for form, other in (("int8", "nf4"), ("nf4", "int8")):
        model = load_experiment(f"{CONFIG}:lora=8,quantize={form}").model
        assert getattr(model, form) == ("encoder/blocks/*", "connector", "decoder/blocks/*")
        assert getattr(model, other) == ()
    with pytest.raises(UserError, match="quantize is one of none, int8, nf4"):
        load_experiment(f"{CONFIG}:lora=8,quantize=fp4")
    with pytest.raises(UserError, match="do not train, so add adapters: lora=16"):
        load_experiment(f"{CONFIG}:quantize=nf4")


def test_pictures_and_questions_are_as_the_published_weights_have_them() -> None:
    data = load_experiment(CONFIG).data
    assert data.resize == "squash"
    assert data.prefix_template == "answer en {question}"


def test_a_rule_that_is_named_may_differ_from_that_of_the_weights() -> None:
    assert not load_experiment(CONFIG).checkpoint.accepts("model.attention")
    named = load_experiment(f"{CONFIG}:rule=prefix").checkpoint
    assert named.accepts("model.attention")
    assert not named.accepts("model.encoder.width")


@pytest.mark.parametrize(
    "argument",
    [
        "rule=causal",
        "size=3b",
        "variant=paligemma_4b",
        "res=300",
        "res=big",
        "lora=high",
        "res=224,res=448",
    ],
)
def test_mistakes_are_told(argument: str) -> None:
    with pytest.raises(UserError):
        load_experiment(f"{CONFIG}:{argument}")
