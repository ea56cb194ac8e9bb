"""Region captions by Florence-2: what is where, in a few words."""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np

from spatialvlm_jax.bounds import Range, Settings, Share
from spatialvlm_jax.generation.experts.base import Photo, Region
from spatialvlm_jax.generation.experts.boxes import clipped, overlaps, survivors
from spatialvlm_jax.generation.experts.checkpoint import (
    Checkpoint,
    ExpertError,
    Runtime,
    import_extra,
    load_model,
    load_processor,
)
from spatialvlm_jax.generation.experts.phrases import short_phrase
from spatialvlm_jax.generation.experts.vision import pil_image
from spatialvlm_jax.generation.naming.captions import parse

CLASSES = {"florence2": "Florence2ForConditionalGeneration"}
_BINS = 1000  # coordinates are said in thousandths of the photo's sides
_SAME_THING = 0.5  # overlap from which a box with a noun and one with a caption are one thing


@dataclasses.dataclass(frozen=True)
class FlorenceOptions(Settings):
    """most_overlap: above it, of two boxes one goes. beams, most_tokens: of the text search.

    proposals: also asks for boxes without names and describes, one by one, those that overlap no
    other: finds more, at one more text for each.
    """

    proposals: bool = False
    most_overlap: Share = 0.7
    beams: Annotated[int, Range(1, 1_000)] = 3
    most_tokens: Annotated[int, Range(1, 65_536)] = 1024


class FlorenceDetector:
    """A `Detector`: region captions, with the category of the detected object beneath.

    Florence-2 rates nothing: every confidence is 1. Of boxes that overlap, one with a caption is
    kept before one with a noun only, and that before a described proposal.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        runtime: Runtime,
        options: FlorenceOptions = FlorenceOptions(),
    ) -> None:
        if "auto_map" in checkpoint.config:
            raise ExpertError(
                f"detector: {checkpoint.name} brings code of its own, which is not run; give the"
                " checkpoint converted for transformers (florence-community/Florence-2-large-ft)"
            )
        self.model = load_model(checkpoint, CLASSES[checkpoint.family], runtime)
        self.processor = load_processor(checkpoint, "AutoProcessor")
        self._batch_size, self._options = runtime.batch_size, options
        self._torch = import_extra("torch")

    def __call__(self, photos: Sequence[Photo]) -> list[tuple[Region, ...]]:
        images = [photo.image for photo in photos]
        captioned = self._boxes("<DENSE_REGION_CAPTION>", images)
        named = self._boxes("<OD>", images)
        answers = [
            merged(caption, noun, image.shape, self._options.most_overlap)
            for image, caption, noun in zip(images, captioned, named, strict=True)
        ]
        return self._with_proposals(images, answers) if self._options.proposals else answers

    def _with_proposals(
        self, images: Sequence[np.ndarray], answers: list[tuple[Region, ...]]
    ) -> list[tuple[Region, ...]]:
        new = [
            (index, box)
            for index, (boxes, _) in enumerate(self._boxes("<REGION_PROPOSAL>", images))
            for box in boxes_without_region(
                boxes, answers[index], images[index].shape, self._options.most_overlap
            )
        ]
        prompts = [f"<REGION_TO_DESCRIPTION>{spoken(box, images[i].shape)}" for i, box in new]
        texts = self.generate([images[i] for i, _ in new], prompts, "<REGION_TO_DESCRIPTION>")
        for (index, box), text in zip(new, texts, strict=True):
            caption = short_phrase(text.partition("<")[0])
            if caption:
                answers[index] += (Region(box, caption, parse(caption).head),)
        return answers

    def _boxes(
        self, task: str, images: Sequence[np.ndarray]
    ) -> list[tuple[np.ndarray, tuple[str, ...]]]:
        """Boxes float32[N, 4], pixels, and what was said of each, for each image."""
        return [
            (np.asarray(each["bboxes"], np.float32).reshape(-1, 4), tuple(each["labels"]))
            for each in self.generate(images, [task] * len(images), task)
        ]

    def generate(
        self, images: Sequence[np.ndarray], prompts: Sequence[str], task: str
    ) -> list[Any]:
        """What the model says to each prompt, as the processor reads it for this task."""
        answers: list[Any] = []
        for start in range(0, len(images), self._batch_size):
            some = images[start : start + self._batch_size]
            # Prompts of one task are equally long: nothing is padded.
            inputs = self.processor(
                images=[pil_image(image) for image in some],
                text=list(prompts[start : start + self._batch_size]),
                return_tensors="pt",
            ).to(self.model.device, self.model.dtype)
            with self._torch.inference_mode():
                tokens = self.model.generate(
                    **inputs,
                    max_new_tokens=self._options.most_tokens,
                    num_beams=self._options.beams,
                    do_sample=False,
                )
            answers += [
                self.processor.post_process_generation(
                    sequence=row, task=task, image_size=(image.shape[1], image.shape[0])
                )[task]
                for row, image in zip(tokens, some, strict=True)
            ]
        return answers


def merged(
    captioned: tuple[np.ndarray, Sequence[str]],
    named: tuple[np.ndarray, Sequence[str]],
    shape: tuple[int, ...],
    most_overlap: float,
) -> tuple[Region, ...]:
    """One region a thing, from boxes with captions and boxes with nouns.

    A captioned box takes its category from the named box that overlaps it most, where the two are
    one thing; else from its caption's own noun.
    """
    boxes = np.concatenate([clipped(captioned[0], shape), clipped(named[0], shape)])
    captions = [short_phrase(text) for text in (*captioned[1], *named[1])]
    spoken_of = np.array([caption != "" for caption in captions], bool)
    count = len(captioned[1])
    nouns, overlap = captions[count:], overlaps(boxes, boxes[count:])
    # Captions come before nouns; a box without words comes last and is then left out.
    rank = np.where(np.arange(len(boxes)) < count, 2.0, 1.0) * spoken_of
    regions = []
    for index in survivors(boxes[rank > 0], rank[rank > 0], most_overlap):
        original = int(np.flatnonzero(rank > 0)[index])
        best = int(np.argmax(overlap[original])) if nouns else 0
        known = bool(nouns) and overlap[original, best] >= _SAME_THING and nouns[best] != ""
        category = parse(nouns[best] if known else captions[original]).head
        regions.append(Region(boxes[original], captions[original], category))
    return tuple(regions)


def boxes_without_region(
    boxes: np.ndarray, regions: Sequence[Region], shape: tuple[int, ...], most_overlap: float
) -> list[np.ndarray]:
    """Boxes that overlap no region, and none before them, by more than `most_overlap`."""
    known = np.array([region.box for region in regions], np.float32).reshape(-1, 4)
    every = np.concatenate([known, clipped(boxes, shape)])
    rank = np.where(np.arange(len(every)) < len(known), 2.0, 1.0)
    return [every[i] for i in survivors(every, rank, most_overlap) if i >= len(known)]


def spoken(box: np.ndarray, shape: tuple[int, ...]) -> str:
    """A box in the model's words: "<loc_120><loc_5><loc_900><loc_430>"."""
    sides = np.array([shape[1], shape[0]] * 2)
    bins = np.clip(np.floor(box / sides * _BINS), 0, _BINS - 1).astype(int)
    return "".join(f"<loc_{each}>" for each in bins)
