"""Answers that deny a relation, for every type that tells one."""

import dataclasses

import pytest

from spatialvlm_jax.generation.questions.denial import deny
from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.scene.records import QA

CAPTIONS = ("red mug", "blue chair")


def relation(kind: str, verdict: str, answer: str = "a0", text: str = "") -> QA:
    template = f"{kind}.q0/{kind}.{answer}"
    return QA("?", text, kind, "qualitative", verdict=verdict, objects=(0, 1), template=template)


@pytest.mark.parametrize(
    ("kind", "verdict", "answer", "said", "other"),
    [
        ("left_of", "yes", "a0", "right, so no", "no"),
        ("left_of", "no", "a0", "left, so yes", "yes"),
        ("behind", "yes", "a0", "in front, so no", "no"),
        ("touching", "yes", "a0", "apart, so no", "no"),
        ("taller", "no", "a1", "The red mug is taller than the blue chair, so yes.", "yes"),
        ("which_left", "red mug", "a0", "blue chair", "blue chair"),
        ("which_left", "blue chair", "r0", "left, so the red mug", "red mug"),
        ("which_nearer", "red mug", "r0", "farther, so the blue chair", "blue chair"),
        ("where", "left and behind", "a0", "right and in front", "right and in front"),
        ("where", "behind", "a0", "in front", "in front"),
        ("clock", "2", "a0", "8 o'clock", "8"),
    ],
)
def test_the_opposite_is_said_in_the_words_of_the_truth(kind, verdict, answer, said, other):
    denied = deny(relation(kind, verdict, answer), CAPTIONS)
    assert denied is not None
    assert (denied.answer, denied.verdict) == (said, other)


def test_denying_twice_gives_the_truth_again_for_every_type():
    kinds = [kind for kind in REGISTRY.values() if kind.kind == "qualitative"]
    count = 0
    for kind in kinds:
        verdicts = {
            "yes_no": ("yes", "no"),
            "choice": CAPTIONS,
            "word": ("left", "right and behind"),
        }
        for verdict in verdicts.get(kind.answer_form, ()):
            if kind.name == "clock":
                verdict = {"left": "9", "right and behind": "12"}[verdict]
            for place in range(len(TEMPLATES[kind.name].answers)):
                once = deny(relation(kind.name, verdict, f"a{place}"), CAPTIONS)
                assert once is not None
                twice = deny(dataclasses.replace(once, answer=""), CAPTIONS)
                assert twice is not None
                assert once.verdict != verdict == twice.verdict
                assert once.answer != twice.answer
                count += 1
    assert count > 100


def test_what_tells_no_relation_between_two_objects_stays():
    assert deny(relation("reaches", "yes"), CAPTIONS) is None
    assert deny(QA("?", "1 m", "height", "quantitative", value=1.0, objects=(0,)), ("mug",)) is None
    assert deny(QA("?", "red", "color", "general", verdict="red", objects=(0,)), ("mug",)) is None


def test_an_answer_of_no_template_is_an_error():
    with pytest.raises(ValueError, match="no answer template"):
        deny(dataclasses.replace(relation("left_of", "yes"), template=""), CAPTIONS)
