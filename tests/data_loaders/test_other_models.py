"""Other models than a run's own on its held-out questions, through eval.py."""

import base64
import dataclasses
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flax import nnx
from PIL import Image

import eval as evaluation_script
from spatialvlm_jax.models.checkpoint_file import save_safetensors
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.scene.altered_pictures import GREY
from spatialvlm_jax.weights.settings import settings_of
from tests.asking.scripted_endpoint import scripted_endpoint
from tests.generation.pictures import PictureSource, pairs, picture, store_pictures
from tests.test_eval import experiment_on, run

IMAGES = 3
QUESTIONS = IMAGES * len(pairs(0))
TRUTHS = [{pair.question: pair.answer for pair in pairs(index)} for index in range(IMAGES)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    store_pictures(PictureSource(), {"validation": IMAGES}, folder)
    return folder


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("OPENAI_API_KEY", "a key")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with scripted_endpoint() as server:
        server.script = lambda question, number: f"I think {TRUTHS[0][question]}"
        yield server


def summary_of(workdir: Path) -> dict[str, Any]:
    return json.loads((workdir / "summary.json").read_text())


def table_of(said: str) -> str:
    """What is printed, without what was waited for."""
    return said[said.index("metric ") :]


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def write_weights(path: Path, data: Path) -> None:
    experiment = experiment_on(str(data))
    header = {"config": json.dumps(dataclasses.asdict(experiment)), **settings_of(experiment)}
    save_safetensors(path, VLM(experiment.model, rngs=nnx.Rngs(0)), {"step": "7", **header})


def asked_of(endpoint: Any) -> str:
    return f"--model=openai:http://127.0.0.1:{endpoint.server_port}/v1"


def sent_picture(request: dict[str, Any]) -> np.ndarray:
    url = request["messages"][0]["content"][0]["image_url"]["url"]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


def test_a_model_of_ours_answers_as_in_its_own_evaluation(data, tmp_path, capsys) -> None:
    weights = tmp_path / "tiny.safetensors"
    write_weights(weights, data)
    own, other, read = (tmp_path / name for name in ("own", "other", "read"))
    assert run(data, own, f"--checkpoint={weights}") == 0
    table = table_of(capsys.readouterr().out)
    assert run(data, other, f"--model={weights}") == 0
    assert table_of(capsys.readouterr().out).replace("/other/", "/own/") == table
    assert (other / "predictions.jsonl").read_text() == (own / "predictions.jsonl").read_text()
    assert summary_of(other) == summary_of(own)
    for workdir in (own, other):
        shown = [row["image_id"] for row in lines_of(workdir / "pictures.jsonl")]
        assert shown == [f"fake-{number:04d}" for number in range(IMAGES)]
    (first, *_) = lines_of(other / "replies.jsonl")
    assert (first["model"], first["track"], first["probe"]) == ("tiny", "pixels", "")
    assert first["prompt"] == pairs(0)[0].question
    page = (other / "report.html").read_text()
    assert "<h1>tiny</h1>" in page
    assert "the questions of tiny · track pixels" in page
    assert not list((other / "evaluations").glob("step_*"))
    # What an evaluation writes is a file of predictions, too.
    assert run(data, read, f"--predictions={own / 'predictions.jsonl'}") == 0
    assert summary_of(read) == summary_of(own)
    assert {line["track"] for line in lines_of(read / "predictions.jsonl")} == {"pixels"}


def test_an_endpoint_is_asked_what_it_has_not_answered(endpoint, data, tmp_path, capsys) -> None:
    workdir = tmp_path / "asked"
    few = [asked_of(endpoint), "--at-once=1", "--config.eval.images=1"]
    assert run(data, workdir, *few, "--most-requests=2") == 2
    assert "--most-requests=2 are spent; what is answered is kept" in capsys.readouterr().err
    assert len(lines_of(workdir / "replies.jsonl")) == 2
    assert run(data, workdir, *few) == 0
    assert len(endpoint.requests) == len(pairs(0))
    assert (sent_picture(endpoint.requests[-1][1]) == picture(0).image).all()
    found = summary_of(workdir)
    assert found["qualitative_accuracy"]["value"] == found["within_25"]["value"] == 1
    predictions = lines_of(workdir / "predictions.jsonl")
    assert {line["prompt"] for line in predictions} == set(TRUTHS[0])
    assert "I think" in (workdir / "report.html").read_text()
    assert run(data, workdir, *few) == 0
    assert len(endpoint.requests) == len(pairs(0))


def test_an_endpoint_that_dies_half_way_leaves_figures_and_the_same_command_goes_on(
    endpoint, data, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["eval.py", "--workdir=of this"])
    undisturbed, workdir = tmp_path / "undisturbed", tmp_path / "asked"
    command = ["--at-once=1", "--retries=0"]
    assert run(data, undisturbed, asked_of(endpoint), *command) == 0
    assert "partial" not in (undisturbed / "report.html").read_text().lower()
    answered = QUESTIONS // 2
    with scripted_endpoint() as mortal:

        def script(question: str, number: int) -> str:
            if number == answered:  # the last one that it says
                mortal.socket.close()
            return endpoint.script(question, number)

        mortal.script = script
        assert run(data, workdir, asked_of(mortal), *command) == 2
        address = asked_of(mortal)
    said = capsys.readouterr()
    missing = QUESTIONS - answered
    told = f"{missing} of {QUESTIONS} questions have no reply and count as not answered"
    last = said.err.strip().splitlines()[-1]
    assert last.startswith(f"error: partial: {told} (")
    assert ": not asked yet; " in last
    assert ": nothing answers there: [Errno" in last
    assert "questions in a row got no reply, the last one nothing answers there" in last
    assert last.endswith("what is answered is kept, go on by python eval.py '--workdir=of this'")
    assert f"partial: {told}" in said.out
    assert "report: " in said.out
    page = (workdir / "report.html").read_text()
    assert "<h1>listed (partial)</h1>" in page
    assert told in page
    found = summary_of(workdir)
    assert found["not_answered"]["value"] == pytest.approx(missing / QUESTIONS)
    assert {found[name]["count"] for name in ("not_answered", "unreadable", "wrong")} == {QUESTIONS}
    lines = lines_of(workdir / "predictions.jsonl")
    assert sum("failure" in line for line in lines) == missing
    # The file of a stopped run is marked alike, and says so, too.
    marked = tmp_path / "marked"
    assert run(data, marked, f"--predictions={workdir / 'predictions.jsonl'}") == 0
    assert summary_of(marked) == found
    assert capsys.readouterr().out.strip().splitlines()[-1].startswith(f"partial: {told}")
    # The same command, where the endpoint is there again.
    before = len(endpoint.requests)
    port = int(address.rpartition(":")[2].partition("/")[0])
    with scripted_endpoint(port) as risen:
        risen.script = endpoint.script
        assert run(data, workdir, address, *command) == 0
        assert len(risen.requests) == missing
    assert len(endpoint.requests) == before
    assert summary_of(workdir) == summary_of(undisturbed)
    for name in ("predictions.jsonl", "report.html"):
        assert (workdir / name).read_text() == (undisturbed / name).read_text()


def test_a_probe_that_is_stopped_is_left_out_and_told(endpoint, data, tmp_path, capsys) -> None:
    workdir, probes = tmp_path / "probed", "--config.eval.probes=blind,swap"
    bound = f"--most-requests={QUESTIONS + 1}"
    assert run(data, workdir, asked_of(endpoint), "--at-once=1", bound, probes) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"partial: blind, which is left out: {QUESTIONS - 1} of {QUESTIONS} questions" in last
    found = summary_of(workdir)
    assert found["not_answered"]["value"] == 0
    assert "blind" not in found["within_25"]
    assert "swap_consistency" not in found
    assert "partial" not in (workdir / "report.html").read_text()


def test_there_are_no_figures_of_nothing(endpoint, data, tmp_path, capsys) -> None:
    endpoint.script = lambda question, number: 401
    assert run(data, tmp_path / "asked", asked_of(endpoint), "--at-once=1") == 2
    assert "no question has a reply, so there are no figures: " in capsys.readouterr().err
    assert not (tmp_path / "asked" / "summary.json").exists()


def test_probes_show_another_model_grey_or_another_picture(endpoint, data, tmp_path) -> None:
    workdir = tmp_path / "probed"
    probes = "--config.eval.probes=blind,other_picture,swap"
    swapped = {"is the blue chair left of the red mug?": "no"}
    endpoint.script = lambda question, number: (TRUTHS[0] | swapped)[question]
    assert run(data, workdir, asked_of(endpoint), "--at-once=1", probes) == 0
    found = summary_of(workdir)
    assert {"blind", "other_picture"} <= found["within_25"].keys()
    assert found["swap_consistency"]["value"] == 1
    shown = [sent_picture(body) for _, body in endpoint.requests]
    assert len(shown) == 3 * QUESTIONS + IMAGES
    own, blind, other = (np.stack(shown[QUESTIONS * n : QUESTIONS * (n + 1)]) for n in range(3))
    assert (blind == GREY).all()
    assert all((one != two).any() for one, two in zip(own, other, strict=True))
    assert {each.tobytes() for each in own} == {each.tobytes() for each in other}


def test_questions_without_a_reply_are_told_after_the_figures(
    endpoint, data, tmp_path, capsys
) -> None:
    def script(question: str, number: int) -> Any:
        return 400 if number == 2 else TRUTHS[0][question]

    endpoint.script = script
    command = [asked_of(endpoint), "--at-once=1"]
    assert run(data, tmp_path / "asked", *command) == 2
    said = capsys.readouterr()
    told = f"error: partial: 1 of {QUESTIONS} questions have no reply and count as not answered"
    assert f"{told} (1: status 400: " in said.err
    assert "report: " in said.out
    missing = summary_of(tmp_path / "asked")["not_answered"]
    assert (missing["value"], missing["count"]) == (1 / QUESTIONS, QUESTIONS)
    assert run(data, tmp_path / "asked", *command) == 0
    assert len(endpoint.requests) == QUESTIONS + 1


def test_questions_are_written_for_a_model_elsewhere(data, tmp_path, capsys) -> None:
    folder = tmp_path / "questions"
    assert run(data, tmp_path / "unused", f"--questions-out={folder}") == 0
    assert f"{QUESTIONS} questions about {IMAGES} pictures" in capsys.readouterr().out
    lines = lines_of(folder / "questions.jsonl")
    assert [set(line) for line in lines] == [{"id", "image", "prompt", "image_id"}] * QUESTIONS
    said = []
    for line in lines:
        shown = np.asarray(Image.open(folder / line["image"]))
        number = next(n for n in range(IMAGES) if (picture(n).image == shown).all())
        said.append({"id": line["id"], "text": TRUTHS[number][line["prompt"]]})
    replies = tmp_path / "said.jsonl"
    replies.write_text("".join(json.dumps(each) + "\n" for each in said[:-1]))
    assert run(data, tmp_path / "marked", f"--predictions={replies}") == 0
    told = f"partial: 1 of {QUESTIONS} questions have no reply and count as not answered"
    assert capsys.readouterr().out.endswith(f"{told} (1: not in said.jsonl)\n")
    marks = [line["mark"] for line in lines_of(tmp_path / "marked" / "predictions.jsonl")]
    assert marks == ["right"] * (QUESTIONS - 1) + ["wrong"]
    # A harness that numbers questions by their place leaves its dump.
    dump = tmp_path / "samples.jsonl"
    rows = [{"doc_id": n, "filtered_resps": [each["text"]]} for n, each in enumerate(said)]
    dump.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run(data, tmp_path / "dumped", f"--predictions={dump}", "--as=lmms") == 0
    marks = [line["mark"] for line in lines_of(tmp_path / "dumped" / "predictions.jsonl")]
    assert marks == ["right"] * QUESTIONS
    # JSON may hold half of a pair of surrogates, as of a reply that was cut within an emoji.
    odd = [{**each, "text": f"{each['text']} \ud83d", "track": "<b>\ud83d"} for each in said]
    replies.write_text("".join(json.dumps(each) + "\n" for each in odd))
    assert run(data, tmp_path / "odd", f"--predictions={replies}") == 0
    assert "track &lt;b&gt;" in (tmp_path / "odd" / "report.html").read_text()
    assert run(data, tmp_path / "unused", f"--questions-out={folder}") == 2
    assert "is not an empty folder: name a new one" in capsys.readouterr().err


def test_ids_tell_sets_and_questions_apart(data, tmp_path) -> None:
    experiment = experiment_on(str(data))
    (one,) = experiment.eval.datasets
    sets = (one, dataclasses.replace(one, name="again", types=("height",)))
    settings = dataclasses.replace(experiment.eval, datasets=sets)
    experiment = dataclasses.replace(experiment, eval=settings)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(dataclasses.asdict(experiment)))
    command = [f"--config={config}", f"--workdir={tmp_path}/none"]
    assert evaluation_script.main([*command, f"--questions-out={tmp_path}/all"]) == 0
    lines = lines_of(tmp_path / "all" / "questions.jsonl")
    assert len({line["id"] for line in lines}) == len(lines)
    prompts = {line["id"]: line["prompt"] for line in lines}
    again = {key: prompts[key] for key in prompts if key.startswith("again/")}
    assert again
    for key, prompt in again.items():
        assert prompts[key.replace("again/", "pictures/")] == prompt


def test_replies_of_other_data_or_of_another_model_are_refused(
    endpoint, data, tmp_path, capsys
) -> None:
    workdir, few = tmp_path / "asked", "--config.eval.images=1"
    assert run(data, workdir, asked_of(endpoint), few) == 0
    assert run(data, workdir, f"{asked_of(endpoint)}#another", few) == 2
    error = capsys.readouterr().err
    assert "replies.jsonl holds replies of model 'listed', not 'another': name another" in error
    other = tmp_path / "other"
    store_pictures(PictureSource(), {"validation": IMAGES + 1}, other)
    assert run(other, workdir, asked_of(endpoint), few) == 2
    assert "holds replies of sets " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--model=small", "--predictions=said.jsonl"], "not allowed with argument --model"),
        (["--model=small", "--checkpoint=3"], "not allowed with argument"),
        (["--model=hf:nowhere"], "is no folder of a Hugging Face PaliGemma"),
        (["--predictions=nowhere.jsonl"], "nowhere.jsonl"),
        (["--predictions=said.jsonl", "--as=words"], "--as=words: there are jsonl, lmms, vlmeval"),
        (["--predictions={}/strange.jsonl"], "no question has the id 'elsewhere/0'"),
        (["--predictions={}/twice.jsonl"], "question 'fake-0000/0' has two replies"),
    ],
)
def test_what_cannot_be_evaluated_is_told_in_a_line(flags, message, data, tmp_path, capsys) -> None:
    for name, ids in (("strange", ["elsewhere/0"]), ("twice", ["fake-0000/0"] * 2)):
        rows = [json.dumps({"id": each, "text": "yes"}) + "\n" for each in ids]
        (tmp_path / f"{name}.jsonl").write_text("".join(rows))
    words = [flag.replace("{}", str(tmp_path)) for flag in flags]
    assert run(data, tmp_path / "run", *words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("error: ")
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "run" / "summary.json").exists()


def test_the_figures_of_a_run_are_not_written_over(data, tmp_path, capsys) -> None:
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    assert run(data, tmp_path / "run", "--model=small") == 2
    error = capsys.readouterr().err
    assert f"--workdir={tmp_path}/run is of a run, whose own figures would be" in error
    assert f"--config={tmp_path}/run/config.json" in error
