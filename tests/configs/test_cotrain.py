"""Co-training on public sets: converted from their official forms, mixed, trained on."""

from pathlib import Path

import pytest

import train
from spatialvlm_jax import cli
from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.metrics_rows import read_rows
from spatialvlm_jax.training.logging.metrics_file import realised_shares
from tests.conversion import published
from tests.generation.pictures import PictureSource, store_pictures

pytestmark = pytest.mark.usefixtures("leave_no_trace")
CONFIG = Path(train.__file__).parent / "configs" / "cotrain.py"
SETS = {"vqa_v2": published.vqa, "okvqa": published.vqa, "gqa": published.gqa}
SMALL_RUN = (
    "data.batch_size=16",
    "data.length=128",
    "train.steps=60",
    "optim.warmup_steps=2",
    "checkpoint.every=60",
    "eval.every=0",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of data sets as docs/cotraining.md makes it, tiny."""
    root = tmp_path_factory.mktemp("data")
    for name, make in {**SETS, "llava": published.llava}.items():
        (root / "published" / name).mkdir(parents=True)
        paths = make(root / "published" / name, images=24)
        files = [f"--{option}={path}" for option, path in paths.items()]
        command = ["convert", f"--format={name}", *files, f"--out={root / name}", "--quiet"]
        assert cli.main(command) == 0
    store_pictures(PictureSource(), {"train": 24, "validation": 8}, root / "spatial")
    return root


@pytest.mark.slow
def test_a_run_has_the_shares_that_are_asked_for(root: Path, tmp_path: Path, capsys) -> None:
    overrides = [f"--config.{change}" for change in SMALL_RUN]
    spec = f"--config={CONFIG}:debug,{root}"
    assert train.main([spec, f"--workdir={tmp_path}", *overrides]) == 0
    told = capsys.readouterr().out
    assert "mixture (requested, of loss_tokens): spatial 5.0 %, vqa_v2 30.0 %, okvqa 5.0 %" in told
    assert "mixture (realised, of loss_tokens): spatial " in told
    first, *steps = read_rows(tmp_path / "metrics.jsonl")
    requested = {name.removeprefix("requested_share/"): first[name] for name in first}
    requested.pop("step")
    assert sum(requested.values()) == pytest.approx(1)
    realised = realised_shares(tmp_path / "metrics.jsonl")
    assert realised.keys() == requested.keys()
    for name, share in requested.items():
        assert realised[name] == pytest.approx(share, abs=0.03), name
    assert steps[-1]["loss"] < steps[0]["loss"]


def test_the_argument_names_model_and_data() -> None:
    plain = load_experiment(str(CONFIG))
    assert plain.data.datasets[1].path == str(Path("data/vqa_v2"))
    assert plain.data.tokenizer == "small"
    # As published weights have it, from which a run may begin, and as exports are served.
    assert plain.data.resize == "squash"
    assert plain.model.compute_dtype == "float32"
    large = load_experiment(f"{CONFIG}:So400m/14+gemma_2b,elsewhere")
    assert large.model.encoder.width == 1152
    assert large.data.tokenizer == str(Path("elsewhere/tokenizer.model"))
    assert large.model.compute_dtype == "bfloat16"
    assert {Path(dataset.path).parent for dataset in large.data.datasets} == {Path("elsewhere")}
    shares = {dataset.name: dataset.weight for dataset in large.data.datasets}
    assert shares["spatial"] == 5.0
    assert sum(shares.values()) == 100.0
