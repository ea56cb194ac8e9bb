"""RLDS data sets in both forms that TFDS stores them in, without TensorFlow."""

import json
import sys

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.rewards.episodes.rlds_cameras import described_cameras
from spatialvlm_jax.rewards.episodes.rlds_set import episode_features, rlds_episodes
from tests.rewards.episodes.written import (
    levels,
    png,
    rlds_record,
    rlds_record_of,
    write_features,
    write_rlds,
    write_rlds_records,
)


@pytest.mark.parametrize("form", ["tfrecord", "array_record"])
def test_episodes_are_records(form, tmp_path):
    folder = write_rlds(tmp_path / "can", (3, 2), form)
    first, second = rlds_episodes(folder, "", "", None)
    assert levels(first.frames()) == [0, 1, 2]
    assert levels(second.frames()) == [3, 4]
    assert [frame.index for frame in second.frames()] == [None, None]
    (only,) = rlds_episodes(folder, "image", "train", [1])
    assert (only.number, only.name) == (1, "episode 1")
    assert levels(only.frames()) == [3, 4]
    assert "tensorflow" not in sys.modules


def test_what_is_not_there_is_told(tmp_path):
    folder = write_rlds(tmp_path / "can", (2,), cameras=("image", "wrist_image"))
    with pytest.raises(UserError, match="no split 'test'; it has train"):
        rlds_episodes(folder, "", "test", None)
    with pytest.raises(UserError, match="1 episodes, from 0 on, and no 1"):
        rlds_episodes(folder, "", "", [1])
    with pytest.raises(UserError, match="--camera=KEY, of image, wrist_image"):
        rlds_episodes(folder, "", "", None)
    with pytest.raises(UserError, match="no camera 'top' in the observations; they have image, wr"):
        rlds_episodes(folder, "top", "", None)
    (episode,) = rlds_episodes(folder, "wrist_image", "", None)
    assert levels(episode.frames()) == [0, 1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fileFormat": "riegeli"}, "tfrecord and array_record are read"),
        ({"name": "../can"}, "no split"),
        ({"splits": 3}, "cannot be read"),
        ({"splits": []}, "no split ''"),
        ({"name": "other"}, "is missing"),
        ({"splits": [{"name": "train", "shardLengths": [1e400]}]}, "length is inf, no whole"),
    ],
)
def test_a_description_that_cannot_be_is_refused(change, said, tmp_path):
    folder = write_rlds(tmp_path / "can", (2,))
    path = folder / "dataset_info.json"
    text = json.dumps(json.loads(path.read_text()) | change)
    path.write_text(text.replace("Infinity", "1e999"))
    with pytest.raises(UserError, match=said):
        rlds_episodes(folder, "", "", None)


def test_a_set_with_another_camera_in_another_record_is_not_mixed(tmp_path):
    records = [rlds_record(0, 2, ("image",)), rlds_record(2, 2, ("wrist",))]
    folder = write_rlds_records(tmp_path / "can", records)
    first, second = rlds_episodes(folder, "", "", None)
    assert levels(first.frames()) == [0, 1]
    said = "train.tfrecord-00000-of-00001: episode 1: say which camera .* --camera=KEY, of image, w"
    with pytest.raises(UserError, match=said):
        list(second.frames())
    (only,) = rlds_episodes(folder, "", "", [1])
    with pytest.raises(UserError, match=said):
        list(only.frames())
    _, second = rlds_episodes(folder, "image", "", None)
    said = "episode 1 has nothing of camera 'image', but of wrist: leave it out by --episodes"
    with pytest.raises(UserError, match=said):
        list(second.frames())
    (second,) = rlds_episodes(folder, "wrist", "", [1])
    assert levels(second.frames()) == [2, 3]


@pytest.mark.parametrize("broken", [b"", b"nothing", png(0)[:60]])
def test_a_damaged_first_frame_hides_no_camera(broken, tmp_path):
    seen = {"image": [broken, png(1)], "wrist": [png(5), png(6)]}
    folder = write_rlds_records(tmp_path / "can", [rlds_record_of(seen)])
    with pytest.raises(UserError, match="--camera=KEY, of image, wrist"):
        rlds_episodes(folder, "", "", None)
    (episode,) = rlds_episodes(folder, "image", "", None)
    frames = list(episode.frames())
    assert levels(iter(frames)) == [None, 1]
    assert frames[0].problem.startswith("frame 0 of episode 0: ")
    # One without any good frame: other episodes, or the description, say that it is a camera.
    records = [rlds_record_of({"image": [broken, broken]}), rlds_record(1, 1)]
    folder = write_rlds_records(tmp_path / "other", records)
    for camera in ("image", ""):
        first, _ = rlds_episodes(folder, camera, "", None)
        assert levels(first.frames()) == [None, None]


def test_the_description_says_which_cameras_there_are(tmp_path):
    seen = {"image": [b"?", b"?"], "depth/raw": [png(5), png(6)]}
    records = [rlds_record_of(seen), rlds_record(1, 1)]
    folder = write_rlds_records(tmp_path / "can", records)
    write_features(folder, ["image"])
    assert described_cameras(folder) == ["image"]
    first, second = rlds_episodes(folder, "", "", None)
    assert [levels(each.frames()) for each in (first, second)] == [[None, None], [1]]
    (first,) = rlds_episodes(folder, "depth/raw", "", [0])
    assert levels(first.frames()) == [5, 6]
    with pytest.raises(UserError, match="no camera 'top' .*; they have depth/raw, image"):
        rlds_episodes(folder, "top", "", None)
    write_features(folder, ["image", "wrist"])
    with pytest.raises(UserError, match="--camera=KEY, of image, wrist"):
        rlds_episodes(folder, "", "", None)
    for content in ("{}", '{"content": 3}', '{"content": {"features": {"steps": [1]}}}'):
        (folder / "features.json").write_text(content)
        assert described_cameras(folder) == []


def test_the_description_that_tfds_writes_is_read(tmp_path):
    """As its own features write it, in the nesting of real sets."""
    import tensorflow_datasets as tfds

    made = tfds.features
    image = made.Image(shape=(4, 4, 3))
    observation = {"image": image, "images": {"top": image}, "note": made.Text()}
    for steps in (made.Dataset, made.Sequence):
        whole = made.FeaturesDict({"steps": steps({"observation": observation})})
        (tmp_path / "features.json").write_text(json.dumps(whole.to_json()))
        assert described_cameras(tmp_path) == ["image", "images/top"]


def test_an_episode_without_steps_is_told_as_that(tmp_path):
    records = [rlds_record_of({"image": []}), rlds_record(0, 2)]
    folder = write_rlds_records(tmp_path / "can", records)
    for camera in ("", "image"):
        first, second = rlds_episodes(folder, camera, "", None)
        assert levels(second.frames()) == [0, 1]
        for look in (lambda first=first: list(first.frames()), first.count):
            with pytest.raises(UserError, match="episode 0 has no steps: leave it out by --epi"):
                look()


def test_a_set_without_pictures_is_told(tmp_path):
    folder = write_rlds_records(tmp_path / "can", [rlds_record_of({"image": [b"?"]})])
    for camera in ("", "image"):
        with pytest.raises(UserError, match="can: no observation has a picture, JPEG or PNG"):
            rlds_episodes(folder, camera, "", None)


def test_each_record_has_a_mark_of_its_own(tmp_path):
    folder = write_rlds(tmp_path / "can", (2, 3), cameras=("image", "wrist"))
    found = [
        episode.fingerprint
        for camera in ("image", "wrist")
        for episode in rlds_episodes(folder, camera, "", None)
    ]
    assert len(set(found)) == 4
    copy = write_rlds(tmp_path / "copy", (2, 3), cameras=("image", "wrist"))
    assert rlds_episodes(copy, "image", "", [1])[0].fingerprint == found[1]


def test_records_that_are_none_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"is no tf\.train\.Example"):
        episode_features(b"\xff\xff\xff", "x")
    with pytest.raises(UserError, match="x has no steps"):
        episode_features(b"", "x")
    folder = write_rlds(tmp_path / "can", (2,), "array_record")
    file = folder / "can-train.array_record-00000-of-00001"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(UserError, match="no ArrayRecord file|has 0 records, not 1"):
        rlds_episodes(folder, "", "", None)
