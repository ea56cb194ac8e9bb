"""Places told side by side are told apart."""

from pathlib import Path

import pytest

from spatialvlm_jax.rewards.place_names import cut_name, distinct_names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["f1", "f2", "big/f1"], ["f1", "f2", "big/f1"]),
        (["runs/f1", "runs/f2", "big/f1"], ["runs/f1", "f2", "big/f1"]),
        (["/a/x/f", "/b/x/f", "/b/y/f"], ["a/x/f", "b/x/f", "y/f"]),
        (["/f", "f", "../f"], ["/f", "f", "../f"]),
        (["a/f", "./a/f", "g"], ["f", "f", "g"]),
        (["a/001.mp4", "a/001"], ["001.mp4", "001"]),
        (["only/one"], ["one"]),
        ([], []),
    ],
)
def test_names_are_as_short_as_tells_them_apart(paths, names) -> None:
    assert distinct_names([Path(path) for path in paths]) == names


def test_the_current_folder_and_the_one_above_have_their_names(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "above" / "here"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert distinct_names([Path("."), Path("..")]) == ["here", "above"]


def test_long_names_keep_both_ends() -> None:
    assert cut_name("1234567890", 10) == "1234567890"
    assert cut_name("1234567890a", 10) == "1234...90a"
    assert cut_name("1234567890ab", 9) == "123...0ab"
