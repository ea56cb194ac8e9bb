import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import decode


@pytest.mark.slow  # two programs are compiled
def test_packed_answers_are_those_of_questions_asked_one_by_one() -> None:
    parameters = decode.draw_parameters(decode.TINY)
    work = decode.Work.draw(decode.TINY, images=2, questions=3, length=5, tokens=4)
    alone = work.one_by_one()
    assert (work.sequences, alone.sequences, alone.images.shape[0]) == (6, 6, 6)
    said = decode.our_answers(work, parameters, "image_prefix")()
    assert said.shape == (6, 4)
    decode.check_equal("ours", said, decode.our_answers(alone, parameters, "image_prefix")())
    assert len(np.unique(said, axis=0)) > 1


def test_other_tokens_end_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="ours: 1 of 2 answers have other tokens"):
        decode.check_equal("ours", np.array([[1, 2], [3, 4]]), np.array([[1, 2], [3, 5]]))


def test_figures_are_beside_those_of_transformers() -> None:
    tokens = np.ones((2, 3), int)
    calls: list[str] = []

    def side(name: str) -> decode.Answer:
        def answer() -> np.ndarray:
            calls.append(name)
            return tokens

        return answer

    sides = {"transformers": (side("theirs"), 2), "ours": (side("ours"), 16)}
    found = decode.compare(sides, {"transformers": tokens, "ours": tokens}, rounds=3)
    assert calls == ["theirs", "ours"] * 4
    theirs, ours = found["transformers"], found["ours"]
    assert theirs["times_transformers"] == 1
    assert ours["times_transformers"] == pytest.approx(
        ours["sequences_per_second"] / theirs["sequences_per_second"]
    )
    assert [line.split("  ")[0] for line in decode.table(found)][2:] == ["transformers", "ours"]


def test_operations_are_those_of_the_towers() -> None:
    parameters = decode.draw_parameters(decode.TINY)
    encoder, decoder = decode.TINY.encoder, decode.TINY.decoder
    patches = (encoder.image_size // encoder.patch_size) ** 2
    work = decode.Work.draw(decode.TINY, images=2, questions=3, length=5, tokens=4)
    heads = (2 * decoder.heads + 2 * decoder.kv_heads) * decoder.head_size
    layer = decoder.width * (heads + 3 * decoder.mlp_width)
    # Of the last layer an image has keys alone, which is what nothing else reads.
    text = 6 * (5 + 3) * layer * decoder.depth + 6 * 4 * decoder.width * decoder.vocab_size
    image = patches * 2 * layer * (decoder.depth - 1)
    least = 2 * (text + image)
    assert least < decode.operations(work, parameters, "image_prefix") < 2 * least
    longer = dataclasses.replace(work, tokens=5)
    more = decode.operations(longer, parameters, "image_prefix")
    token = 2 * 6 * (layer * decoder.depth + decoder.width * decoder.vocab_size)
    assert token < more - decode.operations(work, parameters, "image_prefix") < 1.2 * token


def test_bounds_are_what_the_operations_take_at_a_rate() -> None:
    sides = {
        "transformers": {"seconds": 2.0, "sequences": 8, "sequences_per_second": 4.0},
        "ours": {"seconds": 1.0, "sequences": 8, "sequences_per_second": 8.0},
    }
    found = decode.with_bounds(sides, {"ours": 50_000_000_000}, 100e9)
    assert found["ours"]["times_transformers_at_best"] == pytest.approx(4.0)
    assert "times_transformers_at_best" not in found["transformers"]


@pytest.mark.experts
def test_all_sides_run_and_write_the_same_tokens(tmp_path: Path, monkeypatch, capsys) -> None:
    to = tmp_path / "decode.json"
    flags = ["--model=tiny", "--images=2", "--questions=2", "--tokens=4", "--rounds=1"]
    monkeypatch.setattr(sys, "argv", ["decode.py", *flags, f"--json={to}"])
    decode.main()
    written = json.loads(to.read_text())
    assert set(written["sides"]) == {"transformers", "ours", "ours, 2 questions an image"}
    assert written["sides"]["ours, 2 questions an image"]["sequences"] == 4
    assert "times transformers" in capsys.readouterr().out
