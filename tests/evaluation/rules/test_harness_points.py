"""Points of replies as two harnesses read them, on single replies and beside plain code."""

import ast
import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.masks import answering_pixels, size_of
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from spatialvlm_jax.evaluation.rules.harness_points import (
    Size,
    fenced_pixels,
    first_harness_point,
    is_in_mask,
    is_inside_by_harness,
)
from spatialvlm_jax.evaluation.rules.points import Point
from spatialvlm_jax.evaluation.rules.thoughts import without_thoughts
from spatialvlm_jax.storage.codec import encode_png
from tests.evaluation.benchmarks.published_files import write_parquet

CASES, SIZE = 1_000, (64, 48)
JSON = '[{"point_2d": [500, 250], "label": "a"}]'
FENCED = f"Here:\n```json\n{JSON}\n```"


@pytest.mark.parametrize(
    ("reply", "pixels", "first"),
    [
        (JSON, [], (0.5, 0.25)),
        (FENCED, [(32, 12)], None),  # VLMEvalKit reads JSON only where nothing else is said
        (f"```json\n{JSON}\n```", [(32, 12)], (0.5, 0.25)),
        ("[{'point_2d': (500, 250)}]", [], (0.5, 0.25)),
        ('{"point": [0.5, 0.25]}', [], (0.5, 0.25)),
        ('[{"point_2d": [1600, 24]}]', [], (25.0, 0.5)),
        ('[{"point_2d": ["500", "250"]}]', [], (0.5, 0.25)),
        ("[(0.5, 0.25), (0.1, 0.1)]", [], (0.5, 0.25)),
        ("at (32, 12)", [], (0.5, 0.25)),
        ("(500, 250)", [], (7.8125, 250 / 48)),  # pixels, where JSON would be thousandths
        ("(0.5, 0.25, 0.75, 0.5)", [], (0.5, 0.25)),
        ("(0.5, 0.25, 0.5, 0.5) or (0.1, 0.1)", [], (0.1, 0.1)),
        ("(1, 2, 3)", [], None),
        ("( 0.5, 0.25)", [], None),
        ("[0.5, 0.25]", [], None),
        ("```\n" + '[{"point_2d": [1, "2"]}]' + "\n```", [], (0.001, 0.002)),
        ("```\n[1]\n```", [], None),
        ("```\n" + "[" * 9_000 + "\n```", [], None),
        ("(" + "12," * 50_000, [], None),
        ("", [], None),
    ],
)
def test_forms_that_harnesses_read(
    reply: str, pixels: list[tuple[int, int]], first: Point | None
) -> None:
    assert fenced_pixels(reply, SIZE) == pixels
    found = first_harness_point(reply, SIZE)
    assert found == (first if first is None else pytest.approx(first))


def replies(seed: int) -> list[str]:
    """Random replies of pieces of the forms."""
    draw = random.Random(seed)
    point = '{{"point_2d": [{}, {}]}}'
    found = []
    for _ in range(CASES):
        numbers = [draw.choice((draw.randrange(0, 1001), draw.uniform(0, 1.4))) for _ in range(4)]
        pieces = [
            f"[{point.format(*numbers[:2])}]",
            f"[{point.format(*numbers[:2])}, {point.format(*numbers[2:])}]",
            "({:.3f}, {:.3f})".format(*numbers[:2]),
            "({:.3f}, {:.3f}, {:.3f}, {:.3f})".format(*numbers),
            *("```json\n", "\n```", "so ", "<answer>", "</answer>", "</think>", "\n"),
        ]
        found.append("".join(draw.choices(pieces, k=draw.randrange(0, 5))))
    return found


def plain_pixels(reply: str, size: Size) -> list[tuple[int, int]]:
    fences = re.findall(r"```\w*\n(.*?)```", reply, re.DOTALL)
    try:
        records = json.loads(fences[0]) if fences else []
    except json.JSONDecodeError:
        return []
    return [
        (int(x * size[0] / 1000 + 1e-12), int(y * size[1] / 1000 + 1e-12))
        for x, y in (record["point_2d"] for record in records)
    ]


def plain_point(reply: str, size: Size) -> Point | None:
    text = reply.strip()
    if text.startswith("```"):
        text = re.sub(r"\A```(?:[^\n]*\n|`*)|\s*(?:```)?\s*\Z", "", text)
    width, height = size
    try:
        x, y = ast.literal_eval(text.strip())[0]["point_2d"]
    except (ValueError, SyntaxError, TypeError, KeyError, IndexError):
        for inside in re.findall(r"\(([^()]*)\)", reply):
            numbers = np.array([float(number) for number in inside.split(",")])
            steps = np.array([width, height] * (len(numbers) // 2))
            shares = numbers if numbers.max() <= 1.5 else numbers / steps
            if len(shares) == 2:
                return shares[0], shares[1]
            corners = np.rint(shares * steps).reshape(2, 2)
            if (np.ptp(corners, axis=0) > 0).all():
                low = corners.min(axis=0)
                return low[0] / width, low[1] / height
        return None
    return (x, y) if max(x, y) <= 1.5 else (x / 1000, y / 1000)


def test_points_of_a_thousand_replies() -> None:
    for reply in replies(11):
        assert fenced_pixels(reply, SIZE) == plain_pixels(reply, SIZE)
        expected = plain_point(reply, SIZE)
        found = first_harness_point(reply, SIZE)
        assert found == (expected if expected is None else pytest.approx(expected, rel=1e-9)), reply


def test_answers_behind_thoughts_of_a_thousand_replies() -> None:
    for reply in replies(12):
        said = re.sub(r"\A.*?</think>", "", reply, flags=re.DOTALL)
        tagged = re.findall("<answer>(.*?)</answer>", said, re.DOTALL)
        assert without_thoughts(reply) == (tagged[0] if tagged else said).strip()


def plain_harness_inside(point: Point, polygon: list[Point]) -> bool:
    """Edges that the height of the point lies in, upright ones and those to the right, are odd."""
    count = 0
    for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if min(y1, y2) < point[1] <= max(y1, y2):
            share = (point[1] - y1) / (y2 - y1)
            count += x1 == x2 or point[0] <= x1 + share * (x2 - x1) + 1e-12
    return count % 2 == 1


def test_polygons_of_a_thousand_cases() -> None:
    draw = random.Random(13)
    marks = []
    for _ in range(CASES):
        corners = draw.randrange(3, 8)
        polygon = [(draw.randrange(9) / 8, draw.randrange(9) / 8) for _ in range(corners)]
        point = (draw.uniform(0, 1), draw.uniform(0, 1))
        marks.append(is_inside_by_harness(point, polygon))
        assert marks[-1] == plain_harness_inside(point, polygon)
    assert 200 < sum(marks) < 800
    # A fault of its code: upright sides cancel each other.
    assert not is_inside_by_harness((0.5, 0.5), [(0, 0), (1, 0), (1, 1), (0, 1)])
    assert is_inside_by_harness((0.5, 0.5), [(0, 0), (1, 0.1), (0.9, 1), (0.1, 0.9)])


def test_masks_of_a_thousand_cases() -> None:
    draw = np.random.default_rng(14)
    mask = draw.random((48, 64)) < 0.5
    for _ in range(CASES):
        pixels = [tuple(map(int, pair)) for pair in draw.integers(-2, 66, (draw.integers(4), 2))]
        inside = [x for x in pixels if 0 <= x[0] <= 63 and 0 <= x[1] <= 47]
        assert is_in_mask(pixels, mask) == any(mask[y, x] for x, y in inside)


def test_masks_are_read_from_pictures() -> None:
    grey = np.zeros((4, 6), np.uint8)
    grey[1, 2:] = 7
    for picture in (grey, np.stack([grey, 255 - grey, grey], axis=-1)):
        mask = answering_pixels(encode_png(picture))
        assert mask is not None
        assert mask.tolist() == (grey > 0).tolist()
    assert answering_pixels(b"no picture") is None
    assert answering_pixels(encode_png(grey)[:30]) is None
    assert size_of(encode_png(grey)) == (6, 4)
    assert size_of(b"") == (1, 1)


def robospatial(folder: Path, mask: bytes | None) -> tuple[Item, Item]:
    """A question for a point and one for yes or no, as the benchmark's files have them."""
    picture = {"bytes": encode_png(np.zeros((48, 64, 3), np.uint8)), "path": "a.png"}
    polygon = "[(0.4, 0.1), (0.9, 0.2), (0.8, 0.9), (0.3, 0.8)]"
    asked = [("context", "Point at space.", polygon), ("configuration", "Is it so?", "No")]
    rows: list[dict[str, Any]] = [
        {"category": c, "question": q, "answer": a, "img": picture} for c, q, a in asked
    ]
    rows[0]["mask"] = None if mask is None else {"bytes": mask, "path": "m.png"}
    write_parquet(folder / "home.parquet", rows)
    point, verdict = load_questions(find_benchmark("robospatial_home"), folder).items
    return point, verdict


def marks(item: Item, reply: str) -> list[float]:
    """By the official rule, lmms-eval's, VLMEvalKit's and the robust one."""
    benchmark = find_benchmark("robospatial_home")
    rules = (benchmark.official, *benchmark.rules.values(), benchmark.robust)
    return [rule(item, reply).score for rule in rules]


def test_robospatial_home_by_each_scorer(tmp_path: Path) -> None:
    mask = np.zeros((48, 64), np.uint8)
    mask[10:20, 30:40] = 255
    point, verdict = robospatial(tmp_path, encode_png(mask))
    assert point.size == (64, 48)
    assert marks(point, "(0.5, 0.4)") == [1, 0, 1, 1]
    assert marks(point, FENCED) == [0, 1, 0, 0]
    assert marks(point, JSON) == [0, 0, 1, 0]
    twice = '```json\n[{"point_2d": [0, 0]}, {"point_2d": [500, 250]}]\n```'
    assert marks(point, twice) == [0, 1, 0, 0]
    assert marks(verdict, "No.") == [1, 1, 1, 1]
    assert marks(verdict, "I see a mug.\nAnswer: no") == [0, 1, 0, 1]
    assert marks(verdict, "No: a yes would be wrong.")[:3] == [1, 0, 1]
    assert marks(verdict, "Nothing is there.") == [1, 1, 1, 0]
    assert marks(verdict, "<think>yes</think><answer>no</answer>") == [0, 1, 0, 1]


def test_what_has_no_mask_is_wrong_by_the_rule_that_looks_at_it(tmp_path: Path) -> None:
    point, _ = robospatial(tmp_path, None)
    assert marks(point, FENCED)[1] == 0
    broken, _ = robospatial(tmp_path, b"no picture")
    assert marks(broken, FENCED)[1] == 0
