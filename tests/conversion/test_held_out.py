import dataclasses

import pytest

from spatialvlm_jax.conversion.held_out import HoldOut, hold_out
from spatialvlm_jax.conversion.items import AskedImage
from spatialvlm_jax.conversion.rows import Asked
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.outcomes import Rejected

ITEMS = [AskedImage(f"{i}.jpg", f"{i}.jpg", (Asked("q", "a"),) * 3, ()) for i in range(20)]


def picture(name: str) -> bytes:
    if name == "3.jpg":
        raise Rejected("image", "is missing")
    return {"5.jpg": b"7.jpg"}.get(name, name.encode())


def held(amount: str, seed: int = 0, items: list[AskedImage] = ITEMS) -> set[str]:
    ordered, number = hold_out(items, picture, HoldOut(amount, seed), quiet=True)
    assert sorted(item.image_id for item in ordered) == sorted(item.image_id for item in items)
    left = [items.index(item) for item in ordered[:-number]]
    chosen = [items.index(item) for item in ordered[-number:]]
    assert (left, chosen) == (sorted(left), sorted(chosen))
    return {item.image_id for item in ordered[-number:]}


def test_the_choice_depends_on_seed_and_names_alone() -> None:
    assert held("4") == held("4") == held("4", items=ITEMS[::-1])
    assert held("4") < held("8")
    assert held("4") != held("4", seed=1)
    assert len(held("20%")) in (4, 5)


def test_the_same_picture_never_lies_on_both_sides() -> None:
    for seed in range(20):
        chosen = held("9", seed)
        assert len(chosen) in (9, 10)
        assert len(chosen & {"5.jpg", "7.jpg"}) != 1
        assert "3.jpg" not in chosen


def test_images_without_a_question_are_not_held_out() -> None:
    bare = dataclasses.replace(ITEMS[0], pairs=())
    for seed in range(5):
        assert bare.image_id not in held("17", seed, [bare, *ITEMS[1:]])


def test_where_too_few_images_are_left_it_is_told_what_was_rejected() -> None:
    faults = ("its answer says 1 m, and its value is 3 m", "empty answer")
    items = [ITEMS[0], AskedImage("1.jpg", "1.jpg", (), faults)]
    with pytest.raises(UserError) as raised:
        held("20%", items=items)
    assert str(raised.value).startswith("--validation-images=20% holds out 0 of 1 images")
    assert str(raised.value).endswith(f"; 2 questions were rejected, the first: {faults[0]}")


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("0", "holds out 0 of 19 images that can be used"),
        ("19", "holds out 19 of 19 images"),
        ("1%", "holds out 0 of 19"),
        ("100%", "holds out 19 of 19"),
        ("-1", "--validation-images: -1 is less than 0"),
        ("ten", "--validation-images: 'ten' is not a whole number"),
        ("120%", "--validation-images: 120"),
        ("%", "--validation-images: '' is not a number"),
        ("nan%", "--validation-images: 'nan' is not a number"),
    ],
)
def test_amounts_that_cannot_be_are_told(amount: str, message: str) -> None:
    with pytest.raises(UserError) as raised:
        held(amount)
    assert message in str(raised.value)
