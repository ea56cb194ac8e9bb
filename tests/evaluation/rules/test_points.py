import pytest

from spatialvlm_jax.evaluation.rules.points import is_inside, read_first_point, read_polygon

SQUARE = "[(0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6)]"


@pytest.mark.parametrize(
    ("reply", "point"),
    [
        ("[(0.3, 0.4), (0.9, 0.9)]", (0.3, 0.4)),
        ("at (0.3,0.4)", (0.3, 0.4)),
        ("[0.3, 0.4]", (0.3, 0.4)),
        ("[0.1, 0.1] or (0.3, 0.4)", (0.3, 0.4)),
        ("[[.3, .4]]", (0.3, 0.4)),
        ("[(-0.5, 0.4)]", (-0.5, 0.4)),
        ("[(300, 400)]", (300.0, 400.0)),
        ("0.3, 0.4", None),
        ("(left, right)", None),
        ("", None),
    ],
)
def test_the_first_point_of_a_reply_counts(reply: str, point: tuple[float, float] | None) -> None:
    assert read_first_point(reply) == point


def test_a_point_is_inside_a_polygon_or_not() -> None:
    square = read_polygon(SQUARE)
    assert square == ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))
    assert is_inside((0.3, 0.5), square)
    assert not is_inside((0.7, 0.5), square)
    assert not is_inside((0.3, 0.7), square)
    notched = read_polygon("[(0, 0), (1, 0), (1, 1), (0.5, 0.5), (0, 1)]")
    assert is_inside((0.2, 0.4), notched)
    assert not is_inside((0.5, 0.7), notched)
    assert read_polygon("[(0, 0), (1, 0)]") == ()
    assert read_polygon("yes") == ()
