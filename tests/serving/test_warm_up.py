"""What is asked before a server listens: all sizes of a batch, each of pictures of its own."""

import dataclasses

import pytest

from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.inference.asked_rows import filled_shape
from spatialvlm_jax.inference.conclude import Heard
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.serving.warm_up import warm_up_steps
from spatialvlm_jax.taught import Taught, TaughtNames

KINDS = {"width": 3, "left_of": 3, "existence": 3}
NAMES = TaughtNames(("mug", "trash can"), ("red",))


@dataclasses.dataclass(frozen=True, eq=False)
class Counting(LoadedModel):
    """A loaded model without weights: it keeps what it was asked, and what would be run.

    asked: colors of the pictures and all that is put. shapes: pictures and questions of a program.
    """

    asked: list = dataclasses.field(default_factory=list)
    shapes: list = dataclasses.field(default_factory=list)

    def _heard(self, rows, scored_values):
        self.asked.append(
            [(row.picture.image[0, 0].tolist(), [put.words for put in row.asked]) for row in rows]
        )
        self.shapes.append(filled_shape(rows)[:2])
        return [[Heard("1 m", "m", confidence=0.5) for _ in row.asked] for row in rows]


def counting(taught: Taught | None, least_seen: float | None = None) -> Counting:
    tokenizer = Tokenizer.from_config("small")
    return Counting(None, Experiment(), tokenizer, taught=taught, least_seen=least_seen)


@pytest.mark.parametrize(
    ("least_seen", "together", "shapes"),
    [
        # Of one question alone, and with what is asked beside it.
        (0.1, 1, [(1, 1), (1, 4)]),
        (0.1, 5, [(1, 1), (1, 4), (2, 1), (2, 4), (4, 1), (4, 4)]),
        (0.1, 32, [(1, 1), (1, 4), (2, 1), (2, 4), (4, 1), (4, 4), (8, 1), (8, 4)]),
        # Of one, and of two.
        (None, 1, [(1, 1)]),
        (None, 5, [(1, 1), (1, 4), (2, 1), (2, 4), (4, 1)]),
        (None, 32, [(1, 1), (1, 4), (2, 1), (2, 4), (4, 1), (4, 4), (8, 1), (8, 4)]),
    ],
)
def test_what_ordinary_requests_run_was_run_before(least_seen, together, shapes) -> None:
    model = counting(Taught(KINDS, NAMES), least_seen)
    steps = list(warm_up_steps(model, together, 96))
    assert not model.asked
    assert steps[0][0] == "a quantity about 1 picture"
    for _, ask in steps:
        ask()
    assert list(dict.fromkeys(model.shapes)) == shapes
    colors = {tuple(color) for rows in model.asked for color, _ in rows}
    assert len(colors) == sum({pictures for pictures, _ in shapes})


def test_things_are_named_that_a_model_looks_for_and_such_that_it_does_not() -> None:
    model = counting(Taught(KINDS, NAMES), 0.1)
    for _, ask in warm_up_steps(model, 1, 96):
        ask()
    assert [questions for ((_, questions),) in model.asked] == [
        ["How wide is the mug?"],
        ["Is the mug left of the trash can?"],
        ["How wide is the red mug?", "is there a red mug?"],
        [
            "Is the red mug left of the red trash can?",
            "is there a red mug?",
            "is there a red trash can?",
        ],
    ]


def test_a_model_that_does_not_say_what_it_was_taught_is_asked_too() -> None:
    model = counting(None)
    for _, ask in warm_up_steps(model, 2, 96):
        ask()
    assert model.asked[2][0][1] == ["How wide is the ball?", "Is the ball left of the sofa?"]
