"""Configuration: dataclasses from ConfigDicts, overrides from text, kind errors."""

import contextlib
import dataclasses
import json
import sys
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialvlm_jax import config as config_lib
from spatialvlm_jax.config import ConfigError, from_config_dict, to_config_dict
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, Experiment, OptimConfig
from spatialvlm_jax.generation.experts.build import ExpertsConfig
from tests.test_repository import ROOT


@dataclasses.dataclass(frozen=True)
class Wheel:
    size: float
    color: Literal["red", "blue"] = "red"


@dataclasses.dataclass(frozen=True)
class Car:
    wheels: tuple[Wheel, ...] = ()
    spare: Wheel | None = None
    prices: dict[str, float] = dataclasses.field(default_factory=dict)
    electric: bool = False


FULL = Experiment(
    data=DataConfig(datasets=(DatasetConfig(name="a", path="b", kinds=("general",)),)),
    optim=OptimConfig(lr_multipliers={"encoder": 0.5}, freeze=("encoder",)),
)


@pytest.mark.parametrize("record", [Experiment(), FULL])
def test_a_dataclass_survives_the_round_trip_through_a_config_dict(record):
    assert from_config_dict(Experiment, to_config_dict(record)) == record


def test_none_sets_a_text_that_may_be_left_out() -> None:
    config = to_config_dict(ExpertsConfig())
    for text in ("none", "None"):
        config_lib.override_field(config, "config.filter", text, ExpertsConfig)
        assert config.filter is None
        config.filter = "clip"
    config_lib.override_field(config, "config.captions", "none", ExpertsConfig)
    assert config.captions == "none"


def test_nested_types_are_converted():
    config = {"wheels": [{"size": 1}], "spare": {"size": 2.5, "color": "blue"}, "prices": {"x": 3}}
    car = from_config_dict(Car, config)
    assert car == Car((Wheel(1.0),), Wheel(2.5, "blue"), {"x": 3.0})
    assert isinstance(car.wheels[0].size, float)
    assert from_config_dict(Car, {"spare": None}).spare is None


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"wheals": ()}, "config.wheals: no such field; did you mean wheels?"),
        ({"zzz": 1}, "config.zzz: no such field; there are electric, prices, spare, wheels"),
        ({"wheels": ({},)}, "config.wheels[0].size: missing, and it has no default"),
        ({"wheels": 3}, "config.wheels: 3 is not a tuple, each member a Wheel"),
        ({"spare": {"size": "big"}}, "config.spare.size: 'big' is not a number"),
        ({"spare": {"size": True}}, "config.spare.size: True is not a number"),
        (
            {"spare": {"size": 1, "color": "bleu"}},
            "config.spare.color: 'bleu' is not one of 'red', 'blue'; did you mean blue?",
        ),
        ({"electric": 1}, "config.electric: 1 is not true or false"),
        ({"prices": {"x": "y"}}, "config.prices.x: 'y' is not a number"),
        ({"wheels": None}, "config.wheels: None is not a tuple, each member a Wheel"),
    ],
)
def test_mistakes_are_named(config, message):
    with pytest.raises(ConfigError) as error:
        from_config_dict(Car, config)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("override", "read", "expected"),
    [
        ("config.optim.peak_lr=3e-4", lambda e: e.optim.peak_lr, 3e-4),
        ("--config.train.steps=1e4", lambda e: e.train.steps, 10_000),
        ("config.data.shuffle=false", lambda e: e.data.shuffle, False),
        ("config.name=7", lambda e: e.name, "7"),
        ("config.data.datasets[0].weight=2", lambda e: e.data.datasets[0].weight, 2.0),
        ("config.optim.freeze=('decoder',)", lambda e: e.optim.freeze, ("decoder",)),
        ("config.optim.freeze=decoder", lambda e: e.optim.freeze, ("decoder",)),
        ("config.eval.probes=blind,swap", lambda e: e.eval.probes, ("blind", "swap")),
        ("config.optim.lr_multipliers.decoder=2", lambda e: e.optim.lr_multipliers["decoder"], 2.0),
        ("config.optim.lr_multipliers={'encoder': 3}", lambda e: e.optim.lr_multipliers,
         {"encoder": 3.0}),
        ("config.train.init_from=a=b", lambda e: e.train.init_from, "a=b"),
    ],
)  # fmt: skip
def test_overrides_take_the_type_of_their_field(override, read, expected, tmp_path):
    assert read(config_lib.load_experiment(_full_config(tmp_path), [override])) == expected


def test_an_argument_that_a_file_does_not_take_is_told(tmp_path):
    path = tmp_path / "plain.py"
    path.write_text("def get_config(): ...")
    with pytest.raises(ConfigError, match=r"plain\.py takes nothing after a colon"):
        config_lib.load_experiment(f"{path}:small")


def test_a_field_that_older_files_name_is_passed_over_but_not_one_that_somebody_types(
    tmp_path, caplog
):
    path = tmp_path / "older.py"
    path.write_text(
        "from ml_collections import ConfigDict\n"
        "def get_config():\n"
        "    return ConfigDict({'train': {'steps': 700, 'dataset_grad_norms_every': 100}})\n"
    )
    assert config_lib.load_experiment(str(path)).train.steps == 700
    assert "config.train.dataset_grad_norms_every does nothing" in caplog.text
    with pytest.raises(ConfigError, match="dataset_grad_norms_every: no such field"):
        config_lib.load_experiment(str(path), ["config.train.dataset_grad_norms_every=1"])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("config.optim.peek_lr=1", "config.optim.peek_lr: no such field; did you mean peak_lr?"),
        ("config.train.steps=many", "config.train.steps: 'many' is not an integer"),
        ("config.train.steps=0", "config.train.steps: 0 is less than 1"),
        ("config.train.text_weight=0", "config.train.text_weight: it and dense.weight are both 0"),
        ("config.train.steps=1.5", "config.train.steps: 1.5 is not an integer"),
        ("config.train.steps", "config.train.steps: an override needs a value"),
        ("config.optim.schedule=cosin", "did you mean cosine?"),
        ("config.data.datasets[4].weight=1", "config.data.datasets[4]: no such member; it has 1"),
        ("config.data.datasets[0]=1", "config.data.datasets[0]: name a field of it"),
        ("config.train.steps.more=1", "config.train.steps is a single value"),
        ("config.data.datasets[0].pth=x", "datasets[0].pth: no such field; did you mean path?"),
        ("config.data.datasets[0].path=", "config.data.datasets[0].path: it is empty"),
        ("config.data.datasets[²].path=x", "config.data.datasets[²]: no such member; it has 1"),
        ("config.data.datasets[１].path=x", "config.data.datasets[１]: no such member; it has 1"),
        ("config.data.datasets=[{'nme': 'a'}]", "[0].nme: no such field; did you mean name?"),
        ("config.optim.lr_multipliers.decodr=1", "did you mean decoder?"),
        ("config.optim.lr_multipliers={[]: 1}", "'{[]: 1}' is not a dictionary"),
        ("config.train..steps=3", "an override names a field, as in --config.train.steps=100"),
        ("config.data.datasets[0]path=x", "an override names a field"),
        ("config.train.steps=²", "config.train.steps: '²' is not an integer"),
        ("config.train.steps=" + "-" * 99_999 + "1", "config.train.steps: '-----"),
        ("config.optim.freeze=('encodr',)", "config.optim.freeze[0]: 'encodr' is not one of"),
        ("config.eval.probes=swap,blnd", "config.eval.probes[1]: 'blnd' is not one of"),
    ],
)
def test_wrong_overrides_are_named(override, message, tmp_path):
    with pytest.raises(ConfigError) as error:
        config_lib.load_experiment(_full_config(tmp_path), [override])
    assert message in str(error.value)


def test_a_preset_takes_a_string_argument(tmp_path):
    path = tmp_path / "preset.py"
    path.write_text(
        "from ml_collections import ConfigDict\n"
        "def get_config(arg='none'):\n"
        "    return ConfigDict({'name': arg})\n"
    )
    assert config_lib.load_experiment(str(path)).name == "none"
    assert config_lib.load_experiment(f"{path}:a:b").name == "a:b"


def test_a_broken_config_file_is_one_line_with_its_place(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("def get_config():\n    return undefined\n")
    with pytest.raises(ConfigError, match=r"broken\.py line 2: NameError"):
        config_lib.load_experiment(str(path))
    with pytest.raises(
        ConfigError, match=r"there is no Python file .*; see configs/ of the checkout"
    ):
        config_lib.load_experiment(str(tmp_path / "absent.py"))


def test_config_files_import_each_other_wherever_they_are(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "base.py").write_text("NAME = 'theirs'\n")
    code = "from notebooks import base\nfrom ml_collections import ConfigDict\n"
    code += "def get_config():\n    return ConfigDict({'name': base.NAME})\n"
    (folder / "own.py").write_text(code)
    path = list(sys.path)
    assert config_lib.load_experiment(str(folder / "own.py")).name == "theirs"
    assert sys.path == path


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet="abc.[]019_=()'", max_size=20))
def test_no_override_raises_anything_but_config_errors(text):
    config = to_config_dict(FULL)
    name, _, value = f"config.{text}".partition("=")
    with contextlib.suppress(ConfigError):
        config_lib.override_field(config, name, value)
        assert isinstance(from_config_dict(Experiment, config), Experiment)


def _full_config(folder: Path) -> str:
    path = folder / "full.py"
    path.write_text(
        "from spatialvlm_jax.config import to_config_dict\n"
        "from spatialvlm_jax.experiment import *\n"
        "def get_config():\n"
        f"    return to_config_dict({FULL!r})\n"
    )
    return str(path)


@pytest.mark.parametrize(
    "name",
    [
        *("debug", "demo", "quick", "cotrain", "pretrain", "worlds"),
        *("teach", "hold", "carry", "fine", "finish"),
    ],
)
def test_what_a_run_leaves_of_its_configuration_is_read_as_the_same(name, tmp_path):
    experiment = config_lib.load_experiment(f"{ROOT}/configs/{name}.py", ["config.train.seed=7"])
    path = tmp_path / "config.json"
    path.write_text(json.dumps(dataclasses.asdict(experiment)))
    assert config_lib.load_experiment(str(path)) == experiment
    other = config_lib.load_experiment(str(path), ["config.data.datasets[0].weight=0.25"])
    assert other.data.datasets[0].weight == 0.25
    with pytest.raises(ConfigError, match=r"config\.train\.stepz: no such field; did you mean"):
        config_lib.load_experiment(str(path), ["config.train.stepz=7"])
