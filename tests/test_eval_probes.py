import json

from flax import nnx

from spatialvlm_jax.models.checkpoint_file import save_safetensors
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.weights.settings import settings_of
from tests.generation.pictures import PictureSource, pairs, store_pictures
from tests.test_eval import experiment_on, run

IMAGES = 3


def test_probes_ask_again_and_stand_beside_the_figures(tmp_path, capsys):
    data, workdir = tmp_path / "data", tmp_path / "run"
    workdir.mkdir()
    store_pictures(PictureSource(), {"validation": IMAGES}, data)
    experiment = experiment_on(str(data))
    weights = workdir / "model.safetensors"
    header = {"step": "7", **settings_of(experiment)}
    save_safetensors(weights, VLM(experiment.model, rngs=nnx.Rngs(0)), header)
    probes = "--config.eval.probes=blind,other_picture,swap"
    assert run(data, workdir, f"--checkpoint={weights}", probes) == 0
    table = capsys.readouterr().out
    assert "blind" in table
    assert "other picture" in table
    summary = json.loads((workdir / "summary.json").read_text())
    assert {"blind", "other_picture"} <= summary["number_given"].keys()
    assert summary["swap_consistency"]["count"] == IMAGES
    for probe in ("blind", "other_picture"):
        lines = (workdir / f"predictions_{probe}.jsonl").read_text().splitlines()
        assert len(lines) == IMAGES * len(pairs(0))
    turned = map(json.loads, (workdir / "predictions_swap.jsonl").read_text().splitlines())
    assert {line["question"] for line in turned} == {"is the blue chair left of the red mug?"}
    assert "other picture" in (workdir / "report.html").read_text()
