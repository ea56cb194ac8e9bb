import collections
import dataclasses
import itertools
import math

import numpy as np
import pytest

from spatialvlm_jax.generation.questions.generate import (
    REGISTRY,
    QAConfig,
    QuestionType,
    generate_pairs,
    register,
    share_of,
)
from spatialvlm_jax.generation.wording.phrasing import SI, format_quantity, rephrase, unit_of
from spatialvlm_jax.generation.wording.qualitative import OPPOSITES, RELATION_WORDS
from spatialvlm_jax.generation.wording.templates import answer_template
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import QA, Scene
from tests.generation.scenes import make_scene, random_scene, thing

SCENES = 60
ALL = QAConfig(pairs_per_image=400, max_per_type=400, max_per_pair=400)
SHORT = dataclasses.replace(ALL, question_phrasings=1, answer_phrasings=1)


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Scene, list[QA]]]:
    config = QAConfig(units="human")
    scenes = [random_scene(seed) for seed in range(SCENES)]
    return [(scene, generate_pairs(scene, config, 7)) for scene in scenes]


KINDS = ("qualitative", "quantitative", "general")


def asked(scene: Scene, config: QAConfig = SHORT, seed: int = 0) -> dict[str, list[QA]]:
    """All pairs by type, kind after kind, so that the balance of kinds drops none."""
    by_type: dict[str, list[QA]] = collections.defaultdict(list)
    for kind in KINDS:
        entries = [entry for entry in REGISTRY.values() if entry.kind == kind]
        only = dataclasses.replace(
            config,
            types=tuple(entry.name for entry in entries if share_of(entry, config) > 0),
            spatial_fraction=float(kind != "general"),
            general_fraction=float(kind == "general"),
        )
        if only.types:
            for pair in generate_pairs(scene, only, seed):
                by_type[pair.type].append(pair)
    return by_type


def two(**options) -> Scene:
    return make_scene(
        thing("red mug", (-1, 3, -0.5), (0.2, 0.3, 0.4)),
        thing("blue box", (1, 5, -0.5), (0.6, 0.5, 0.9)),
        **options,
    )


def test_enough_types() -> None:
    kinds = collections.Counter(entry.kind for entry in REGISTRY.values())
    assert kinds["qualitative"] >= 10
    assert kinds["quantitative"] >= 7
    assert kinds["general"] >= 6
    assert all(entry.definition and entry.margin for entry in REGISTRY.values())


def test_the_same_seed_asks_the_same_and_another_asks_otherwise() -> None:
    scene = random_scene(1)
    config = QAConfig(units="human")
    assert generate_pairs(scene, config, 3) == generate_pairs(random_scene(1), config, 3)
    assert generate_pairs(scene, config, 3) != generate_pairs(scene, config, 4)
    other = dataclasses.replace(scene, image_id="another")
    assert generate_pairs(scene, config, 3) != generate_pairs(other, config, 3)


def test_draws_do_not_depend_on_the_process() -> None:
    """A literal: the hash is not Python's own, which changes from process to process."""
    pair = generate_pairs(two(), QAConfig(types=("height",), question_phrasings=1), 0)
    questions = [each.question for each in pair]
    assert sorted(questions) == ["how tall is the blue box?", "how tall is the red mug?"]


def test_short_answers_of_two_objects() -> None:
    pairs = asked(two())
    words = {name: {pair.answer for pair in found} for name, found in pairs.items()}
    assert words["left_of"] <= {"left, so yes", "right, so no"}
    assert words["in_front_of"] <= {"in front, so yes", "behind, so no"}
    assert words["taller"] <= {"taller, so yes", "shorter, so no"}
    assert words["which_left"] == {"red mug"}
    assert words["which_taller"] == {"blue box"}
    assert words["camera_distance"] == {"3.2 m", "5.1 m"}
    assert words["height"] == {"0.40 m", "0.90 m"}
    assert words["width"] == {"0.20 m", "0.60 m"}
    assert words["horizontal_distance"] == {"2.8 m"}
    assert words["where"] <= {"left and in front", "right and behind"}
    assert words["color"] == {"red", "blue"}
    assert words["existence"] <= {"red, so yes", "blue, so yes", "red, so no", "blue, so no"}


@pytest.mark.parametrize("seed", range(6))
def test_polarity(seed: int) -> None:
    """The truth table: question, order of the objects, what holds, and the verdict agree."""
    truth = {"red mug": {"left", "front", "nearer", "shorter", "narrower", "smaller"}}
    truth["blue box"] = {"right", "behind", "farther", "taller", "wider", "bigger"}
    scene = two()
    for name, pairs in asked(scene, ALL, seed).items():
        entry = REGISTRY[name]
        for pair in pairs:
            if entry.answer_form not in ("yes_no", "choice") or entry.kind == "general":
                continue
            if not entry.reverses:
                continue
            first, second = (scene.objects[index].caption for index in pair.objects)
            holds = entry.asks in truth[first]
            if entry.answer_form == "yes_no":
                assert pair.verdict == ("yes" if holds else "no")
                word = next(iter(truth[first] & {entry.asks, OPPOSITES[entry.asks]}))
                short, long = RELATION_WORDS[word]
                before = pair.answer[: pair.answer.rindex(pair.verdict)]
                assert short in before or long in before
            else:
                assert pair.verdict == (first if holds else second)
                assert pair.verdict in pair.answer


def test_phrasing_never_changes_the_scale(drawn) -> None:
    """The number in the words is the value, in every template and unit: no length is ten times it.

    The truth stays beside the words, in SI units, and the words say it to within rounding.
    """
    checked, units = 0, set()
    for scene, pairs in drawn:
        for pair in pairs:
            if pair.kind != "quantitative":
                assert math.isnan(pair.value)
                assert pair.unit == ""
                continue
            assert unit_of(pair.answer) == pair.unit
            number = next(float(word) for word in pair.answer.split() if word[:1].isdigit())
            if pair.unit == "degrees":
                number *= 1 if "right" in pair.answer else -1
                assert abs(np.deg2rad(number) - pair.value) <= np.deg2rad(2.51)
            else:
                assert abs(number * SI[pair.unit] - pair.value) <= 0.26 * pair.value
            captions = [scene.objects[index].caption for index in pair.objects]
            assert rephrase(pair.template, pair.value, pair.unit, captions) == pair.answer
            checked += 1
            units.add(pair.unit)
    assert checked > 500
    assert len(units) > 15


def test_values_are_the_geometry(drawn) -> None:
    for scene, pairs in drawn[:10]:
        geometry = SceneGeometry.from_scene(scene)
        for pair in pairs:
            if pair.kind == "quantitative":
                truth = REGISTRY[pair.type].evaluate(geometry, *pair.objects)
                assert (pair.value, pair.value_std) == (truth.value, truth.std)


def test_half_of_the_spatial_pairs_are_quantitative(drawn) -> None:
    for _, pairs in drawn:
        kinds = collections.Counter(pair.kind for pair in pairs)
        assert kinds["quantitative"] == kinds["qualitative"]
        assert len(pairs) <= 32
    assert sum(len(pairs) for _, pairs in drawn) > 30 * SCENES


def test_half_and_half_where_little_can_be_asked() -> None:
    scene = make_scene(thing("red mug", (0, 3, 0)))
    types = ("height", "left_of", "color")
    only = generate_pairs(scene, QAConfig(types=types), 0)
    assert {pair.kind for pair in only} == {"general"}
    kinds = collections.Counter(pair.kind for pair in generate_pairs(two(), QAConfig(), 0))
    assert kinds["quantitative"] == kinds["qualitative"] > 3


def test_yes_and_no_are_balanced_in_every_type() -> None:
    """Within a picture they alternate; so over pictures they differ by chance of a coin only."""
    total: collections.Counter[tuple[str, str]] = collections.Counter()
    for seed in range(SCENES):
        for name, pairs in asked(random_scene(seed), SHORT, seed).items():
            if REGISTRY[name].answer_form == "yes_no" and name != "existence":
                count = collections.Counter(pair.verdict for pair in pairs)
                assert abs(count["yes"] - count["no"]) <= 1
                total += collections.Counter({(name, word): n for word, n in count.items()})
    for name in {name for name, _ in total}:
        yes, no = total[name, "yes"], total[name, "no"]
        assert yes + no > 100
        assert abs(yes - no) < 0.15 * (yes + no), name


def test_the_answer_does_not_follow_the_order_of_the_objects() -> None:
    first: collections.Counter[tuple[str, bool]] = collections.Counter()
    lower: collections.Counter[bool] = collections.Counter()
    for seed in range(SCENES):
        scene = random_scene(seed)
        for pair in itertools.chain.from_iterable(asked(scene, SHORT, seed).values()):
            if REGISTRY[pair.type].answer_form == "choice":
                first[pair.type, scene.objects[pair.objects[0]].caption == pair.verdict] += 1
            if len(pair.objects) == 2 and pair.kind != "general":
                lower[pair.objects[0] < pair.objects[1]] += 1
    for name in ("which_left", "which_nearer", "which_taller", "which_wider"):
        assert abs(first[name, True] - first[name, False]) <= SCENES
        assert first[name, True] > 100
    assert abs(lower[True] - lower[False]) < 0.06 * lower.total()


def test_nothing_is_asked_twice(drawn) -> None:
    for _, pairs in drawn:
        spatial = [p for p in pairs if p.kind != "general"]
        keys = [(pair.type, frozenset(pair.objects)) for pair in spatial]
        assert len(keys) == len(set(keys))
        general = [(p.type, p.objects, p.verdict, p.question) for p in pairs if p.kind == "general"]
        assert len(general) == len(set(general))


def test_caps_grow_with_the_pairs_wanted() -> None:
    few, many = QAConfig(), QAConfig(pairs_per_image=200)
    assert (few.per_type, few.per_pair) == (4, 8)
    assert (many.per_type, many.per_pair) == (13, 10)
    assert QAConfig(pairs_per_image=200, max_per_type=5).per_type == 5


def test_eight_objects_give_two_hundred_pairs() -> None:
    config = QAConfig(pairs_per_image=200, general_fraction=0.0, units="human")
    for seed in range(10):
        pairs = generate_pairs(random_scene(seed, 8), config, 0)
        assert len(pairs) == 200
        kinds = collections.Counter(pair.kind for pair in pairs)
        assert kinds == {"qualitative": 100, "quantitative": 100}
        assert len({pair.question for pair in pairs}) == 200


def test_caps() -> None:
    config = QAConfig(pairs_per_image=200, max_per_type=2, max_per_pair=3)
    pairs = generate_pairs(random_scene(3), config, 0)
    assert max(collections.Counter(pair.type for pair in pairs).values()) == 2
    both = collections.Counter(
        frozenset(p.objects) for p in pairs if len(p.objects) == 2 and p.kind != "general"
    )
    assert max(both.values()) == 3


def test_types_and_weights() -> None:
    scene = random_scene(2)
    only = asked(scene, dataclasses.replace(ALL, types=("height", "left_of")))
    assert set(only) == {"height", "left_of"}
    without = asked(scene, dataclasses.replace(ALL, weights={"height": 0.0}))
    assert "height" not in without
    assert "width" in without
    with pytest.raises(ValueError, match="spatial_fraction: it and general_fraction are both 0"):
        QAConfig(spatial_fraction=0.0, general_fraction=0.0)
    with pytest.raises(ValueError, match=r"types\[0\]: 'heigth' is not .*; did you mean height"):
        QAConfig(types=("heigth",))


def test_a_new_type_changes_nothing_where_types_are_named(monkeypatch) -> None:
    """What a checkpoint was taught stays as it was when others add types."""
    named = tuple(name for name in REGISTRY if name not in ("farther", "times_taller", "clock"))
    config = QAConfig(types=named, units="human")
    before = [generate_pairs(random_scene(seed), config, 0) for seed in range(5)]
    fewer = {name: REGISTRY[name] for name in named}
    monkeypatch.setattr("spatialvlm_jax.generation.questions.generate.REGISTRY", fewer)
    assert [generate_pairs(random_scene(seed), config, 0) for seed in range(5)] == before


def test_fractions() -> None:
    config = QAConfig(spatial_fraction=1.0, general_fraction=0.0)
    assert {p.kind for p in generate_pairs(random_scene(2), config, 0)} == {
        "qualitative",
        "quantitative",
    }
    config = QAConfig(spatial_fraction=0.0, general_fraction=1.0)
    assert {p.kind for p in generate_pairs(random_scene(2), config, 0)} == {"general"}


def test_phrasings_can_be_limited() -> None:
    for pair in itertools.chain.from_iterable(asked(random_scene(4)).values()):
        assert pair.template == f"{pair.type}.q0/{pair.type}.a0"
    spread = {
        pair.template
        for pair in itertools.chain.from_iterable(asked(random_scene(4), ALL).values())
    }
    assert len(spread) > 100


def test_uncertain_and_tiny_lengths_are_not_asked() -> None:
    scene = make_scene(
        thing("red mug", (0, 3, 0), (0.3, 0.3, 0.3)),
        thing("blue box", (0.33, 3, 0), (0.3, 0.3, 0.04)),
        thing("black lamp", (3, 6, 0), (0.3, 0.3, 0.3), std=0.5, extents_std=0.1),
    )
    pairs = asked(scene)
    assert "blue box" not in " ".join(pair.question for pair in pairs["height"])
    assert "black lamp" not in " ".join(pair.question for pair in pairs["height"])
    assert (0, 1) not in [tuple(sorted(pair.objects)) for pair in pairs["distance"]]
    far = next(pair for pair in pairs["camera_distance"] if pair.objects == (2,))
    assert far.value_std == 0.5


def test_uncertain_lengths_are_spoken_coarsely() -> None:
    assert format_quantity(6.71, "meters", std=0.6) == "7 meters"


def test_answers_come_from_their_templates(drawn) -> None:
    for scene, pairs in drawn[:5]:
        for pair in pairs:
            literal = answer_template(pair.template.split("/")[1]).split("{")[0]
            assert pair.answer.startswith(literal)
            assert "{" not in pair.question + pair.answer
            assert all(0 <= index < len(scene.objects) for index in pair.objects)


def test_a_name_is_registered_once() -> None:
    taken = REGISTRY["height"]
    assert isinstance(taken, QuestionType)
    with pytest.raises(ValueError, match="'height' is registered twice"):
        register(taken)


def test_a_scene_without_objects() -> None:
    assert generate_pairs(make_scene(), QAConfig(), 0) == []


@pytest.mark.parametrize(("gap", "asked_at"), [(0.19, False), (0.21, True)])
def test_gaps_are_asked_from_the_least_up(gap: float, asked_at: bool) -> None:
    """Two boxes of 0.3 m side by side, the gap between their faces in metres."""
    scene = make_scene(thing("red mug", (0, 3, 0)), thing("blue box", (0.3 + gap, 3, 0)))
    gaps = {"distance", "fits_between", "reaches"}
    config = dataclasses.replace(SHORT, min_gap_metres=0.2)
    found = asked(scene, config)
    assert gaps <= set(asked(scene))
    assert gaps & set(found) == (gaps if asked_at else set())
    assert "centre_distance" in found


def test_bearings_are_asked_on_both_sides() -> None:
    assert {pair.answer for pair in asked(two())["bearing"]} == {
        "20 degrees to the left",
        "10 degrees to the right",
    }
