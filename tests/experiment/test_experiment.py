"""What binds several fields of an experiment is checked."""

import dataclasses
from typing import Any

import pytest

from spatialvlm_jax.bounds import SettingError
from spatialvlm_jax.experiment import (
    GROUPS,
    AdapterConfig,
    DataConfig,
    DatasetConfig,
    DecoderConfig,
    DenseConfig,
    EncoderConfig,
    EvalConfig,
    Experiment,
    MeshConfig,
    ModelConfig,
    OptimConfig,
    TrainConfig,
)

ONE = DatasetConfig("mine", "x.jsonl", format="jsonl")
HEAD = DenseConfig(weight=0.1, labels=4, values=2)
BOTH = dataclasses.replace(
    HEAD, pointer_weight=0.1, pointer_layer=0, copy_weight=0.1, copy_layer=-1
)
SHALLOW = ModelConfig(decoder=DecoderConfig(depth=1, heads=1, kv_heads=1))
SLIDING = ModelConfig(decoder=DecoderConfig(depth=1, heads=2, kv_heads=1, sliding_window=8))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: DataConfig(length=48, block_length=20), "block_length: 20 does not divide"),
        (lambda: DataConfig(datasets=(ONE, ONE)), "datasets: of ['mine', 'mine'] are two of one"),
        (
            lambda: EncoderConfig(image_size=30, patch_size=8),
            "patch_size: 8 does not divide image_size=30",
        ),
        (
            lambda: EncoderConfig(image_size=16_384, patch_size=1),
            "patch_size: 1 makes more than 65536 tokens",
        ),
        (
            lambda: EncoderConfig(image_size=36, patch_size=6, stem="conv"),
            "patch_size: 6 is not 2, 4, 8, ...; stem='conv' halves pictures",
        ),
        (lambda: EncoderConfig(stem_overlap=1), "stem_overlap: 1 is of stem='conv' alone"),
        (lambda: EncoderConfig(width=64, heads=3), "heads: 3 does not divide width=64"),
        (lambda: DecoderConfig(heads=4, kv_heads=3), "kv_heads: 3 does not divide heads=4"),
        (lambda: DecoderConfig(head_size=9), "head_size: 9 is odd"),
        (
            lambda: ModelConfig(
                decoder=DecoderConfig(attention_softcap=50.0), attention_backend="xla"
            ),
            "attention_backend: 'xla' has no softcap on scores, and decoder.attention_softcap=50",
        ),
        (
            lambda: Experiment(model=ModelConfig(int8=("connector", "decodr/*"))),
            "model.int8[1]: 'decodr/*' does not begin with one of",
        ),
        (lambda: AdapterConfig(rank=2, targets=()), "targets: () gives adapters of rank=2 no"),
        (
            lambda: Experiment(model=ModelConfig(adapters=AdapterConfig(targets=("encodr/*",)))),
            "model.adapters.targets[0]: 'encodr/*' does not begin",
        ),
        (lambda: DatasetConfig("mine", " "), "path: it is empty"),
        (lambda: DatasetConfig("", "x"), "name: it is empty"),
        (
            lambda: DatasetConfig("mine", "x", prefix_template="answer"),
            "prefix_template: 'answer' has no '{question}' inside",
        ),
        (lambda: DataConfig(prefix_template=""), "prefix_template: '' has no '{question}'"),
        (lambda: DataConfig(tokenizer=""), "tokenizer: it is empty"),
        (lambda: EvalConfig(datasets=(ONE, ONE)), "datasets: of ['mine', 'mine'] are two of one"),
        (lambda: EvalConfig(prefix_template="answer"), "prefix_template: 'answer' has no"),
        (
            lambda: Experiment(
                optim=OptimConfig(warmup_steps=0, decay_steps=11), train=TrainConfig(steps=10)
            ),
            "optim.decay_steps: 11 is more than train.steps=10",
        ),
        (lambda: Experiment(name=""), "name: it is empty"),
        (
            lambda: Experiment(optim=OptimConfig(warmup_steps=20), train=TrainConfig(steps=10)),
            "optim.warmup_steps: 20 is longer than train.steps=10; such as "
            "--config.optim.warmup_steps=1 would fit",
        ),
        (
            lambda: Experiment(
                optim=OptimConfig(schedule="wsd", warmup_steps=4, decay_steps=7),
                train=TrainConfig(steps=10),
            ),
            "optim.warmup_steps: 4 and decay_steps=7 are longer than train.steps=10; such as "
            "--config.optim.warmup_steps=3 --config.optim.decay_steps=7 would fit",
        ),
        (
            lambda: Experiment(data=DataConfig(batch_size=16), train=TrainConfig(accumulate=3)),
            "data.batch_size: 16 does not divide by the 3 parts",
        ),
        (
            lambda: Experiment(data=DataConfig(batch_size=16), mesh=MeshConfig(data=4, fsdp=8)),
            "data.batch_size: 16 does not divide by the 32 parts",
        ),
        (
            lambda: Experiment(
                model=ModelConfig(attention="prefix"),
                data=DataConfig(length=64, block_length=32),
            ),
            "data.block_length: 32: model.attention='prefix' takes 0",
        ),
        (
            lambda: Experiment(optim=OptimConfig(freeze=GROUPS)),
            "optim.freeze: it names all groups, so nothing would train",
        ),
        (
            lambda: Experiment(optim=OptimConfig(freeze=GROUPS[:4])),
            "optim.freeze: it names all groups, so nothing would train",
        ),
        (
            lambda: Experiment(model=ModelConfig(nf4=("decoder/*",))),
            "model.nf4: kernels in few bits do not train: add 'decoder' to optim.freeze",
        ),
        (
            lambda: Experiment(data=DataConfig(features="features")),
            "data.features: it needs an encoder that does not train: add 'encoder'",
        ),
        (
            lambda: Experiment(
                model=ModelConfig(adapters=AdapterConfig(rank=2, targets=("encoder/*",))),
                data=DataConfig(features="features"),
                optim=OptimConfig(freeze=("encoder",)),
            ),
            "data.features: model.adapters.targets names the encoder",
        ),
        (
            lambda: Experiment(
                data=DataConfig(features="features", camera="canonical"),
                optim=OptimConfig(freeze=("encoder",)),
            ),
            "data.features: data.camera='canonical' resizes pictures anew",
        ),
        (lambda: TrainConfig(profile_steps=(3,)), "profile_steps: (3,) is not (first, last)"),
        (lambda: TrainConfig(profile_steps=(5, 4)), "profile_steps: (5, 4) is not (first, last)"),
        (
            lambda: Experiment(train=TrainConfig(text_weight=0.0)),
            "train.text_weight: it and dense.weight are both 0",
        ),
        (
            lambda: Experiment(dense=HEAD, data=DataConfig(datasets=(ONE,))),
            "dense: needs stored truth, which 'mine' has not",
        ),
        (
            lambda: Experiment(dense=HEAD, data=DataConfig(resize="pad")),
            "dense: needs data.resize='squash', not 'pad'",
        ),
        (lambda: dataclasses.replace(HEAD, colors=2), "colors: 2 does not divide the 3 labels"),
        (
            lambda: Experiment(dense=dataclasses.replace(HEAD, pointer_weight=0.1), model=SHALLOW),
            "dense.pointer_layer: 1: the decoder has layers 0 to 0",
        ),
        (
            lambda: Experiment(dense=dataclasses.replace(HEAD, copy_weight=0.1), model=SHALLOW),
            "dense.copy_layer: -2: the decoder has layers 0 to 0",
        ),
        (
            lambda: Experiment(dense=BOTH, model=SHALLOW),
            "dense.copy_layer: its only head is that of dense.pointer_layer",
        ),
        (
            lambda: Experiment(dense=BOTH, model=SLIDING),
            "dense.copy_layer: 0 slides its window over the question: take an odd one",
        ),
        (
            lambda: Experiment(
                model=ModelConfig(attention="prefix"), data=DataConfig(datasets=(ONE,))
            ),
            "data.pairs_per_image: 16 pairs on an image need model.attention='image_prefix', ",
        ),
    ],
)
def test_what_does_not_fit_together_is_named(make: Any, message: str) -> None:
    with pytest.raises(SettingError) as error:
        make()
    assert str(error.value).startswith(message)


def test_composed_questions_are_not_evaluated_as_simple_ones_are() -> None:
    asked = dataclasses.replace(ONE, kinds=("general", "composed"))
    assert DataConfig(datasets=(asked,)).datasets[0].kinds == asked.kinds
    with pytest.raises(SettingError, match=r"measure them by benchmarks/reasoning\.py"):
        EvalConfig(datasets=(asked,))


def test_a_head_without_a_loss_asks_nothing_of_the_data() -> None:
    head = dataclasses.replace(HEAD, weight=0.0)
    assert Experiment(dense=head, data=DataConfig(datasets=(ONE,))).dense_weight == 0


def test_what_does_not_train_may_still_be_adapted() -> None:
    adapters = AdapterConfig(rank=2, targets=("decoder/*",))
    model = ModelConfig(adapters=adapters, nf4=("decoder/*", "encoder/*"))
    data = DataConfig(features="features")
    assert Experiment(model=model, data=data, optim=OptimConfig(freeze=GROUPS)).model is model


def test_what_is_told_of_the_camera_may_train_alone() -> None:
    alone = OptimConfig(freeze=GROUPS[:4])
    assert Experiment(data=DataConfig(camera="rays"), optim=alone).reads_rays
