"""Benchmarks asked of models that say what the test wants, through the command."""

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax import cli
from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS
from tests.asking.saying import ONE_PICTURE, Saying, write_benchmarks
from tests.evaluation.benchmarks.published import SAMPLES, write_lines


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, Saying]:
    found = {"small128": Saying(), "other": Saying(lambda question: "It is A.", "others")}
    monkeypatch.setattr(
        "spatialvlm_jax.asking.respondents.load_to_ask", lambda where, tokenizer: found[where]
    )
    return found


def evaluate(folder: Path, *more: str) -> int:
    return cli.main(["evaluate", f"--data={folder}/data", f"--out={folder}/out", *more])


def lines(folder: Path, name: str, model: str = "small128") -> list[dict]:
    path = folder / "out" / "replies" / model / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_benchmark_of_one_picture_is_asked_and_marked(models, tmp_path, capsys) -> None:
    write_benchmarks(tmp_path / "data", ONE_PICTURE)
    flags = [f"--benchmark={name}" for name in ONE_PICTURE]
    # The lamp is too much for this model, which leaves questions about it without a reply.
    assert evaluate(tmp_path, *flags, "--track=boxes") == 1
    said = capsys.readouterr()
    assert "pope has no regions: it is asked with --track=pixels\n" in said.out
    assert "spatial_rgpt has no regions" not in said.out
    asked_again = said.err.strip().splitlines()[-3:]
    assert asked_again[0] == "small128, q_spatial: 1 got no reply: a question has 1025 tokens"
    assert asked_again[2].startswith("what is answered is kept; go on by ")
    found = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    assert [each["benchmark"] for each in found] == ONE_PICTURE
    scores = {each["benchmark"]: each for each in found}
    failed = {name: each["failures"] for name, each in scores.items() if each["failures"]}
    too_long = "a question has 1025 tokens"
    assert failed == {"q_spatial": {too_long: 1}, "msmu": {too_long: 3}}
    assert scores["q_spatial"]["states"]["not answered"] == 1
    asked = {name: each["questions"] + each["several_pictures"] for name, each in scores.items()}
    assert asked == {name: len(SAMPLES[name].ids) for name in ONE_PICTURE}
    assert scores["blink"]["several_pictures"] == 1
    assert scores["spatial_rgpt"]["track"] == "boxes"
    assert {each["track"] for name, each in scores.items() if name != "spatial_rgpt"} == {"pixels"}
    assert scores["emb_spatial"]["figures"]["official"]["accuracy"] == 1
    assert scores["emb_spatial"]["best_constant"] == 1
    assert scores["pope"]["best_constant"] == 0.5
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("<h2>") == len(ONE_PICTURE)
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert (tmp_path / "out" / "report.md").read_text() in said.out


def test_every_benchmark_is_in_one_report_with_what_others_said(models, tmp_path, capsys) -> None:
    write_benchmarks(tmp_path / "data", SAMPLES)
    (tmp_path / "data" / "notes").mkdir()
    for name in ("vsi_bench", "mmsi_bench", "cv_bench"):
        (tmp_path / "said" / "theirs").mkdir(parents=True, exist_ok=True)
        rows = [{"id": key, "text": "B"} for key in SAMPLES[name].ids]
        write_lines(
            tmp_path / "said" / "theirs" / f"{name}.jsonl", rows[: 3 if "cv" in name else 9]
        )
    (tmp_path / "said" / "dumped").mkdir()
    dump = [{"doc_id": n, "target": "B", "filtered_resps": ["B"]} for n in range(2)]
    write_lines(tmp_path / "said" / "dumped" / "mmsi_bench.lmms.jsonl", dump)
    write_lines(tmp_path / "said" / "dumped" / "mmsi_bench.blind.jsonl", dump)  # of a probe
    words = ["--benchmark=all", "--track=boxes", f"--said={tmp_path}/said"]
    evaluate(tmp_path, *words)
    report = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    found = {(each["benchmark"], each["model"]): each for each in report}
    asked = [name for name, model in found if model == "small128"]
    assert asked == ONE_PICTURE
    assert {name for name, _ in found} == set(BENCHMARKS)
    assert {model for name, model in found if name == "mmsi_bench"} == {"theirs", "dumped"}
    assert found["mmsi_bench", "dumped"]["figures"]["robust"]["accuracy"] == 1
    assert found["vsi_bench", "theirs"]["figures"]["robust"]["object_rel_direction"] == 1
    others = found["cv_bench", "theirs"]
    assert others["states"] == {"right": 3, "not answered": 1} | dict.fromkeys(
        ("partly right", "wrong", "unreadable"), 0
    )
    assert others["failures"] == {"not in cv_bench.jsonl": 1}
    assert others["track"] is None
    assert set(BENCHMARKS) <= set(re.findall(r"^## (\w+)", capsys.readouterr().out, re.MULTILINE))


def test_what_was_said_is_marked_alone_where_nobody_is_asked(models, tmp_path, capsys) -> None:
    write_benchmarks(tmp_path / "data", ["vsi_bench"])
    alone = ["--benchmark=vsi_bench", f"--said={tmp_path}/said"]
    assert evaluate(tmp_path, *alone) == 2
    assert "is no folder: it holds MODEL/vsi_bench.jsonl" in capsys.readouterr().err
    folder = tmp_path / "said" / "small128"
    folder.mkdir(parents=True)
    assert evaluate(tmp_path, *alone) == 2
    assert "has no MODEL/BENCHMARK.jsonl of vsi_bench" in capsys.readouterr().err
    write_lines(folder / "vsi_bench.jsonl", [{"id": "2", "text": "B"}])
    assert evaluate(tmp_path, *alone) == 0
    assert not models["small128"].asked
    (found,) = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    assert found["states"]["right"] == 1
    write_lines(folder / "vsi_bench.lmms.jsonl", [{"doc_id": 2, "resps": "B"}])
    assert evaluate(tmp_path, *alone) == 2
    assert "are of one model: keep one of them" in capsys.readouterr().err
    write_benchmarks(tmp_path / "data", ["cv_bench"])
    write_lines(folder / "cv_bench.jsonl", [{"id": "0", "text": "B"}])
    assert evaluate(tmp_path, "--benchmark=cv_bench", alone[1]) == 2
    assert "two models are named small128: rename the folder" in capsys.readouterr().err


def test_all_is_what_lies_there_and_can_be_asked(models, tmp_path, capsys) -> None:
    write_benchmarks(tmp_path / "data", ["vsi_bench", "vsr", "cv_bench"])
    assert evaluate(tmp_path, "--benchmark=all") == 0
    found = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    assert [each["benchmark"] for each in found] == ["cv_bench", "vsr"]
    assert "vsi_bench shows more than one picture: it is marked by" in capsys.readouterr().out
    assert cli.main(["evaluate", "--benchmark=all", f"--data={tmp_path}", f"--out={tmp_path}"]) == 2
    assert "has no folder of a benchmark that can be asked" in capsys.readouterr().err


def test_replies_are_kept_with_what_was_asked_and_are_not_asked_again(
    models, tmp_path, capsys
) -> None:
    write_benchmarks(tmp_path / "data", ["cv_bench"])
    assert evaluate(tmp_path, "--benchmark=cv_bench") == 0
    (first, *_) = lines(tmp_path, "cv_bench")
    assert first["prompt"].endswith("letter from the given choices directly.")
    assert (first["id"], first["text"], first["track"]) == ("0", "B", "pixels")
    assert (first["model"], first["weights"]) == ("small128", "weights")
    calls = len(models["small128"].asked)
    assert evaluate(tmp_path, "--benchmark=cv_bench") == 0
    assert len(models["small128"].asked) == calls
    # What another length of a reply may change is asked again; what was said is marked as well.
    capsys.readouterr()
    assert evaluate(tmp_path, "--benchmark=cv_bench", "--max-tokens=3") == 0
    assert (
        "4 replies were to other words or drawn otherwise, and are asked again"
        in capsys.readouterr().out
    )
    path = tmp_path / "out" / "replies" / "small128" / "cv_bench.jsonl"
    words = ["score", str(path), "--benchmark=cv_bench", f"--data={tmp_path}/data/cv_bench"]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("cv_bench, track pixels: replies 4\n")
    assert "combined  100.00 %  100.00 %" in said
    assert cli.main([*words, "--track=depth"]) == 2
    assert "was asked with --track=pixels, not depth" in capsys.readouterr().err


def test_models_stand_side_by_side_with_their_differences(models, tmp_path) -> None:
    write_benchmarks(tmp_path / "data", ["cv_bench", "vsr"])
    flags = ["--benchmark=cv_bench", "--benchmark=vsr", "--model=small128", "--model=other"]
    assert evaluate(tmp_path, *flags) == 0
    found = json.loads((tmp_path / "out" / "report.json").read_text())
    names = [(each["benchmark"], each["model"]) for each in found["scores"]]
    assert sorted(names) == [(b, m) for b in ("cv_bench", "vsr") for m in ("other", "small128")]
    cv = [each for each in found["differences"] if each["benchmark"] == "cv_bench"]
    assert [(each["rule"], each["difference"]) for each in cv] == [("official", 1), ("robust", 1)]
    text = (tmp_path / "out" / "report.md").read_text()
    assert "| other | robust | +100.0 |" in text


def test_the_worst_and_the_best_replies_stand_with_their_pictures(models, tmp_path) -> None:
    write_benchmarks(tmp_path / "data", ["cv_bench", "vsr"])
    (large,) = (tmp_path / "data" / "vsr" / "images").iterdir()
    noise = np.random.default_rng(0).integers(0, 256, (600, 900, 3)).astype(np.uint8)
    Image.fromarray(noise).save(large)
    flags = ["--benchmark=cv_bench", "--benchmark=vsr", "--model=small128", "--model=other"]
    assert evaluate(tmp_path, *flags) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    said = re.findall(r"<summary>(.*): the (worst|best) replies</summary>", page)
    # All that small128 says of CV-Bench is right and all that the other one says is wrong; neither
    # says yes or no.
    assert said == [
        ("small128", "best"),
        ("other", "worst"),
        ("small128", "worst"),
        ("other", "worst"),
    ]
    shown = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)" alt="picture ([^"]+)">', page)
    assert len(shown) == 4 + 4 + 2 + 2
    sizes = {Image.open(io.BytesIO(base64.b64decode(data))).size for data, _ in shown}
    assert sizes == {(16, 12), (192, 128)}
    assert "true: B, left;\nofficial 0, robust 0" in page


def test_replies_that_name_no_option_come_with_the_remedy(models, tmp_path, capsys) -> None:
    models["small128"] = Saying(lambda question: "Black, so no.", "mumbling")
    write_benchmarks(tmp_path / "data", ["emb_spatial", "gqa"])
    names = ["--benchmark=emb_spatial", "--benchmark=gqa", "--model=small128", "--model=other"]
    assert evaluate(tmp_path, *names) == 0
    hints = [line for line in capsys.readouterr().err.splitlines() if "name no option" in line]
    assert len(hints) == 1
    assert hints[0].startswith("small128, emb_spatial: 2 of 2 replies name no option; --by=likelih")


def test_the_likeliest_candidate_is_the_reply(models, tmp_path, capsys) -> None:
    write_benchmarks(tmp_path / "data", ["emb_spatial", "pope", "gqa"])
    names = ["--benchmark=emb_spatial", "--benchmark=pope", "--benchmark=gqa"]
    assert evaluate(tmp_path, *names, "--by=likelihood") == 0
    # Of the four letters two are likeliest alike, and the right one, B, has half of the mark.
    said = lines(tmp_path, "emb_spatial")
    assert [line["tied"] for line in said] == [["B", "D"]] * 2
    assert {line["text"] for line in said} <= {"B", "D"}
    found = json.loads((tmp_path / "out" / "report.json").read_text())["scores"][0]
    assert found["figures"]["official"]["accuracy"] == 0.5
    assert {line["text"] for line in lines(tmp_path, "pope")} == {"no"}
    asked = [pairs for call in models["small128"].asked for _, pairs in call]
    assert asked[0][0][1] == ("A", "B", "C", "D")
    # Words of one's own have no candidates: they are generated, which is told.
    assert all(isinstance(question, str) for question in asked[-1])
    printed = capsys.readouterr().out
    assert re.search(r"gqa: (\d+) of \1 questions have no options, nor yes or no: their", printed)
    assert "pope: " not in printed


def test_regions_are_called_by_names_that_were_added(models, tmp_path, capsys) -> None:
    write_benchmarks(tmp_path / "data", ["spatial_rgpt", "vsr"])
    path = tmp_path / "data" / "spatial_rgpt" / "val.jsonl"
    named = [["mug", "table"], ["mug", "table"], ["mug", "mug"], ["mug", "table"]]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows = [row | {"names": names} for row, names in zip(rows, named, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    models["small128"].say = lambda question: "the table, 1.4 m" if "table" in question else "1.4 m"
    asked = ["--benchmark=spatial_rgpt", "--benchmark=vsr", "--track=names"]
    assert evaluate(tmp_path, *asked) == 1
    found = lines(tmp_path, "spatial_rgpt")
    assert [line["prompt"] for line in found] == [
        "How wide is the mug?",
        "If you are at the mug, where is the table?",
        "Is the mug left of the mug?",
        "Which is taller, the mug or the table?",
    ]
    assert found[2]["failure"] == "two of its regions have one name: mug"
    scores = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    assert [each["track"] for each in scores] == ["names", "pixels"]
    assert scores[0]["figures"]["official"]["width"] == 1
    assert scores[0]["figures"]["official"]["tall_choice"] == 1
    # Its own file, whose prompts have the names, is of these questions.
    replies = tmp_path / "out" / "replies" / "small128" / "spatial_rgpt.jsonl"
    words = ["score", str(replies), "--benchmark=spatial_rgpt", f"--data={path}"]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert "spatial_rgpt, track names: replies 4, failed requests 1\n" in said


def test_a_part_is_asked_where_that_is_wanted(models, tmp_path) -> None:
    write_benchmarks(tmp_path / "data", ["cv_bench"])
    assert evaluate(tmp_path, "--benchmark=cv_bench", "--questions=2") == 0
    assert [line["id"] for line in lines(tmp_path, "cv_bench")] == ["0", "2"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--benchmark=vsi_bench", "each question of vsi_bench shows a video, and a model is asked"),
        ("--benchmark=mmsi_bench", "shows several pictures"),
        ("--benchmark=spatial_rgpt", "is shown in several ways: --track is one of boxes, names"),
        (
            "--benchmark=spatial_rgpt --track=names",
            "has a field 'names', which the published files",
        ),
        ("--benchmark=cv_bench --track=depth", "ask with --track=pixels"),
        ("--benchmark=cv_bench --track=camera", "small128 is told of no camera"),
        (
            "--benchmark=cv_bench --track=boxes",
            "cv_bench has no track 'boxes': --track is one of pixels, camera, depth",
        ),
        ("--benchmark=cv_bench --benchmark=vsr --track=names", "cv_bench has no track 'names'"),
        (
            "--benchmark=q_spatial --by=likelihood",
            "no question of q_spatial has options, or yes or no, to choose from",
        ),
        ("--benchmark=cv_bench --track=smell", "has no track 'smell': --track is one of pixels"),
        ("--benchmark=vsr", "names '000000000285.jpg', which is not in"),
        ("--benchmark=vsr --images={}/none", "is no folder of pictures"),
        ("--benchmark=cv_bench --model=small128 --model=small128", "two models are named small128"),
        ("--benchmark=cv_bench --model=hf:nowhere", "is no folder of a Hugging Face PaliGemma"),
        ("--benchmark=cv_bench --model=openai:ftp://x", "has no address such as"),
        ("--benchmark=cvbench", "no benchmark 'cvbench'"),
        ("--benchmark=gqa", "has no file questions.json"),
    ],
)
def test_what_cannot_be_asked_is_told_in_a_line(words, said, models, tmp_path, capsys) -> None:
    names = ["cv_bench", "vsr", "spatial_rgpt", "vsi_bench", "q_spatial"]
    write_benchmarks(tmp_path / "data", names)
    for path in (tmp_path / "data" / "vsr" / "images").iterdir():
        path.unlink()
    assert evaluate(tmp_path, *words.replace("{}", str(tmp_path)).split()) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.strip().count("\n") == 0


def test_a_file_of_other_weights_is_refused(models, tmp_path, capsys) -> None:
    write_benchmarks(tmp_path / "data", ["cv_bench"])
    assert evaluate(tmp_path, "--benchmark=cv_bench") == 0
    models["small128"].digest = "trained on"
    assert evaluate(tmp_path, "--benchmark=cv_bench") == 2
    assert "holds replies of weights 'weights', not 'trained on'" in capsys.readouterr().err


def test_a_run_that_was_killed_goes_on(models, tmp_path) -> None:
    write_benchmarks(tmp_path / "data", ["emb_spatial"])
    assert evaluate(tmp_path, "--benchmark=emb_spatial") == 0
    path = tmp_path / "out" / "replies" / "small128" / "emb_spatial.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])  # the last line is not whole
    models["small128"].asked.clear()
    assert evaluate(tmp_path, "--benchmark=emb_spatial") == 0
    assert [len(questions) for call in models["small128"].asked for _, questions in call] == [1]
    assert path.read_bytes() == whole
