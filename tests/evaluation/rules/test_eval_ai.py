"""TextVQA's rule beside a second, plain implementation of it."""

import random

import pytest

from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from spatialvlm_jax.evaluation.rules.eval_ai import eval_ai_accuracy, normalize_eval_ai

PEOPLE = ["what's", "whats", "what 's", "wells fargo's", "Wells Fargo 's", "black,white", "dont"]
PEOPLE += [
    "black white",
    "black, white",
    "1,200",
    "1200",
    "don't",
    "b-c",
    "b- c",
    "2.",
    "2.5",
    "two",
]
PEOPLE += ["the cup?", "cup", "a;b", "a;\nb", "none", "0", "let's go!", "lets go", "b/c d", "b /c"]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("What's", "what 's"),
        ("whats", "what's"),
        ("Wells Fargo's", "wells fargo 's"),
        ("black,white", "blackwhite"),
        ("black, white", "black white"),
        ("1,200 m", "1200 m"),
        # Grouped digits take no other sign away, as their comma is gone before signs are looked at.
        ("1,200-b", "1200 b"),
        ("really?no", "reallyno"),
        ("The 2 mugs.", "2 mugs"),
        ("b;\nc", "b c"),
        ("dont", "don't"),
    ],
)
def test_what_is_compared(text: str, form: str) -> None:
    assert normalize_eval_ai(text) == form


@pytest.mark.parametrize(
    ("reply", "answer", "official", "vqa_v2"),
    [
        ("black,white", "black white", 0.0, 1.0),
        ("what's", "whats", 0.0, 1.0),
        ("wells fargo's", "wells fargo 's", 1.0, 0.0),
        ("1,200-b", "1200b", 0.0, 1.0),
        ("Dakota.", "dakota", 1.0, 1.0),
    ],
)
def test_textvqa_is_not_marked_as_vqa_v2(
    reply: str, answer: str, official: float, vqa_v2: float
) -> None:
    benchmark = find_benchmark("text_vqa")
    item = Item("1", "?", "?", answer, "i", answers=(*[answer] * 9, "another"))
    assert benchmark.official(item, reply).score == official
    assert benchmark.rules["VQA v2's rule"](item, reply).score == vqa_v2
    assert benchmark.rules["normalised always"](item, reply).score == vqa_v2


def plain_form(text: str) -> str:
    """The processor step by step, by characters."""
    low = "".join(sign for sign in text.lower() if sign not in ",?")
    low = low.replace("'s", " 's").strip().replace("\n", " ").replace("\t", " ").strip()
    signs = {
        sign: "" if f"{sign} " in low or f" {sign}" in low else " "
        for sign in ';/[]"{}()=+\\_-><@`!'
    }
    cleaned = "".join(signs.get(sign, sign) for sign in low)
    kept = [
        sign
        for place, sign in enumerate(cleaned)
        if sign != "." or cleaned[place + 1 : place + 2].isdigit()
    ]
    names = {"none": "0", "two": "2", "dont": "don't", "whats": "what's"}
    words = [names.get(word, word) for word in "".join(kept).split()]
    return " ".join(word for word in words if word not in ("a", "an", "the"))


def test_a_thousand_answers_are_marked_as_by_a_second_implementation() -> None:
    draw = random.Random(8)
    for _ in range(1_000):
        known = draw.sample(PEOPLE, draw.randrange(1, 5))
        people = [draw.choice(known) for _ in range(10)]
        reply = draw.choice([*known, draw.choice(PEOPLE), " ".join(draw.sample(PEOPLE, 2))])
        said, forms = plain_form(reply), [plain_form(answer) for answer in people]
        shares = [
            min(1.0, sum(form == said for form in forms[:out] + forms[out + 1 :]) / 3)
            for out in range(10)
        ]
        assert eval_ai_accuracy(reply, people) == pytest.approx(sum(shares) / 10, abs=1e-9)
        assert normalize_eval_ai(reply) == said
