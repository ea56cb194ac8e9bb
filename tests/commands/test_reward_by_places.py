"""`spatialvlm reward` with a model that tells places."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from spatialvlm_jax import cli
from spatialvlm_jax.inference.putting import PutQuestion
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.rewards.episode_rewards import read_origin
from tests.rewards.known import answer_of

GOAL = "--goal=distance between the gripper and the can"
HEIGHTS = {250: 0.3, 125: 0.2, 50: 0.1}


class Placing:
    """A loaded model: the gripper comes down from 0.3 m over the can, which the last frame has
    elsewhere."""

    tells_places = True
    tokenizer = Tokenizer.from_config("small")
    asked = 0

    def put(self, question: str) -> PutQuestion:
        return PutQuestion(question)

    def ask_each(self, asked, **how):
        Placing.asked += len({id(picture) for picture, _ in asked})
        return [[answer_of(picture.image, *words)] for picture, words in asked]

    def place_each(self, asked, *, camera):
        found = []
        for picture, questions in asked:
            gray = int(picture.image[0, 0, 0])
            can = (0.0, 1.0 if gray > 50 else 1.5, 0.0)
            # Of the hand that holds it, too, which is 0.1 m above, and 0.2 m higher at last.
            above = {"gripper": 0.0, "hand": 0.1 if gray > 50 else 0.3}
            found.append(
                [
                    np.array([[0.0, 1.0, HEIGHTS[gray] + above[each.names[0]]], can])
                    for each in questions
                ]
            )
        return found


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", lambda *where: Placing())
    (tmp_path / "a").mkdir()
    for place, gray in enumerate(HEIGHTS):
        Image.fromarray(np.full((8, 8, 3), gray, np.uint8)).save(tmp_path / "a" / f"{place}.png")
    return ["reward", str(tmp_path / "a"), GOAL, "--window=1", f"--out={tmp_path}/r.parquet"]


@pytest.mark.parametrize(
    ("flags", "first", "last"),
    [
        ([], 1.0, 0.2),
        (["--by=answers"], 1.0, 0.2),
        (["--by=places"], 0.3, (0.1**2 + 0.5**2) ** 0.5),
        (["--still"], 0.3, 0.1),
    ],
)
def test_distances_come_from_places(words, flags, first, last, tmp_path, capsys) -> None:
    assert cli.main([*words, *flags]) == 0
    table = parquet.read_table(tmp_path / "r.parquet")
    np.testing.assert_allclose(table["distance_m"].to_numpy()[[0, 2]], [first, last], rtol=1e-5)
    origin = read_origin(tmp_path / "r.parquet")
    assert origin["still"] is ("--still" in flags)
    assert origin["episodes"][0]["by"] == ("answers" if first == 1.0 else "places")
    asked = Placing.asked
    assert cli.main([*words, "--still"]) == 0  # from what was read before
    assert parquet.read_table(tmp_path / "r.parquet")["distance_m"][2].as_py() == pytest.approx(0.1)
    assert Placing.asked == asked


def test_what_is_held_goes_with_its_holder(words, tmp_path, capsys) -> None:
    held = [*words, "--still", "--held-by=the hand"]
    assert cli.main(held) == 0
    asked = Placing.asked
    assert cli.main(held) == 0  # from what was read before
    assert Placing.asked == asked
    distances = parquet.read_table(tmp_path / "r.parquet")["distance_m"].to_numpy()
    # It is seen at 0.1 m and carried at 0.3 m at last, which is too far apart to be both.
    np.testing.assert_allclose(distances, [0.3, 0.2, 0.3], rtol=0.02)
    assert cli.main([*words, "--held-by=the hand", "--by=answers"]) == 2
    assert "was begun for something else (by): name another --out" in capsys.readouterr().err
    assert cli.main(words) == 2
    assert "something else (question_of_holder)" in capsys.readouterr().err


def test_places_that_are_not_told_are_an_error(words, tmp_path, capsys, monkeypatch) -> None:
    wanted = "no places are told, of this goal or by this model: leave --still and --by=places out"
    gap = [each.replace("distance", "gap") for each in words]
    assert cli.main([*gap, "--by=places"]) == 2
    assert wanted in capsys.readouterr().err
    assert cli.main([*gap, "--still"]) == 2
    assert "is from cannot stand still" in capsys.readouterr().err
    assert cli.main([*words, "--still", "--by=answers"]) == 2
    assert "--still: answers tell no places" in capsys.readouterr().err
    assert cli.main([*words, "--there", "--unseen"]) == 2
    assert "which --unseen does not ask: say one" in capsys.readouterr().err
    monkeypatch.setattr(Placing, "tells_places", False)
    held = [*words[:-1], "--held-by=the hand", f"--out={tmp_path}/held.parquet"]
    assert cli.main(held) == 0
    assert "1 of 1 by answers: no places are told, of this goal" in capsys.readouterr().out
    assert cli.main([*words, "--still"]) == 2
    assert wanted in capsys.readouterr().err
    assert cli.main(words) == 0
    assert cli.main([*words, "--still"]) == 2  # from what was read before
    assert wanted in capsys.readouterr().err
