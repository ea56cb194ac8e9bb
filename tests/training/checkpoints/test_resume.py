"""Going on is refused when what a checkpoint means has changed, and only then."""

import dataclasses

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import (
    CheckpointConfig,
    DataConfig,
    DatasetConfig,
    DenseConfig,
    Experiment,
    ModelConfig,
    OptimConfig,
    TrainConfig,
    WorldsRecipe,
)
from spatialvlm_jax.training.checkpoints.resume import describe_run, find_changes, resume

HERE = DatasetConfig(name="a", path="here", worlds=WorldsRecipe())
THERE = DatasetConfig(name="a", path="there")
NOISY = DatasetConfig(name="a", path="here", noise_std_metres=0.1)


class OneCheckpoint:
    """Stands in for `Checkpoints`: one that was saved by `experiment`."""

    def __init__(self, experiment):
        self.run = describe_run(experiment)

    def latest(self):
        return "runs/x/checkpoints/5"

    def metadata(self, path):
        return self.run

    def restore(self, path, abstract_state, data):
        return "the state"


def try_to_resume(before, after, unknown=()):
    checkpoint = OneCheckpoint(before)
    for name in unknown:
        del checkpoint.run[name]
    return resume(checkpoint, None, None, describe_run(after))


@pytest.mark.parametrize(
    "after",
    [
        Experiment(train=TrainConfig(steps=9_999, log_every_steps=3)),
        Experiment(checkpoint=CheckpointConfig(every=7)),
        Experiment(data=DataConfig(workers=2)),
        Experiment(optim=OptimConfig(peak_lr=0.5)),
        Experiment(model=ModelConfig(remat="layers", scan_layers=True)),
    ],
)
def test_length_speed_and_learning_rate_may_change(after):
    assert try_to_resume(Experiment(), after) == "the state"


def test_settings_that_a_checkpoint_does_not_know_were_their_defaults():
    experiment = Experiment(data=DataConfig(datasets=(HERE, dataclasses.replace(HERE, name="b"))))
    changed = dataclasses.replace(experiment.data, pairs_per_image=4)
    unknown = ("model.encoder.stem", "data.pairs_per_image", "data.datasets.1.noise_seed")
    assert try_to_resume(experiment, experiment, unknown) == "the state"
    with pytest.raises(UserError, match=r"with data\.pairs_per_image=16, this run has 4"):
        try_to_resume(experiment, dataclasses.replace(experiment, data=changed), unknown)


def test_checkpoints_of_before_heads_were_taught_go_on_without_them():
    plain = DenseConfig(0.3, 4, 8)
    before = Experiment(dense=plain)
    later = ("colors", "camera", "plurals", "pointer_weight", "pointer_layer", "copy_weight")
    unknown = [f"dense.{name}" for name in later]
    assert try_to_resume(before, before, unknown) == "the state"
    taught = Experiment(dense=dataclasses.replace(plain, pointer_weight=0.1))
    refusal = r"dense\.pointer_weight=0\.0, this run has 0\.1.*accept=dense\.pointer_weight"
    with pytest.raises(UserError, match=refusal):
        try_to_resume(before, taught, unknown)


def test_checkpoints_that_did_not_keep_a_setting_or_a_content_still_go_on():
    before = Experiment(dense=DenseConfig(0.3, 4, 8))
    run = describe_run(before)
    unknown = [name for name in run if name.startswith("optim.")]
    unknown += ["dense.weight", "train.text_weight", "train.average_decay"]
    unknown.remove("optim.optimizer")
    unknown.remove("optim.freeze")
    after = Experiment(optim=OptimConfig(clip_norm=0.5), dense=DenseConfig(0.1, 4, 8))
    assert try_to_resume(before, after, unknown) == "the state"
    with pytest.raises(UserError, match=r"optim\.clip_norm=1\.0, this run has 0\.5"):
        try_to_resume(before, after)


def test_the_same_tokenizer_may_lie_elsewhere():
    moved = dataclasses.replace(Experiment().data, tokenizer="elsewhere")
    content = {"data.tokenizer.content": "abc"}
    before = describe_run(Experiment(), content)
    assert find_changes(before, describe_run(Experiment(data=moved), content)) == {}
    unknown = describe_run(Experiment())
    changes = find_changes(unknown, describe_run(Experiment(data=moved), content))
    assert changes == {"data.tokenizer": ("small", "elsewhere")}


def test_data_may_move():
    before, after = (Experiment(data=DataConfig(datasets=(d,))) for d in (HERE, THERE))
    assert try_to_resume(before, after) == "the state"


@pytest.mark.parametrize(
    ("after", "named"),
    [
        (Experiment(data=DataConfig(batch_size=8, datasets=(HERE,))), "data.batch_size=16"),
        (Experiment(data=DataConfig(datasets=(NOISY,))), "data.datasets.0.noise_std_metres=0.0"),
        (Experiment(optim=OptimConfig(optimizer="muon"), data=DataConfig(datasets=(HERE,))),
         "optim.optimizer=adamw, this run has muon"),
        (Experiment(optim=OptimConfig(freeze=("encoder",)), data=DataConfig(datasets=(HERE,))),
         "optim.freeze"),
        (Experiment(train=TrainConfig(seed=1), data=DataConfig(datasets=(HERE,))), "train.seed=0"),
        (Experiment(train=TrainConfig(average_decay=0.9), data=DataConfig(datasets=(HERE,))),
         "keeps averages=False"),
    ],
)  # fmt: skip
def test_what_may_not_change_is_named(after, named):
    before = Experiment(data=DataConfig(datasets=(HERE,)))
    with pytest.raises(UserError) as error:
        try_to_resume(before, after)
    assert named in str(error.value)
    assert "another --workdir" in str(error.value)


def test_the_description_names_no_place():
    run = describe_run(dataclasses.replace(Experiment(), data=DataConfig(datasets=(HERE,))))
    assert not any("path" in name or "worlds" in name for name in run)
