import itertools

from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.pages.placement import Rectangle, place_labels

FRAME = Rectangle(0, 0, 100, 60)
points = st.tuples(st.floats(-20, 120), st.floats(-20, 80))
boxes = st.builds(lambda a, b: Rectangle(*map(min, a, b), *map(max, a, b)), points, points)


@given(st.lists(boxes, max_size=6), st.floats(4, 20), st.lists(boxes, max_size=1))
def test_labels_lie_inside_and_never_over_each_other(named, side, taken):
    places = place_labels(named, [(side, side)] * len(named), FRAME, taken)
    for place in filter(None, places):
        assert FRAME.x0 <= place.x0 <= place.x1 <= FRAME.x1 + 1e-9
        assert FRAME.y0 <= place.y0 <= place.y1 <= FRAME.y1 + 1e-9
    known = [place for place in places if place is not None]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(known, 2))
    assert not any(a.overlaps(b) for a, b in itertools.product(known, taken))
    if not taken and side <= 10:
        assert None not in places


def test_a_label_lies_over_the_corner_of_what_it_names_or_in_it():
    low, high = Rectangle(30, 30, 50, 50), Rectangle(30, 4, 50, 20)
    assert place_labels([low], [(10, 10)], FRAME) == [Rectangle(30, 20, 40, 30)]
    assert place_labels([high], [(10, 10)], FRAME) == [Rectangle(30, 0, 40, 10)]
    two = place_labels([low, low], [(10, 10)] * 2, FRAME)
    assert two == [Rectangle(30, 20, 40, 30), Rectangle(30, 30, 40, 40)]


def test_without_room_there_is_no_place():
    assert place_labels([FRAME], [(101, 5)], FRAME) == [None]
    assert place_labels([FRAME], [(10, 10)], FRAME, [FRAME]) == [None]
