import typing
from pathlib import Path

import pytest

from spatialvlm_jax.generation.questions.generate import REGISTRY, QAConfig
from spatialvlm_jax.generation.wording.phrasing import METRIC, format_quantity
from spatialvlm_jax.generation.wording.qualitative import RELATION_WORDS
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.generation.wording.thresholds import THRESHOLD_WORDS
from spatialvlm_jax.questions import QuestionTypeName
from spatialvlm_jax.scene.records import Kind

PAGE = Path(__file__).resolve().parents[3] / "docs" / "questions.md"
EXAMPLE = {
    "a": "red mug",
    "b": "blue box",
    "winner": "red mug",
    "verdict": "yes",
    "direction": "left and behind",
    "hour": "3",
    "size": "60 cm",
    "plural": "red mugs",
    "one": "a red mug",
    "color": "red",
}
VALUES = {"length": 1.2, "area": 0.8, "volume": 0.12, "ratio": 2.0, "angle": 0.52}
SHORT = {"existence": "red"}
ANSWERS = {
    "color": "red",
    "material": "wood",
    "shape": "round",
    "category": "mug",
    "count": "2",
    "on_what": "blue box",
    "what_is_on": "red mug",
}


def row(name: str) -> str:
    """A type's line in the guide's table."""
    entry, wording = REGISTRY[name], TEMPLATES[name]
    slots = EXAMPLE | {"answer": ANSWERS.get(name, ""), "short": SHORT.get(name, "")}
    slots["value"] = format_quantity(VALUES[entry.dimension], METRIC[entry.dimension])
    if entry.asks:
        slots["short"] = RELATION_WORDS[entry.asks][0]
    if entry.answer_form == "threshold":
        slots["short"] = THRESHOLD_WORDS[name]["yes"][0]
    if name == "what_is_on":
        slots["a"] = "blue box"
    question = wording.questions[0].format(**slots)
    answer = wording.answers[0].format(**slots)
    columns = [f"`{name}`", question, answer, entry.definition, entry.frame, entry.margin]
    return f"| {' | '.join(columns)} |"


def test_settings_name_exactly_the_types_that_there_are() -> None:
    (names,) = typing.get_args(QuestionTypeName)[1:]
    assert sorted(names.names) == sorted(REGISTRY)


@pytest.mark.parametrize("kind", ["qualitative", "quantitative", "general"])
def test_the_guide_lists_every_type_as_registered(kind: Kind) -> None:
    wanted = [row(name) for name, entry in REGISTRY.items() if entry.kind == kind]
    page = PAGE.read_text(encoding="utf-8")
    missing = [line for line in wanted if line not in page]
    assert not missing, "docs/questions.md lacks:\n" + "\n".join(missing)


def test_the_guide_gives_the_visibility_rules_as_they_are() -> None:
    config, page = QAConfig(), " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"at least {config.min_pixel_fraction:.1%} of".replace("%", " %") in page
    assert f"at most {config.max_truncation:.0%} lies outside".replace("%", " %") in page
    assert f"{config.max_relative_std:.0%} (`max_relative_std`)".replace("%", " %") in page
    assert f"At most {config.pairs_per_image} a picture" in page


def test_the_guide_names_the_types_that_need_gravity() -> None:
    free = [name for name, entry in REGISTRY.items() if entry.frame == "camera"]
    sentence = ", ".join(f"`{name}`" for name in free)
    assert sentence in " ".join(PAGE.read_text(encoding="utf-8").split()), sentence


def test_there_are_enough_spatial_types() -> None:
    kinds = [entry.kind for entry in REGISTRY.values()]
    assert kinds.count("qualitative") == 36
    assert kinds.count("quantitative") == 18


def test_only_numbers_have_a_dimension_of_their_own() -> None:
    for entry in REGISTRY.values():
        assert entry.answer_form == "number" or entry.dimension == "length"
        assert entry.reverses or entry.answer_form == "yes_no"
        assert (entry.answer_form == "number") == (entry.kind == "quantitative")


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (0.23, "centimeters"),
        (0.86, "meters"),
        (0.86, "feet"),
        (5.2, "ft"),
        (23.0, "meters"),
        (23.0, "feet"),
        (0.64, "square feet"),
        (0.034, "L"),
        (0.034, "cubic feet"),
        (1.58, "times"),
        (0.55, "degrees"),
    ],
)
def test_the_guide_rounds_as_the_code_does(value: float, unit: str) -> None:
    line = next(
        line
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"| {value:g} ")
    )
    assert format_quantity(value, unit) in line
