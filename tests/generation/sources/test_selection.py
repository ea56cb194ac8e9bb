import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.sources.selection import select


@dataclasses.dataclass(frozen=True)
class Named:
    """Pictures called room/number, four to a room."""

    size: int
    name = "named"

    def __len__(self) -> int:
        return self.size

    def describe(self) -> dict[str, Any]:
        return {}

    def image_id(self, index: int) -> str:
        return f"{index // 4}/{index}"

    def folder(self, index: int) -> str:
        return f"{index // 4}"

    def fingerprint(self, index: int, contents: bool) -> str:
        return f"{contents} of {index}"

    def observe(self, indices: Sequence[int]) -> list[int]:
        return list(indices)


def ids(size: int, splits: dict[str, int], by: Any = "image") -> dict[str, list[str]]:
    selection, counts = select(Named(size), splits, by)
    names, start = {}, 0
    for split, count in counts.items():
        names[split] = [selection.image_id(index) for index in range(start, start + count)]
        start += count
    assert start == len(selection)
    return names


def test_images_are_held_out_by_name_and_kept_in_order() -> None:
    names = ids(40, {"train": 30, "validation": 10})
    assert not set(names["train"]) & set(names["validation"])
    assert names["train"] == sorted(names["train"], key=lambda name: int(name.split("/")[1]))
    selection, _ = select(Named(40), {"train": 30, "validation": 10})
    assert selection.observe([0, 39]) == [selection.order[0], selection.order[39]]


def test_added_images_turn_few_that_were_held_out_back() -> None:
    before = set(ids(40, {"train": 30, "validation": 10})["validation"])
    after = set(ids(44, {"train": 33, "validation": 11})["validation"])
    assert len(before & after) >= 8


def test_whole_folders_are_held_out() -> None:
    names = ids(40, {"train": 34, "validation": 6}, "folder")
    assert len(names["validation"]) == 8
    rooms = {split: {name.split("/")[0] for name in each} for split, each in names.items()}
    assert not rooms["train"] & rooms["validation"]


def test_fewer_images_may_be_used_than_there_are() -> None:
    names = ids(40, {"train": 5, "validation": 2, "test": 2})
    assert [len(each) for each in names.values()] == [5, 2, 2]
    assert select(Named(40), {"train": 3})[0].order == (0, 1, 2)


def test_files_are_those_of_the_images_that_are_used() -> None:
    selection, _ = select(Named(40), {"train": 30, "validation": 10})
    place = selection.order.index(7)
    assert selection.fingerprint(place, contents=True) == "True of 7"


def test_too_few_images_are_an_error() -> None:
    with pytest.raises(UserError, match="9 images are asked for, but there are only 8"):
        select(Named(8), {"train": 9})
    with pytest.raises(UserError, match="'train' is left without images"):
        select(Named(4), {"train": 2, "validation": 2}, "folder")


def test_the_description_tells_which_images_are_used() -> None:
    one, two = (select(Named(8), {"train": n})[0].describe()["images"] for n in (7, 8))
    assert (one["count"], two["count"]) == (7, 8)
    assert one["digest"] != two["digest"]
