import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import save_file

import eval as evaluation_script
from data_loaders import answer_values, model_evaluation
from data_loaders.build import train_loader
from spatialvlm_jax import cli
from spatialvlm_jax.batch import NOT_TOLD
from spatialvlm_jax.evaluation.report import results
from spatialvlm_jax.evaluation.scorer import Scorer
from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    DecoderConfig,
    EncoderConfig,
    EvalConfig,
    Experiment,
    MeshConfig,
    ModelConfig,
)
from spatialvlm_jax.inputs.tokenizer import load_tokenizer
from spatialvlm_jax.models.checkpoint_file import flat_params, save_safetensors
from spatialvlm_jax.models.score import ROOT
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training.checkpoints.checkpoint import Checkpoints
from spatialvlm_jax.training.checkpoints.load_model import find_run_checkpoint, restore_model
from spatialvlm_jax.training.checkpoints.resume import describe_run
from spatialvlm_jax.training.optim import make_optimizer
from spatialvlm_jax.training.provenance import write_provenance
from spatialvlm_jax.training.sharding import device_mesh
from spatialvlm_jax.training.state import ModelTemplate, Parameters, create_state, parameters_of
from spatialvlm_jax.weights.safetensor_files import read_safetensors
from spatialvlm_jax.weights.settings import settings_of
from tests.generation.pictures import PictureSource, pairs, picture, store_pictures

IMAGES = 5
MESH = device_mesh(MeshConfig(), jax.local_devices()[:1])
CONFIG = """
from spatialvlm_jax.batch import CameraInput
from spatialvlm_jax.config import to_config_dict
from tests.test_eval import experiment_on

def get_config(path):
    return to_config_dict(experiment_on(path))
"""

HOLD = """
import sys
from pathlib import Path
from spatialvlm_jax.storage.only_writer import only_writer

with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def experiment_on(path: str) -> Experiment:
    dataset = DatasetConfig(name="pictures", path=path, split="validation")
    encoder = EncoderConfig(image_size=16, width=8, depth=1, heads=1, mlp_width=8)
    decoder = DecoderConfig(
        width=8, depth=1, heads=1, kv_heads=1, head_size=8, mlp_width=8, vocab_size=1024
    )
    return Experiment(
        name="tiny",
        model=ModelConfig(encoder=encoder, decoder=decoder),
        data=DataConfig(datasets=(dataset,), batch_size=2, length=128),
        eval=EvalConfig(datasets=(dataset,), batch_size=2, pairs_per_image=8, max_answer_tokens=8),
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    store_pictures(PictureSource(), {"validation": IMAGES}, folder)
    return folder


@pytest.fixture(scope="module")
def start(data) -> Parameters:
    return jax.jit(model_template(experiment_on(str(data))).initialise)()


@pytest.fixture(scope="module")
def trained(data, start, tmp_path_factory) -> Path:
    """A workdir with whole checkpoints of steps 3 and 7 and a weight file of step 7."""
    workdir = tmp_path_factory.mktemp("trained")
    experiment = experiment_on(str(data))
    template = model_template(experiment)
    optimizer = make_optimizer(experiment.optim, 1_000)
    checkpoints = Checkpoints(workdir / "checkpoints", keep=3)
    loader = train_loader(experiment)
    for step in (3, 7):
        values = {name: x + 0.01 * step for name, x in start.items()}
        state = create_state(values, lambda name: False, optimizer, jnp.float32)
        state = type(state)(jnp.int32(step), state.trainable, state.frozen, state.opt_state)
        checkpoints.save(state, iter(loader), describe_run(experiment))
    checkpoints.close()
    header = {"step": "7", **settings_of(experiment)}
    save_safetensors(workdir / "model.safetensors", template.model(values), header)
    return workdir


def model_template(experiment: Experiment) -> ModelTemplate:
    return ModelTemplate.of(lambda: VLM(experiment.model, rngs=nnx.Rngs(0)))


def run(data: Path, workdir: Path, *flags: str) -> int:
    config = workdir.parent / f"{workdir.name}_config.py"
    config.write_text(CONFIG)
    return evaluation_script.main([f"--config={config}:{data}", f"--workdir={workdir}", *flags])


def test_every_answer_meets_its_own_question(data, trained, monkeypatch):
    """A model that knows the truth of every picture is right everywhere."""
    experiment = experiment_on(str(data))
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    pictures = [picture(index).image for index in range(IMAGES)]

    def oracle(model, images, prefix_tokens, prefix_lengths, *, max_tokens, eos_id, camera):
        assert camera == NOT_TOLD
        tokens = np.zeros((*prefix_lengths.shape, max_tokens + 24), np.int32)
        for row, slot in np.argwhere(np.asarray(prefix_lengths) > 0):
            number = next(
                i for i, picture in enumerate(pictures) if np.array_equal(picture, images[row])
            )
            ids = np.asarray(prefix_tokens)[row, slot, : prefix_lengths[row, slot]].tolist()
            question = tokenizer.decode(ids).strip()
            answer = next(pair.answer for pair in pairs(number) if pair.question == question)
            said = [*tokenizer.encode_suffix(answer), 9]  # what follows the end does not count
            tokens[row, slot, : len(said)] = said
        return jnp.asarray(tokens)

    monkeypatch.setattr(model_evaluation, "generate", oracle)
    model, _ = restore_model(experiment, trained)
    scorer = model_evaluation.evaluate_model(model, experiment, tokenizer, MESH)
    assert len(scorer) == IMAGES * len(pairs(0))
    assert [answer.prediction for answer in scorer.answers()] == [
        answer.record.answer for answer in scorer.answers()
    ]
    assert {answer.mark for answer in scorer.answers()} == {"right"}
    assert list(scorer.pictures.small) == [f"fake-{i:04d}" for i in range(IMAGES)]


def test_every_distribution_meets_its_own_question(data, trained, monkeypatch):
    """Likelihoods that fall off on both sides of the truth are read as the truth."""
    experiment = dataclasses.replace(
        experiment_on(str(data)),
        eval=dataclasses.replace(experiment_on(str(data)).eval, scored_values=32),
    )
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    pictures = [picture(index).image for index in range(IMAGES)]

    def truth(image, ids):
        number = next(i for i, each in enumerate(pictures) if np.array_equal(each, image))
        question = tokenizer.decode(ids.tolist()).strip()
        return next(pair.value for pair in pairs(number) if pair.question == question)

    def oracle(model, asked, trees):
        images, tokens, lengths = map(np.asarray, asked[:3])
        trees = jax.tree.map(np.asarray, trees)
        scores = np.full(trees.last.shape, -np.inf)
        for row, slot, answer in np.argwhere(trees.last > 0):
            if lengths[row, slot]:
                node, ids = trees.ends[row, slot, answer], [trees.last[row, slot, answer]]
                while node != ROOT:
                    ids.append(trees.tokens[row, slot, node])
                    node = trees.parents[row, slot, node]
                said = float(tokenizer.decode(ids[::-1]))
                true = truth(images[row], tokens[row, slot, : lengths[row, slot]])
                scores[row, slot, answer] = -(np.log(said / true) ** 2) / 0.02
        return jnp.asarray(scores)

    monkeypatch.setattr(answer_values, "read_questions", lambda model, *asked: asked)
    monkeypatch.setattr(answer_values, "score_answers", oracle)
    model, _ = restore_model(experiment, trained)
    answers = model_evaluation.evaluate_model(model, experiment, tokenizer, MESH).answers()
    read = [(answer.record, answer.reading) for answer in answers if answer.reading]
    assert len(read) == 2 * IMAGES
    assert {record.kind for record, _ in read} == {"quantitative"}
    for record, reading in read:
        assert reading.median == pytest.approx(record.value, rel=0.1)


def test_distributions_are_read_where_they_are_asked_for(data, trained, tmp_path):
    workdir = shutil.copytree(trained, tmp_path / "run")
    assert run(data, workdir, "--config.eval.scored_values=16") == 0
    summary = json.loads((workdir / "summary.json").read_text())
    assert summary["within_25_distribution"]["count"] == 2 * IMAGES
    assert summary["within_25_distribution"]["baseline"] == summary["within_25"]["baseline"]
    assert 0 <= summary["interval_90_covers_distribution"]["value"] <= 1
    lines = map(json.loads, (workdir / "predictions.jsonl").read_text().splitlines())
    for line in (line for line in lines if line["kind"] == "quantitative"):
        low, high = line["distribution"]["interval_90"]
        assert 0 < low < line["distribution"]["median"] < high
    kept = json.loads((workdir / "calibration.json").read_text())
    assert kept["step"] == 7
    copy = tmp_path / "copy.safetensors"
    assert cli.main(["export", str(workdir), str(copy)]) == 0
    header = read_safetensors(copy)[1]
    assert float(header["answer_temperature"]) == kept["answer_temperature"] > 0


def test_the_command_line_writes_figures_predictions_and_report(data, trained, capsys):
    experiment = experiment_on(str(data))
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    model, _ = restore_model(experiment, trained, "3")
    answers = model_evaluation.evaluate_model(model, experiment, tokenizer, MESH).answers()
    summary = results.save_evaluation(trained, 3, answers)
    overall = model_evaluation.overall_figures(summary)
    assert overall["number_given"] == results.load_evaluations(trained)[3]["number_given"]["value"]

    assert run(data, trained) == 0
    table = capsys.readouterr().out
    assert "track: pixels\n" in table
    assert "before" in table
    assert "baseline" in table
    assert "left_of" in table
    summary = json.loads((trained / "summary.json").read_text())
    assert Scorer().summary().keys() <= summary.keys()
    assert summary["number_given"]["count"] == 2 * IMAGES
    assert list(results.load_evaluations(trained)) == [3, 7]
    predictions = (trained / "predictions.jsonl").read_text().splitlines()
    assert len(predictions) == IMAGES * len(pairs(0))
    assert {json.loads(line)["track"] for line in predictions} == {"pixels"}
    page = (trained / "report.html").read_text()
    assert all(said in page for said in ("before, step 3", "training step 7 · track pixels"))

    assert run(data, trained, f"--checkpoint={trained / 'model.safetensors'}") == 0
    assert (trained / "predictions.jsonl").read_text().splitlines() == predictions


def test_of_several_lengths_the_first_counts_where_that_is_asked(data, trained, monkeypatch):
    monkeypatch.setattr(
        model_evaluation, "decode_answer", lambda *_: "A door is 1 km high, so it is 2 km."
    )
    for which, value in (("conclusion", 2_000), ("first", 1_000)):
        assert run(data, trained, f"--config.eval.which={which}") == 0
        lines = (trained / "predictions.jsonl").read_text().splitlines()
        said = {json.loads(line)["predicted_value"] for line in lines}
        assert said == {value, None}
    assert json.loads(results.evaluation_path(trained, 7).read_text())["which"] == "first"
    assert "the first counts" in (trained / "report.html").read_text()


def test_a_second_evaluation_is_refused_while_another_process_evaluates(data, trained, capsys):
    kept = {path: path.stat().st_mtime_ns for path in trained.glob("*.json*")}
    command = [sys.executable, "-c", HOLD, str(trained / "evaluations")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert run(data, trained) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: another run is writing to ")
        assert len(error.splitlines()) == 1
        assert {path: path.stat().st_mtime_ns for path in trained.glob("*.json*")} == kept
    assert run(data, trained) == 0


def test_parameters_are_restored_alone_and_from_the_step_asked(data, start, trained):
    experiment = experiment_on(str(data))
    for asked, step in (("", 7), ("3", 3)):
        model, found = restore_model(experiment, trained, asked)
        assert found == step
        for name, x in parameters_of(model).items():
            np.testing.assert_array_equal(x, start[name] + 0.01 * step)
    from_file, step = restore_model(experiment, trained, str(trained / "model.safetensors"))
    assert step == 7
    for name, x in flat_params(from_file).items():
        np.testing.assert_array_equal(x, start[name] + 0.07)


def test_a_damaged_newest_checkpoint_is_passed_over_and_left_alone(trained, tmp_path, caplog):
    shutil.copytree(trained / "checkpoints", tmp_path / "checkpoints")
    (tmp_path / "checkpoints" / "7" / "manifest.json").unlink()
    before = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert find_run_checkpoint(tmp_path).name == "3"
    assert "checkpoints/7: it was never finished; it is passed over" in caplog.text
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == before


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--checkpoint=5"], "no step 5; there are [7, 3]"),
        (["--checkpoint=last"], "neither a step nor a path"),
        (["--checkpoint=nowhere.safetensors"], "nowhere.safetensors"),
        (["--config.model.decoder.depth=2"], "model.decoder.depth=1"),
        (["--config.eval.batch_sise=2"], "did you mean batch_size"),
        (["--config.eval.datasets[0].path=nowhere"], "nowhere"),
        (["--config.model.attention=prefix", "--config.data.pairs_per_image=1"],
         "was made with model.attention=image_prefix, this run has prefix: evaluate with the "
         "configuration that trained it, the workdir's where --config is left out, or go on all "
         "the same with --config.checkpoint.accept=model.attention"),
        (["--config.data.resize=pad", "--config.data.prefix_template=answer en {question}"],
         "with data.prefix_template={question}, this run has answer en {question}; with "
         "data.resize=squash, this run has pad"),
        (["--config.model.decoder.width=16", "--config.model.decoder.depth=2",
          "--config.model.decoder.mlp_width=16", "--config.model.encoder.depth=2",
          "--config.model.encoder.mlp_width=16"],
         "with model.decoder.depth=1, this run has 2; with model.decoder.mlp_width=8, this run has "
         "16; with model.decoder.width=8, this run has 16; and 2 more differ: evaluate with"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_one_line_with_code_2(data, trained, capsys, flags, message):
    assert run(data, trained, *flags) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("error: ")
    assert len(error.splitlines()) == 1


def test_the_configuration_of_the_run_counts_where_none_is_named(data, trained, tmp_path, capsys):
    workdir = tmp_path / "run"
    shutil.copytree(trained, workdir)
    write_provenance(workdir, experiment_on(str(data)), Path(__file__).parent, "")
    assert run(data, trained) == 0
    by_file = (trained / "predictions.jsonl").read_text()
    assert evaluation_script.main([f"--workdir={workdir}"]) == 0
    assert (workdir / "predictions.jsonl").read_text() == by_file
    assert evaluation_script.main([f"--workdir={workdir}", "--config.eval.pairs_per_image=1"]) == 0
    assert len((workdir / "predictions.jsonl").read_text().splitlines()) == IMAGES
    capsys.readouterr()

    config = workdir / "config.json"
    settings = json.loads(config.read_text())
    for content, message in (
        (json.dumps({**settings, "name": 3}), f"error: {config}: config.name: 3 is not text\n"),
        ("[]", f"error: {config} is not the configuration of a run: it holds no JSON object\n"),
        ("", f"error: --config was left out, and {config} is not there: name the --workdir of a "),
    ):
        config.write_text(content)
        if not content:
            config.unlink()
        assert evaluation_script.main([f"--workdir={workdir}"]) == 2
        error = capsys.readouterr().err
        assert error.startswith(message)
        assert len(error.splitlines()) == 1


def test_a_weight_file_brings_the_configuration_of_its_run(data, trained, tmp_path, capsys):
    arrays, header = read_safetensors(trained / "model.safetensors")
    told = {**header, "config": json.dumps(dataclasses.asdict(experiment_on(str(data))))}
    save_file(arrays, tmp_path / "told.safetensors", told)
    save_file(arrays, tmp_path / "silent.safetensors", header)
    assert run(data, trained) == 0
    command = [f"--workdir={tmp_path / 'empty'}", f"--checkpoint={tmp_path / 'told.safetensors'}"]
    assert evaluation_script.main(command) == 0
    found = [(folder / "predictions.jsonl").read_text() for folder in (tmp_path / "empty", trained)]
    assert found[0] == found[1]
    capsys.readouterr()
    for name, reason in (
        ("silent", "does not say what it was made of"),
        ("lost", "there is no such file"),
    ):
        file = tmp_path / f"{name}.safetensors"
        assert evaluation_script.main([f"--workdir={tmp_path / name}", f"--checkpoint={file}"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert str(file) in line
        assert reason in line


def test_a_weight_file_is_read_under_its_own_rule_unless_another_is_asked_for(
    data, trained, capsys
):
    other = [f"--checkpoint={trained / 'model.safetensors'}", "--config.data.pairs_per_image=1"]
    other.append("--config.model.attention=prefix")
    assert run(data, trained, *other) == 2
    assert "with model.attention=image_prefix, this run has prefix" in capsys.readouterr().err
    for flags in (other, other[1:]):
        assert run(data, trained, *flags, "--config.checkpoint.accept=model.attention") == 0
    wide = ["--config.model.decoder.depth=2", "--config.checkpoint.accept=model.*"]
    assert run(data, trained, *wide) == 2
    assert "depth=1, this run has 2" in capsys.readouterr().err


def test_a_workdir_without_checkpoints_is_told_so(data, tmp_path, capsys):
    for flags in ([], ["--checkpoint=3"]):
        assert run(data, tmp_path / "no_such_run", *flags) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{tmp_path / 'no_such_run' / 'checkpoints'} does not exist; train first" in line
        assert not (tmp_path / "no_such_run").exists()
    (tmp_path / "empty").mkdir()
    assert run(data, tmp_path / "empty") == 2
    assert "train first" in capsys.readouterr().err
    missing = tmp_path / "missing.safetensors"
    assert run(data, tmp_path / "empty", f"--checkpoint={missing}") == 2
    assert str(missing) in capsys.readouterr().err
    assert not list((tmp_path / "empty").iterdir())
