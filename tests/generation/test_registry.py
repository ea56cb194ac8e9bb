from pathlib import Path

import pytest

from spatialvlm_jax.generation.qa import REGISTRY, QAConfig
from spatialvlm_jax.generation.records import Kind
from spatialvlm_jax.generation.templates import TEMPLATES
from spatialvlm_jax.generation.templates_thresholds import THRESHOLD_WORDS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "questions.md"
EXAMPLE = {
    "a": "red mug",
    "b": "blue box",
    "winner": "red mug",
    "size": "60 cm",
    "hour": "3",
    "verdict": "yes",
    "direction": "left and behind",
    "plural": "red mugs",
    "one": "a red mug",
    "color": "red",
}
VALUES = {
    "length": "1.2 m",
    "area": "0.48 m²",
    "volume": "0.36 m³",
    "ratio": "1.5 times",
    "angle": "30 degrees to the right",
}
SHORT = {"existence": "red", "front": "in front"}
SHORT |= {name: words["yes"][0] for name, words in THRESHOLD_WORDS.items()}
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
    slots = EXAMPLE | {"answer": ANSWERS.get(name, "")}
    slots["value"] = VALUES[entry.dimension]
    slots["short"] = SHORT.get(entry.asks or name, entry.asks)
    if name == "what_is_on":
        slots["a"] = "blue box"
    question = wording.questions[0].format(**slots)
    answer = wording.answers[0].format(**slots)
    columns = [f"`{name}`", question, answer, entry.definition, entry.margin]
    return f"| {' | '.join(columns)} |"


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
