"""What is asked before a server listens: all sizes of a batch, each of pictures of its own."""

import dataclasses

import pytest

from spatialvlm_jax.serving.warm_up import warm_up_steps
from spatialvlm_jax.taught import Taught, TaughtNames


@dataclasses.dataclass(frozen=True)
class Counting:
    """A loaded model that keeps what it was asked."""

    asked: list
    taught: Taught | None = None
    untaught: bool = False

    def ask_each(self, rows, *, scored_values):
        assert self.untaught
        self.asked.append([(each.image[0, 0].tolist(), questions) for each, questions in rows])


@pytest.mark.parametrize(("together", "sizes"), [(1, [1]), (5, [1, 2, 4]), (32, [1, 2, 4, 8])])
def test_each_number_of_pictures_is_asked_a_quantity_and_a_choice(together, sizes) -> None:
    model = Counting([], Taught({"height": 3}))
    steps = list(warm_up_steps(model, together, 96))
    assert not model.asked
    assert steps[0][0] == "a quantity about 1 picture"
    assert [what for what, _ in steps[2:4]] in (
        [],
        ["a quantity about 2 pictures", "a choice about 2 pictures"],
    )
    for _, ask in steps:
        ask()
    assert [len(rows) for rows in model.asked] == [size for size in sizes for _ in range(2)]
    first = [color for rows in model.asked[::2] for color, _ in rows]
    assert len({tuple(color) for color in first}) == sum(sizes)


def test_what_is_asked_names_things_that_a_model_would_look_for() -> None:
    names = TaughtNames(("mug", "trash can"), ("red",))
    model = Counting([], Taught({"width": 3, "left_of": 3}, names))
    for _, ask in warm_up_steps(model, 1, 96):
        ask()
    assert [questions for ((_, questions),) in model.asked] == [
        ["How wide is the red mug?"],
        ["Is the red mug left of the red trash can?"],
    ]
