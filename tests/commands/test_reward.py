"""`spatialvlm reward` with a model whose answers are in the gray of its pictures."""

import argparse
import base64
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from spatialvlm_jax import cli
from spatialvlm_jax.commands.reward import told_weights
from spatialvlm_jax.inference.putting import PutQuestion
from spatialvlm_jax.inference.sights import with_sight
from spatialvlm_jax.inference.spatial_answer import NEVER, Doubt, SpatialAnswer
from spatialvlm_jax.rewards.episode_rewards import COLUMNS, read_origin
from tests.rewards.episodes.written import write_lerobot_v3, write_rlds
from tests.rewards.known import answer_of

GOAL = "--goal=distance between the gripper and the can"


class Known:
    """A loaded model as far as `reward` needs it."""

    doubt = NEVER
    asked: int = 0
    tells_places = False

    def put(self, question: str) -> PutQuestion:
        return PutQuestion(question)

    def tell(self, picture, facts):
        return picture

    def ask_each(self, asked, *, camera, doubt: Doubt, wordings, scored_values):
        assert doubt.spread == 8.0
        Known.asked += len({id(picture) for picture, _ in asked})
        found: list[list[SpatialAnswer]] = []
        for picture, (question,) in asked:
            # Of a hand that holds the gripper, the dark half of the picture tells.
            is_hand = question == "how far is the center of the hand from the center of the can?"
            due = f"how far is the center of the {'hand' if is_hand else 'gripper'}"
            assert question == f"{due} from the center of the can?"
            image = picture.image[:, 8:] if is_hand else picture.image[:, :8]
            found.append([answer_of(image, question)])
        return found


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> type[Known]:
    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", lambda *where: Known())
    Known.asked = 0
    return Known


def write_approach(folder: Path, grays: list[int]) -> Path:
    folder.mkdir()
    for place, gray in enumerate(grays):
        image = np.full((16, 16, 3), gray, np.uint8)
        Image.fromarray(image).save(folder / f"{place}.png")
    return folder


def write_halves(folder: Path, left: int, grays: list[int], width: int) -> Path:
    """Frames whose left half stays as it is."""
    folder.mkdir()
    for place, gray in enumerate(grays):
        image = np.full((16, width, 3), left, np.uint8)
        image[:, width // 2 :] = gray
        Image.fromarray(image).save(folder / f"{place}.png")
    return folder


def test_folders_of_frames_become_a_table_and_a_picture(known, tmp_path, capsys) -> None:
    first = write_approach(tmp_path / "first", [250, 200, 150, 100, 50, 20, 20, 20, 20])
    second = write_approach(tmp_path / "second", [50, 0, 150, 200])
    out, drawn = tmp_path / "r.parquet", tmp_path / "r.svg"
    words = ["reward", str(first), str(second), GOAL, f"--out={out}", "--hold=3", "--window=3"]
    assert cli.main([*words, f"--picture={drawn}"]) == 0
    head, _, approach, retreat, *rest = capsys.readouterr().out.splitlines()
    assert head.split() == "episode frames valid first last monotonicity success".split()
    assert approach.split()[:3] == ["first", "9", "9"]
    assert approach.split()[-1] == "yes"
    assert retreat.split()[:3] == ["second", "4", "3"]
    assert retreat.split()[-1] == "no"
    assert rest == ["", str(out)]
    table = parquet.read_table(out)
    assert tuple(table.column_names) == COLUMNS
    assert table["index"].to_pylist() == list(range(13))
    assert table["episode_index"].to_pylist() == [0] * 9 + [1] * 4
    assert table["valid"].to_pylist() == [True] * 9 + [True, False, True, True]
    assert table["progress_sparse"][8].as_py() > 0.85
    assert read_origin(out)["goal"] == "distance between the gripper and the can"
    ElementTree.fromstring(drawn.read_text())
    assert known.asked == 13


def test_folders_of_one_name_are_told_apart(known, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("big").mkdir()
    for name in ("f1", "f2", "big/f1"):
        write_approach(Path(name), [250, 125])
    words = ["reward", "f1", "f2", "big/f1", GOAL, "--out=r.parquet", "--picture=r.svg"]
    assert cli.main(words) == 0
    rows = capsys.readouterr().out.splitlines()[2:5]
    assert [row.split()[0] for row in rows] == ["f1", "f2", "big/f1"]
    names = [each["name"] for each in read_origin(Path("r.parquet"))["episodes"]]
    assert names == ["f1", "f2", "big/f1"]
    assert ">big/f1</text>" in Path("r.svg").read_text()


def test_the_metadata_say_what_the_rewards_were_made_by(known, tmp_path, capsys) -> None:
    folder = write_approach(tmp_path / "a", [250, 125])
    words = ["reward", str(folder), GOAL, f"--out={tmp_path}/r.parquet", "--json"]
    made = ["--window=3", "--gamma=0.5", "--target=0.25", "--tolerance=0.3", "--hold=2"]
    assert cli.main([*words, *made]) == 0
    told = json.loads(capsys.readouterr().out)
    origin = read_origin(tmp_path / "r.parquet")
    for each in (told, origin):
        assert [each[name] for name in ("window", "gamma", "target")] == [3, 0.5, 0.25]
        assert [each[name] for name in ("tolerance", "hold", "camera")] == [0.3, 2, {}]
    words[3] = f"--out={tmp_path}/s.parquet"
    assert cli.main([*words, "--fov=60", "--pitch=0"]) == 0
    assert read_origin(tmp_path / "s.parquet")["camera"] == {"fov": 60.0, "pitch": 0.0}
    root = write_lerobot_v3(tmp_path / "robot", (2,))
    words = ["reward", str(root), GOAL, f"--out={tmp_path}/t.parquet", "--camera-height=1.5"]
    assert cli.main([*words, "--camera=observation.images.top"]) == 0
    camera = {"key": "observation.images.top", "height": 1.5}
    assert read_origin(tmp_path / "t.parquet")["camera"] == camera


def test_readings_of_a_picture_that_has_changed_are_refused(known, tmp_path, capsys) -> None:
    folder = write_approach(tmp_path / "a", [250, 125])
    words = ["reward", str(folder), GOAL, f"--out={tmp_path}/r.parquet"]
    assert cli.main(words) == 0
    capsys.readouterr()
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(folder / "1.png")
    assert cli.main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "(episodes: files of theirs have changed, or others are named): name another" in line


def test_one_frame_may_be_chosen_alone(known, tmp_path) -> None:
    folder = write_approach(tmp_path / "a", [250, 125, 50])
    out = tmp_path / "r.parquet"
    assert cli.main(["reward", str(folder), GOAL, f"--out={out}", "--frames=1"]) == 0
    assert parquet.read_table(out)["frame_index"].to_pylist() == [1]


def test_names_that_are_not_in_utf_8_are_read_and_drawn_to(known, tmp_path, capsys) -> None:
    folder = write_approach(tmp_path / "a\udcff", [250, 50])
    drawn = tmp_path / "r\udcff.svg"
    words = ["reward", str(folder), GOAL, f"--out={tmp_path}/r.parquet", f"--picture={drawn}"]
    assert cli.main(words) == 0
    assert capsys.readouterr().out.splitlines()[2].split()[:3] == ["a", "2", "2"]
    ElementTree.fromstring(drawn.read_text())


def test_other_settings_of_the_reward_ask_nothing_again(known, tmp_path, capsys) -> None:
    folder = write_approach(tmp_path / "a", [250, 125, 50])
    words = ["reward", str(folder), GOAL, f"--out={tmp_path}/r.parquet", "--json", "--window=1"]
    assert cli.main(words) == 0
    (episode,) = json.loads(capsys.readouterr().out)["episodes"]
    assert (episode["first_m"], episode["last_m"], episode["success"]) == (1.0, 0.2, False)
    assert cli.main([*words, "--gamma=0.5", "--tolerance=0.3", "--hold=1"]) == 0
    (episode,) = json.loads(capsys.readouterr().out)["episodes"]
    assert episode["success"]
    table = parquet.read_table(tmp_path / "r.parquet")
    np.testing.assert_allclose(table["reward_shaped"].to_pylist(), [0.75, 0.4, 0.0], atol=1e-6)
    assert known.asked == 3
    assert cli.main([*words, "--wordings=2"]) == 2
    assert "something else (wordings): name another --out" in capsys.readouterr().err


def test_what_holds_a_thing_is_read_beside_it(known, tmp_path, capsys) -> None:
    folder = write_halves(tmp_path / "a", 100, [250, 125, 50], width=16)
    words = ["reward", str(folder), GOAL, "--json", "--window=1"]
    assert cli.main([*words, f"--out={tmp_path}/alone.parquet"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert "question_of_holder" not in alone
    assert [alone["episodes"][0][end] for end in ("first_m", "last_m")] == [0.4, 0.4]
    held = [*words, "--held-by=the  hand", f"--out={tmp_path}/held.parquet"]
    assert cli.main(held) == 0
    told = json.loads(capsys.readouterr().out)
    due = "how far is the center of the hand from the center of the can?"
    assert told["question_of_holder"] == due
    table = parquet.read_table(tmp_path / "held.parquet")
    # 1, 0.5 and 0.2 m of the hand are 0.8, 0.4 and 0.16 at the level of the gripper's 0.4.
    found = table["distance_m"].to_pylist()
    np.testing.assert_allclose(found, [0.32**0.5, 0.4, 0.064**0.5], rtol=1e-5)
    asked = known.asked
    assert cli.main([*held, "--gamma=0.5"]) == 0
    assert known.asked == asked
    assert cli.main([*words, f"--out={tmp_path}/held.parquet"]) == 2
    assert "something else (question_of_holder)" in capsys.readouterr().err


def test_what_the_model_doubts_to_be_there_is_told(known, tmp_path, capsys, monkeypatch) -> None:
    def doubting(self, asked, **how):
        # 0.1 of whether there is one, but of pictures of gray 200, where it is 0.3.
        return [
            [
                with_sight(
                    answer_of(picture.image),
                    ["gray gripper"],
                    {"gray gripper": 0.3 if picture.image.max() == 200 else 0.1},
                    0.04,
                )
            ]
            for picture, _ in asked
        ]

    monkeypatch.setattr(Known, "ask_each", doubting)
    grays = {"a": [250, 125, 50], "b": [200, 200], "c": [200, 100]}
    folders = [str(write_approach(tmp_path / name, each)) for name, each in grays.items()]
    out = tmp_path / "r.parquet"
    words = ["reward", *folders, "--goal=distance between the gray gripper and the can"]
    assert cli.main([*words, f"--out={out}"]) == 0
    said = "the model holds it less than 20 % probable that there is a gray gripper"
    first = capsys.readouterr().out
    assert first.splitlines()[4:] == [
        *first.splitlines()[4:5],
        "",
        f"a: in 3 of 3 frames {said}",
        f"c: in 1 of 2 frames {said}",
        "",
        str(out),
    ]
    doubted = [each["doubted"] for each in read_origin(out)["episodes"]]
    assert doubted == [{"a gray gripper": 3}, {}, {"a gray gripper": 1}]
    assert cli.main([*words, f"--out={out}"]) == 0  # from what was read before
    assert capsys.readouterr().out == first
    assert cli.main([*words, f"--out={out}", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["episodes"]
    assert [each["doubted"] for each in told] == doubted


def test_data_sets_keep_their_numbers(known, tmp_path, capsys) -> None:
    root = write_lerobot_v3(tmp_path / "robot", (3, 2, 4))
    words = ["reward", str(root), GOAL, f"--out={tmp_path}/r.parquet"]
    assert cli.main([*words, "--episodes=1-2"]) == 0
    table = parquet.read_table(tmp_path / "r.parquet")
    assert table["index"].to_pylist() == [3, 4, 5, 6, 7, 8]
    assert table["episode_index"].to_pylist() == [1, 1, 2, 2, 2, 2]
    assert "episode 1: pick up the can" in capsys.readouterr().out
    folder = write_rlds(tmp_path / "rlds", (2, 3))
    words = ["reward", str(folder), GOAL, f"--out={tmp_path}/s.parquet", "--camera=image"]
    assert cli.main(words) == 0
    table = parquet.read_table(tmp_path / "s.parquet")
    assert table["index"].to_pylist() == [0, 1, 2, 3, 4]
    assert table["frame_index"].to_pylist() == [0, 1, 0, 1, 2]
    assert "split" not in read_origin(tmp_path / "s.parquet")
    assert cli.main([*words[:3], f"--out={tmp_path}/t.parquet", "--split=train"]) == 0
    assert read_origin(tmp_path / "t.parquet")["split"] == "train"


def test_a_part_of_each_episode_joins_back_by_the_numbers_of_the_whole(known, tmp_path, capsys):
    grays = [[250, 200, 150, 100, 50, 25], [250, 125, 100, 50]]
    folders = [
        str(write_approach(tmp_path / name, each)) for name, each in zip("ab", grays, strict=True)
    ]
    out, drawn = tmp_path / "r.parquet", tmp_path / "r.svg"
    words = ["reward", *folders, GOAL, f"--out={out}", "--window=1"]
    assert cli.main([*words, "--frames=2-4", "--hold=2", f"--picture={drawn}"]) == 0
    first, second = capsys.readouterr().out.splitlines()[2:4]
    assert first.split()[:3] == ["a", "3", "3"]
    assert second.split()[:3] == ["b", "2", "2"]
    table = parquet.read_table(out)
    assert table["index"].to_pylist() == [2, 3, 4, 8, 9]
    assert table["episode_index"].to_pylist() == [0, 0, 0, 1, 1]
    assert table["frame_index"].to_pylist() == [2, 3, 4, 2, 3]
    np.testing.assert_allclose(table["progress_sparse"], [0, 1 / 3, 2 / 3, 0, 0.5], atol=1e-6)
    assert known.asked == 5
    assert read_origin(out)["frames"] == "2-4"
    numbers = [each.text for each in ElementTree.fromstring(drawn.read_text()).iter()]
    assert numbers.count("4") >= 1
    assert cli.main([*words, "--frames=1-4"]) == 2
    assert "something else (frames): name another --out" in capsys.readouterr().err
    assert cli.main(words) == 2
    assert "something else (frames): name another --out" in capsys.readouterr().err
    assert known.asked == 5


def test_of_a_crop_each_frame_is_asked_about_and_drawn(known, tmp_path, capsys) -> None:
    folder = write_halves(tmp_path / "a", 250, [200, 100, 50], width=32)
    out, drawn = tmp_path / "r.parquet", tmp_path / "r.svg"
    words = ["reward", str(folder), GOAL, f"--out={out}", "--window=1"]
    assert cli.main([*words, "--crop=0.5,0,1,1", f"--picture={drawn}"]) == 0
    table = parquet.read_table(out)
    np.testing.assert_allclose(table["distance_m"], [0.8, 0.4, 0.2], atol=1e-6)
    assert read_origin(out)["crop"] == "0.5,0,1,1"
    embedded = re.findall(r"data:image/[a-z]+;base64,([^\"]+)", drawn.read_text())
    last = np.asarray(Image.open(io.BytesIO(base64.b64decode(embedded[-1]))))
    assert np.abs(last.astype(int) - 50).max() < 4
    assert cli.main(words) == 2
    assert "something else (crop): name another --out" in capsys.readouterr().err
    assert known.asked == 3


def test_a_part_of_the_episodes_of_a_data_set_has_its_numbers(known, tmp_path, capsys):
    root = write_lerobot_v3(tmp_path / "robot", (3, 2, 4))
    words = ["reward", str(root), GOAL, f"--out={tmp_path}/r.parquet", "--frames=1-2"]
    assert cli.main(words) == 0
    table = parquet.read_table(tmp_path / "r.parquet")
    assert table["index"].to_pylist() == [1, 2, 4, 6, 7]
    assert table["frame_index"].to_pylist() == [1, 2, 1, 1, 2]
    folder = write_rlds(tmp_path / "rlds", (2, 3))
    words = ["reward", str(folder), GOAL, f"--out={tmp_path}/s.parquet", "--camera=image"]
    assert cli.main([*words, "--frames=1-9"]) == 0
    table = parquet.read_table(tmp_path / "s.parquet")
    assert table["index"].to_pylist() == [1, 3, 4]
    assert table["frame_index"].to_pylist() == [1, 1, 2]
    capsys.readouterr()
    words[3] = f"--out={tmp_path}/t.parquet"
    assert cli.main([*words, "--frames=2-9"]) == 2
    assert "episode 0 has 2 frames, counted from 0, and none of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere", "--out=r.parquet"], "nowhere does not exist"),
        (["empty", "--out=r.parquet"], "no pictures in empty"),
        (["a", "--out=r.csv"], "--out must name a .parquet file"),
        (["a", "--out=r\udcff.parquet"], "is no name in UTF-8"),
        (["robot", "--out=robot/data/chunk-000/file-000.parquet"], "is not written over"),
        (["a", "--out=r.parquet", "--picture=r.png"], "--picture must name a .svg file"),
        (["a", "--out=r.parquet", "--window=4"], "take an odd number, 5"),
        (["a", "--out=r.parquet", "--gamma=1.5"], "gamma"),
        (["a", "--out=r.parquet", "--episodes=0"], "are of data sets: leave them out"),
        (["a/0.png", "--out=r.parquet"], "is no episode"),
        (["robot", "a", "--out=r.parquet"], "name it alone"),
        (["robot", "--out=r.parquet", "--episodes=9"], "no episode 9; it has 1"),
        (["robot", "--out=r.parquet", "--episodes=1-0"], "is no range"),
        (["robot", "--out=r.parquet", "--episodes=0,0"], "names an episode twice"),
        (["robot", "--out=r.parquet", "--episodes=a"], "'a' is not a whole number"),
        (["robot", "--out=r.parquet", "--split=test"], "--split is of RLDS"),
        (["a", "--out=r.parquet", "--frames=1-3"], "a has 1 frames, counted from 0, and none of"),
        (["robot", "--out=r.parquet", "--frames=2-3"], "episode 0 has 2 frames, counted from 0"),
        (["a", "--out=r.parquet", "--frames=3-1"], "it ends before it begins"),
        (["a", "--out=r.parquet", "--frames=0-1,3"], "is not a whole number"),
        (["a", "--out=r.parquet", "--crop=0,0,640,480"], "as shares of the frame, such as"),
        (["a", "--out=r.parquet", "--goal=win"], "no distance is known by 'win'"),
    ],
)
def test_mistakes_are_told_in_a_line(
    words, said, known, tmp_path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_approach(Path("a"), [250])
    Path("empty").mkdir()
    write_lerobot_v3(Path("robot"), (2,))
    goal = [] if any(word.startswith("--goal") for word in words) else [GOAL]
    assert cli.main(["reward", *words, *goal]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not list(Path().glob("r*.parquet*"))
    assert known.asked == 0


def test_readings_of_other_weights_at_the_same_place_are_not_taken(tmp_path: Path) -> None:
    weights, vocabulary = tmp_path / "m.safetensors", tmp_path / "v.model"
    vocabulary.touch()
    run = tmp_path / "run"
    (run / "checkpoints" / "100").mkdir(parents=True)
    told = []
    for content in (b"one", b"two"):
        weights.write_bytes(content)
        told.append(told_weights(argparse.Namespace(model=str(weights), tokenizer="")))
    told.append(told_weights(argparse.Namespace(model=str(weights), tokenizer=str(vocabulary))))
    told.append(told_weights(argparse.Namespace(model=str(run), tokenizer="")))
    (run / "checkpoints" / "200").mkdir()
    told.append(told_weights(argparse.Namespace(model=str(run), tokenizer="")))
    told.append(told_weights(argparse.Namespace(model="small", tokenizer="")))
    assert len({tuple(each) for each in told}) == len(told)
    assert told[-1][0].startswith("small.safetensors: ")
    assert len(told[-1][0]) == len("small.safetensors: ") + 32
