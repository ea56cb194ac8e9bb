import json
from pathlib import Path

import pytest

from spatialvlm_jax import cli
from tests.evaluation.benchmarks.published import SAMPLES, write_lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    SAMPLES["cv_bench"].write(tmp_path / "data")
    return tmp_path


def test_replies_are_scored_under_every_rule(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = ["B", "It is B, not A.", "Failed to obtain answer via API."]
    write_lines(folder / "a.jsonl", [{"id": n, "text": text} for n, text in enumerate(texts)])
    words = ["score", str(folder / "a.jsonl"), "--benchmark=cv_bench", f"--data={folder}/data"]
    assert cli.main([*words, "--spread", f"--json={folder}/figures.json"]) == 0
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert lines[0] == "cv_bench: replies 3, missing replies 1, failed requests 1"
    columns = ["official", "robust", "lmms-eval's first letter", "EASI's last lines"]
    assert [column in lines[1] for column in columns] == [True] * 4
    shares = {line.split("  ")[0].strip(): line.split("%")[:-1] for line in lines[3:]}
    assert [float(share.split()[-1]) for share in shares["combined"]] == [25, 50, 25, 25, 25, 25]
    assert "by the robust rule: 2 right, 2 not answered" in said
    assert "replies that never change, the best of those tried: 100.00 %, robust\n" in said
    assert "official and robust differ in 1 of 4 (25.00 %)" in said
    assert "  1: official 0 robust 1; true 'B', said \"It is B, not A.\"" in said
    found = json.loads((folder / "figures.json").read_text())
    assert found["figures"]["robust"]["combined"] == 0.5
    assert found["states"]["not answered"] == 2
    assert found["best_constant"] == 1
    assert found["counts"]["missing_replies"] == 1


@pytest.mark.parametrize("name", ["msmu", "whats_up", "spar_bench"])
def test_a_spread_that_adds_no_rule_says_so(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    SAMPLES[name].write(tmp_path / "data")
    write_lines(tmp_path / "a.jsonl", [{"id": SAMPLES[name].ids[0], "text": "B"}])
    words = ["score", f"{tmp_path}/a.jsonl", f"--benchmark={name}", f"--data={tmp_path}/data"]
    assert cli.main([*words, "--spread"]) == 0
    told = f"no rule of another scorer of {name} is known here: --spread adds none\n"
    said = capsys.readouterr().out
    assert (told in said) == (name != "spar_bench")
    assert ("lmms-eval  VLMEvalKit" in said) == (name == "spar_bench")
    assert cli.main(words) == 0
    assert "--spread" not in capsys.readouterr().out


def test_a_dump_of_a_harness_is_scored(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {
            "doc_id": number,
            "target": "(B)",
            "filtered_resps": ["B"],
            "input": f"Note: pick one.\nWhich is nearer, in picture {number}? Select.",
        }
        for number in range(4)
    ]
    write_lines(folder / "d.jsonl", rows)
    words = ["--as=lmms", "--benchmark=cv_bench", f"--data={folder}/data"]
    assert cli.main(["score", str(folder / "d.jsonl"), *words]) == 0
    assert "combined  100.00 %  100.00 %" in capsys.readouterr().out


def test_replies_go_to_the_forms_of_harnesses_and_back(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": number, "text": text} for number, text in enumerate(("B", "left", "A"))]
    write_lines(folder / "a.jsonl", rows)
    words = ["--benchmark=cv_bench", f"--data={folder}/data"]
    out = [f"--write-lmms={folder}/l.jsonl", f"--write-vlmeval={folder}/v.tsv"]
    assert cli.main(["score", f"{folder}/a.jsonl", *words, *out]) == 0
    said = [capsys.readouterr().out]
    for file, form in (("l.jsonl", "lmms"), ("v.tsv", "vlmeval")):
        assert cli.main(["score", f"{folder}/{file}", f"--as={form}", *words]) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] == said[2]


def test_two_models_are_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, texts in (("a", "BBA"), ("b", "BAA")):
        rows = [{"id": number, "text": text} for number, text in enumerate(texts)]
        write_lines(folder / f"{name}.jsonl", rows)
    words = ["--benchmark=cv_bench", f"--data={folder}/data", f"--against={folder}/b.jsonl"]
    assert cli.main(["score", f"{folder}/a.jsonl", *words]) == 0
    said = capsys.readouterr().out
    assert "  robust +25.00 points, 95 % interval " in said
    assert "right: both 1, only the first 1, only the second 0, neither 2" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--benchmark=nope --data={}/data", "no benchmark 'nope'"),
        ("--benchmark=cv_bench --data={}/nope", "does not exist; cv_bench reads"),
        ("--benchmark=spatial_rgpt --data={}/data", "--track is one of"),
        ("--benchmark=pope --data={}/data", "has no file .json or .jsonl"),
        ("--benchmark=cv_bench --data={}/data --as=excel", "there are jsonl, lmms, vlmeval"),
        ("--benchmark=cv_bench --data={}/data --write-lmms={}/a.jsonl", "is what is read"),
        ("--benchmark=cv_bench --data={}/data --write-vlmeval=a.csv", "must name a .tsv file"),
        ("--benchmark=vsr --data={} --write-lmms={}/other.jsonl", "is what is read"),
        ("--benchmark=cv_bench", "required: --data"),
        ("--benchmark=vsr --data={}/a.jsonl", "field 'label' is missing"),
    ],
)
def test_mistakes_are_told_in_a_line(
    words: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a.jsonl", "other.jsonl"):
        write_lines(folder / name, [{"id": 1, "text": "B"}])
    command = ["score", f"{folder}/a.jsonl", *words.replace("{}", str(folder)).split()]
    assert cli.main(command) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
