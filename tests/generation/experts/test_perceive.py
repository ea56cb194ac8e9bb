"""Asking experts about a batch: order, rejections, failures that lose one photo only."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.base import (
    Experts,
    MetricDepth,
    Perception,
    Photo,
    Region,
    Verdict,
)
from spatialvlm_jax.generation.experts.perceive import perceive
from spatialvlm_jax.generation.outcomes import Failed, Rejected

SIZE = (4, 6)
PHOTOS = [Photo(name, np.zeros((*SIZE, 3), np.uint8)) for name in ("a", "b", "c")]
BOX = np.array([1, 1, 3, 3], np.float32)


def detect(photos: Sequence[Photo]) -> list[tuple[Region, ...]]:
    return [(Region(BOX, f"{photo.image_id} mug"), Region(BOX, "chair")) for photo in photos]


def segment(
    photos: Sequence[Photo], regions: Sequence[tuple[Region, ...]]
) -> list[tuple[Region, ...]]:
    assert [found[0].caption for found in regions] == [f"{p.image_id} mug" for p in photos]
    mask = np.ones(SIZE, bool)
    return [tuple(dataclasses.replace(r, mask=mask) for r in found) for found in regions]


def depth(photos: Sequence[Photo]) -> list[MetricDepth]:
    return [MetricDepth(np.full(SIZE, ord(p.image_id), np.float32), np.eye(3)) for p in photos]


def failing_at(name: str, expert: Callable[..., Any]) -> Callable[..., Any]:
    """As `expert`, but raises where photo `name` is in the batch."""

    def call(photos: Sequence[Photo], *more: Any) -> Any:
        if any(photo.image_id == name for photo in photos):
            raise RuntimeError(f"{name} is too much")
        return expert(photos, *more)

    return call


PLAIN = Experts(detect, segment, depth)


def test_each_photo_gets_its_own_answers_in_order() -> None:
    for each, name in zip(perceive(PHOTOS, PLAIN), "abc", strict=True):
        assert isinstance(each, Perception)
        assert each.photo.image_id == name
        assert each.regions[0].caption == f"{each.photo.image_id} mug"
        assert each.depth.depth[0, 0] == ord(each.photo.image_id)
        assert each.ground is None
        assert each.similarity is None


def test_no_photos_ask_nobody() -> None:
    def never(*_: Any) -> Any:
        raise AssertionError

    assert perceive([], Experts(never, never, never)) == []


def test_the_filter_rejects_with_its_label_and_later_experts_do_not_see_the_photo() -> None:
    def keep(photos: Sequence[Photo]) -> list[Verdict]:
        return [Verdict(p.image_id != "b", "a screenshot", 0.75) for p in photos]

    experts = dataclasses.replace(PLAIN, filter=keep, detector=failing_at("b", detect))
    first, second, third = perceive(PHOTOS, experts)
    assert isinstance(second, Rejected)
    assert not isinstance(second, Failed)
    assert second.stage == "filter"
    assert str(second) == "looks like 'a screenshot' (0.75)"
    assert isinstance(first, Perception)
    assert isinstance(third, Perception)


@pytest.mark.parametrize(
    ("field", "stage"),
    [("detector", "detect"), ("segmenter", "segment"), ("depth", "depth"), ("ground", "ground")],
)
def test_a_failing_photo_is_lost_alone_with_its_stage(field: str, stage: str) -> None:
    def ground(photos: Sequence[Photo]) -> list[np.ndarray]:
        return [np.ones(SIZE, bool) for _ in photos]

    experts = dataclasses.replace(PLAIN, ground=ground)
    experts = dataclasses.replace(experts, **{field: failing_at("b", getattr(experts, field))})
    first, second, third = perceive(PHOTOS, experts)
    assert isinstance(second, Failed)
    assert (second.stage, str(second)) == (stage, "RuntimeError: b is too much")
    assert isinstance(first, Perception)
    assert isinstance(third, Perception)
    assert third.regions[0].caption == "c mug"


def test_an_expert_may_reject_a_photo_itself() -> None:
    def unknown(photos: Sequence[Photo]) -> list[MetricDepth]:
        if any(photo.image_id == "a" for photo in photos):
            raise Rejected("depth", "its focal length is unknown")
        return depth(photos)

    first, second, _ = perceive(PHOTOS, dataclasses.replace(PLAIN, depth=unknown))
    assert type(first) is Rejected
    assert first.stage == "depth"
    assert isinstance(second, Perception)


def test_too_few_answers_are_never_shifted_onto_other_photos() -> None:
    def one_short(photos: Sequence[Photo]) -> list[MetricDepth]:
        return depth(photos)[:-1]

    found = perceive(PHOTOS, dataclasses.replace(PLAIN, depth=one_short))
    assert [type(each) for each in found] == [Failed] * 3
    assert str(found[0]) == "ValueError: 0 answers for 1 photos"


@pytest.mark.parametrize("field", ["detector", "segmenter"])
def test_a_photo_in_which_nothing_is_found_is_rejected(field: str) -> None:
    def nothing(photos: Sequence[Photo], *_: Any) -> list[tuple[Region, ...]]:
        return [() for _ in photos]

    for each in perceive(PHOTOS, dataclasses.replace(PLAIN, **{field: nothing})):
        assert type(each) is Rejected
        assert each.stage == {"detector": "detect", "segmenter": "segment"}[field]


def test_similarity_is_the_cosine_of_captions() -> None:
    def embed(texts: Sequence[str]) -> np.ndarray:
        return np.array([[1, 0] if "mug" in text else [0.6, 0.8] for text in texts])

    found = perceive(PHOTOS[:1], dataclasses.replace(PLAIN, embedder=embed))[0]
    assert isinstance(found, Perception)
    np.testing.assert_allclose(found.similarity, [[1, 0.6], [0.6, 1]])


def test_an_embedder_that_fails_loses_the_photo_by_name() -> None:
    def embed(texts: Sequence[str]) -> np.ndarray:
        raise RuntimeError("no words")

    for each in perceive(PHOTOS, dataclasses.replace(PLAIN, embedder=embed)):
        assert isinstance(each, Failed)
        assert each.stage == "embed"
