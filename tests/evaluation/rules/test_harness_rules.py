"""Rules of harnesses for single benchmarks beside a second, plain implementation of each."""

import random
import re

import pytest

from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from tests.evaluation.rules.test_official_rules import CASES, texts

BOUNDS = [0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05]


def item(answer: str, group: str = "g", **more: object) -> Item:
    return Item("1", "?", "?", answer, "1", group=group, **more)


def plain_share(said: float, true: float) -> float:
    """Mean relative accuracy; numbers on a bound are not among the cases."""
    error = abs(said - true) / (abs(true) or 1)
    return sum(error <= bound for bound in BOUNDS) / len(BOUNDS)


def test_omni_spatial() -> None:
    benchmark = find_benchmark("omni_spatial")
    own, other = (
        benchmark.rules[f"lmms-eval's {name}"] for name in ("omnispatial", "omni_spatial")
    )
    question = item("B", options=dict.fromkeys("ABCD", "x"))
    marks = []
    for reply in texts(21, "Answer: answer : A B b Because </think> <answer> </answer> so", " \n"):
        stated = [word for word in re.split(r"answer\s*:\s*", reply, flags=re.I)[1:] if word]
        found = [word[0] for word in stated if re.fullmatch(r"[a-d](?!\w).*", word, re.I | re.S)]
        assert own(question, reply).score == ((found or ["A"])[-1] == "B")
        assert own is benchmark.official
        said = reply[reply.find("</think>") + 8 :] if "</think>" in reply else reply
        tagged = re.search("<answer>(.*?)</answer>", said, re.S)
        said = (tagged[1] if tagged else said).strip()
        marks.append(other(question, reply).score)
        assert marks[-1] == (said[:1] in ("B", "b"))
    assert 100 < sum(marks) < 900


def test_spar_bench_of_options_and_numbers() -> None:
    benchmark = find_benchmark("spar_bench")
    own, other = benchmark.rules["lmms-eval"], benchmark.rules["VLMEvalKit"]
    choice = item("B", "position_matching", options=dict.fromkeys("ABCD", ""))
    depths = {
        name: item("2.0", name, value=2.0, unit="m")
        for name in ("depth_prediction_oc", "depth_prediction_oc_mv")
    }
    for reply in texts(22, "B b A E bowl 2 1.72 two 2.11 -2.11 so", " ,\n"):
        small = reply.lower()
        assert own(choice, reply).score == (small in ("", "b") or small.startswith("b"))
        digits = [float(number) for number in re.findall(r"\d+\.\d+|\d+", reply)]
        first, last = (digits[0], digits[-1]) if digits else (-1.0, -1.0)
        for question, said in zip(depths.values(), (first, last), strict=True):
            assert own(question, reply).score == pytest.approx(plain_share(said, 2.0), abs=1e-9)
        spoken = re.sub(r"\btwo\b", "2", reply)
        # What stands behind the last of them is no number; a minus belongs to it.
        numbers = re.findall(r"-?\d+(?:\.\d+)?", spoken)
        said = float(numbers[-1]) if numbers else 99.0
        mark = other(depths["depth_prediction_oc"], reply).score
        assert mark == pytest.approx(plain_share(said, 2.0), abs=1e-9), reply


def test_spar_bench_of_motions() -> None:
    benchmark = find_benchmark("spar_bench")
    own, other = benchmark.rules["lmms-eval"], benchmark.rules["VLMEvalKit"]
    draw = random.Random(23)
    ways = [("move", "right", "left"), ("move", "up", "down"), ("move", "forward", "backward")]
    ways += [("rotate", "right", "left"), ("rotate", "up", "down")]
    for _ in range(CASES):
        true, said = (
            [draw.choice((0.0, round(draw.uniform(-9, 9), 3))) for _ in ways] for _ in range(2)
        )
        answer, reply = (
            ",".join(
                f"{kind}_{one if value >= 0 else back}:{abs(value)}"
                for (kind, one, back), value in zip(ways, values, strict=True)
            )
            for values in (true, said)
        )
        question, pairs = item(answer, "view_change_infer"), list(zip(said, true, strict=True))
        mean = sum(plain_share(one, right) for one, right in pairs) / 5
        turned = sum(plain_share(right, one) for one, right in pairs) / 5
        assert other(question, reply).score == pytest.approx(mean, abs=1e-9)
        assert other(question, reply.replace(",", " , ")).score == pytest.approx(mean, abs=1e-9)
        # It takes the truth for the prediction: errors are shares of what was said.
        assert own(question, reply).score == pytest.approx(turned, abs=1e-9)
        still = sum(value == 0 for value in true) / 5
        assert other(question, "").score == pytest.approx(still)
        assert own(question, "").score == 0


@pytest.mark.parametrize(
    ("answer", "reply", "official", "lmms_eval"),
    [
        ("sedan", "{'Reasoning': 'low', 'Answer': 'SUV'}", 1, 0),
        ("sedan", "Answer: sedan, as it is low", 0, 1),
        ("sedan", "the answer = 'Sedan'", 0, 1),
        ("school bus", "Answer: school bus", 0, 0),
        ("Yes", "true", 0, 1),
        ("Yes", "{'Answer': 1}", 1, 1),
        ("Yes", "{'Answer': 3}", 1, 0),
        ("No", "{'Answer': 'none'}", 1, 0),
        ("No", "false", 0, 1),
        ("2", "{'Answer': 'two'}", 1, 0),
        ("2", "02", 0, 1),
        ("1", "yes", 0, 1),
    ],
)
def test_spatial_457(answer: str, reply: str, official: int, lmms_eval: int) -> None:
    benchmark = find_benchmark("spatial_457")
    rules = (benchmark.official, benchmark.rules["lmms-eval"])
    assert [rule(item(answer), reply).score for rule in rules] == [official, lmms_eval]


def test_spatial_457_of_a_thousand_words() -> None:
    rule = find_benchmark("spatial_457").rules["lmms-eval"]
    same = {"true": "yes", "1": "yes", "false": "no", "0": "no"}
    words = ["yes", "No", "true", "FALSE", "0", "1", "01", "7", "007", "sedan", "Bus"]
    draw = random.Random(24)
    for _ in range(CASES):
        truth, word = draw.choice(words), draw.choice(words)
        reply = draw.choice(("{}", "Answer: {}", "{{'Answer': '{}'}}", "ANSWER={}")).format(word)
        said = reply if reply.startswith("ANSWER=") else word
        small, true = said.lower(), truth.lower()
        expected = same.get(small, small) == same.get(true, true)
        if small.isdigit() and true.isdigit():
            expected |= int(small) == int(true)
        assert rule(item(truth), reply).score == expected, (truth, reply)


@pytest.mark.parametrize("name", ["msmu", "whats_up", "spatial_rgpt"])
def test_what_no_harness_asks_has_no_rule_of_one(name: str) -> None:
    assert not find_benchmark(name).rules
