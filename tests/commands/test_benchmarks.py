import json
from pathlib import Path

import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS
from tests.evaluation.benchmarks.published import SAMPLES


def test_benchmarks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["benchmarks"]) == 0
    listed = capsys.readouterr().out
    assert [line for line in listed.splitlines() if line and line[0] != " "] == list(BENCHMARKS)
    assert listed.count("  licence") == listed.count("  from") == len(BENCHMARKS)
    sites = [line.split()[-1] for line in listed.splitlines() if line.startswith("  found at")]
    assert sites == [each.site for each in BENCHMARKS.values()]
    assert len(set(sites)) == len(BENCHMARKS)
    assert all(site.startswith("https://") for site in sites)
    assert cli.main(["benchmarks", "pope"]) == 0
    assert "  questions   3 x 3,000 on 500 pictures" in capsys.readouterr().out
    assert cli.main(["benchmarks", "gqa"]) == 0
    rules = "lmms-eval, no case, no punctuation; VLMEvalKit, no case"
    assert f"  other rules {rules}\n" in capsys.readouterr().out


def test_questions_are_written_as_they_are_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    SAMPLES["gqa"].write(tmp_path / "data")
    words = ["benchmarks", "gqa", f"--data={tmp_path}/data", f"--questions={tmp_path}/q.jsonl"]
    assert cli.main(words) == 0
    assert capsys.readouterr().out == f"{tmp_path}/q.jsonl: 2 questions, 0 left out\n"
    first = json.loads((tmp_path / "q.jsonl").read_text().splitlines()[0])
    prompt = "What is under the mug?\nAnswer the question using a single word or phrase."
    assert first == {"id": "20100", "prompt": prompt, "image_id": "n0"}


def test_pictures_are_found_or_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("data", "images/deep"):
        (tmp_path / name).mkdir(parents=True)
    SAMPLES["gqa"].write(tmp_path / "data")
    (tmp_path / "images" / "deep" / "n0.jpg").write_bytes(b"")
    words = ["benchmarks", "gqa", f"--data={tmp_path}/data", f"--questions={tmp_path}/q.jsonl"]
    words.append(f"--images={tmp_path}/images")
    assert cli.main(words) == 2
    told = capsys.readouterr().err
    named = "questions.json: record '20101': field 'imageId' names 'n1.jpg', which is not in"
    assert named in told
    assert told.count("\n") == 1
    assert cli.main([*words, "--allow-missing"]) == 0
    assert "q.jsonl: 1 questions, 1 left out\nleft out: " in capsys.readouterr().out
    (line,) = (tmp_path / "q.jsonl").read_text().splitlines()
    assert json.loads(line)["image"] == f"{tmp_path}/images/deep/n0.jpg"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("gqa --data={}", "questions are written of one benchmark"),
        ("--data={} --questions={}/q.jsonl", "questions are written of one benchmark"),
        ("gqa --data={} --questions={}/q.csv", "must name a .jsonl file"),
        ("gqa --data={} --questions={}/q.jsonl", "has no file questions.json"),
        ("gqa --data={} --questions={}/q.jsonl", "gqa is found by way of https://cs.stanford.edu"),
        (
            "pope --data={}/no --questions={}/q.jsonl",
            "found by way of https://github.com/AoiDragon",
        ),
        ("gqa --data={} --questions={}/old.jsonl", "is what is read"),
        ("nope", "no benchmark 'nope'"),
        ("blink --data={} --questions={}/q.jsonl --images={}", "names no files of pictures"),
        ("gqa --data={} --questions={}/q.jsonl --images={}/x", "is no folder of pictures"),
    ],
)
def test_mistakes_are_told_in_a_line(
    words: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.jsonl").write_text("")
    assert cli.main(["benchmarks", *words.replace("{}", str(tmp_path)).split()]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
