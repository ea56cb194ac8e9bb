import collections

import pytest

from spatialvlm_jax.generation.questions.generate import REGISTRY, QAConfig, generate_pairs
from spatialvlm_jax.generation.questions.visibility import contents_of
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.scene.records import QA, Scene
from tests.generation.scenes import make_scene, random_scene, thing


def answers(scene: Scene, name: str) -> dict[str, str]:
    """All that can be asked of a type, in its short form."""
    wording = TEMPLATES[name]
    return {
        wording.questions[0].format(**fact.slots): wording.answers[0].format(**fact.slots)
        for fact in REGISTRY[name].evaluate(contents_of(scene, QAConfig()))
    }


def kitchen(**hidden) -> Scene:
    return make_scene(
        thing("blue table", (0, 4, -1), (1.2, 0.8, 0.7)),
        thing("red mug", (0.2, 4, -0.6), support=0),
        thing("green chair", (-1, 5, -1)),
        thing("red chair", (1, 5, -1), **hidden),
    )


def test_color_is_asked_of_what_is_alone_of_its_kind() -> None:
    assert answers(kitchen(), "color") == {
        "what color is the table?": "blue",
        "what color is the mug?": "red",
    }


def test_color_of_the_thing_on_a_table() -> None:
    scene = make_scene(
        thing("blue table", (0, 4, -1)),
        thing("red mug", (0.2, 4, -0.6), support=0),
        thing("green mug", (2, 4, -1)),
    )
    assert answers(scene, "color") == {
        "what color is the table?": "blue",
        "what color is the thing on the blue table?": "red",
    }


def test_material_and_shape() -> None:
    assert answers(kitchen(), "material")["what is the green chair made of?"] == "wood"
    assert answers(kitchen(), "shape")["what shape is the red mug?"] == "square"
    named = make_scene(thing("wood box", (0, 3, 0), attributes={"material": "wood"}))
    assert answers(named, "material") == {"what is the box made of?": "wood"}


def test_category_of_the_only_object_in_its_color() -> None:
    assert answers(kitchen(), "category") == {
        "what is the blue object?": "table",
        "what is the green object?": "chair",
    }


def test_count() -> None:
    assert answers(kitchen(), "count") == {
        "how many tables are there?": "1",
        "how many blue tables are there?": "1",
        "how many red tables are there?": "0",
        "how many green tables are there?": "0",
        "how many mugs are there?": "1",
        "how many blue mugs are there?": "0",
        "how many red mugs are there?": "1",
        "how many green mugs are there?": "0",
        "how many chairs are there?": "2",
        "how many blue chairs are there?": "0",
        "how many red chairs are there?": "1",
        "how many green chairs are there?": "1",
    }


def test_existence_says_what_is_there_first() -> None:
    found = answers(kitchen(), "existence")
    assert found == {
        "is there a red mug?": "red, so yes",
        "is there a blue mug?": "red, so no",
        "is there a green mug?": "red, so no",
        "is there a blue table?": "blue, so yes",
        "is there a red table?": "blue, so no",
        "is there a green table?": "blue, so no",
        "is there a blue chair?": "green and red, so no",
        "is there a red chair?": "green and red, so yes",
        "is there a green chair?": "green and red, so yes",
    }


def test_a_hidden_object_is_neither_counted_nor_denied() -> None:
    for hidden in ({"visible_fraction": 0.2}, {"truncation": 0.8}):
        scene = kitchen(**hidden)
        assert not any("chair" in question for question in answers(scene, "count"))
        assert not any("chair" in question for question in answers(scene, "existence"))
        assert "what is the red object?" not in answers(scene, "category")


def test_where_the_list_of_objects_may_have_gaps_absence_is_unknown() -> None:
    scene = random_scene(0, provenance="estimated")
    for name in ("count", "existence", "category"):
        assert answers(scene, name) == {}
    assert answers(scene, "material")


def test_support() -> None:
    assert answers(kitchen(), "on_what") == {"what is the red mug on?": "blue table"}
    assert answers(kitchen(), "what_is_on") == {"what is on the blue table?": "red mug"}
    (fact,) = REGISTRY["what_is_on"].evaluate(contents_of(kitchen(), QAConfig()))
    assert (fact.verdict, fact.objects) == ("red mug", (1, 0))


def test_two_things_on_a_table_are_not_one_answer() -> None:
    scene = make_scene(
        thing("blue table", (0, 4, -1)),
        thing("red mug", (0.2, 4, -0.6), support=0),
        thing("green box", (-0.2, 4, -0.6), support=0),
    )
    assert answers(scene, "what_is_on") == {}
    assert len(answers(scene, "on_what")) == 2


def test_ambiguous_captions_are_not_asked_about() -> None:
    scene = make_scene(
        thing("red mug", (0, 3, 0)), thing("red mug", (1, 3, 0)), thing("blue box", (2, 3, 0))
    )
    pairs = generate_pairs(scene, QAConfig(), 0)
    assert pairs
    assert not any("the red mug" in pair.question for pair in pairs)


@pytest.fixture(scope="module")
def many() -> list[QA]:
    config = QAConfig(spatial_fraction=0.0, general_fraction=1.0)
    return [pair for s in range(80) for pair in generate_pairs(random_scene(s), config, s)]


def test_rounds_take_one_fact_an_answer() -> None:
    """Three chairs are wooden and one is metal: both answers come once, wood not three times."""
    chairs = [
        thing(f"{color} chair", (x, 4, -1), attributes={"color": color, "material": material})
        for x, color, material in (
            (-1.5, "red", "wood"),
            (-0.5, "blue", "wood"),
            (0.5, "green", "wood"),
            (1.5, "black", "metal"),
        )
    ]
    pairs = generate_pairs(make_scene(*chairs), QAConfig(types=("material",)), 0)
    assert sorted(pair.verdict for pair in pairs) == ["metal", "wood"]


def test_yes_and_no_are_balanced(many: list[QA]) -> None:
    count = collections.Counter(pair.verdict for pair in many if pair.type == "existence")
    assert min(count["yes"], count["no"]) > 100
    assert abs(count["yes"] - count["no"]) <= 80


def test_no_count_is_the_usual_one(many: list[QA]) -> None:
    count = collections.Counter(pair.verdict for pair in many if pair.type == "count")
    assert max(count.values()) < 0.5 * count.total()
    assert count["0"] > 0.1 * count.total()


def test_verdicts_are_in_the_answers(many: list[QA]) -> None:
    for pair in many:
        assert pair.verdict
        assert pair.verdict in pair.answer
        assert pair.kind == "general"
        assert "an red" not in pair.question + pair.answer
        assert "a orange" not in pair.question + pair.answer
        assert "1 mugs" not in pair.answer
        assert len(pair.objects) <= 2
    assert {pair.type for pair in many} == {
        name for name, entry in REGISTRY.items() if entry.kind == "general"
    }
