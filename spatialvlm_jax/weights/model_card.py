"""README.md of a published folder: what the weights are, what they were made from, how to ask."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from spatialvlm_jax.weights.run_record import RunRecord
from spatialvlm_jax.weights.settings import ATTENTION, CAMERA, RESIZE, TOKENIZER

_HEAD = """\
---
library_name: transformers
pipeline_tag: image-text-to-text
tags:
- paligemma
- spatial-reasoning
---

# {title}

A PaliGemma that answers questions about space in pictures, in metres where it is asked how far or
how large. Written by SpatialVLM-JAX.

## How to ask it

```python
from PIL import Image
from transformers import AutoProcessor, PaliGemmaForConditionalGeneration

folder = "."  # this one
processor = AutoProcessor.from_pretrained(folder)
model = PaliGemmaForConditionalGeneration.from_pretrained(folder)
question = "How far is the mug from the lamp?"
inputs = processor(
    images=Image.open("picture.jpg").convert("RGB"),
    text="<image>" + {prefix}.replace("{{question}}", question),
    return_tensors="pt",
)
answer = model.generate(**inputs)[0, inputs["input_ids"].shape[1] :]
print(processor.decode(answer, skip_special_tokens=True))
```
"""


def model_card(
    record: RunRecord,
    *,
    title: str,
    dtype: str,
    figures: Sequence[Sequence[str]],
    cautions: Iterable[str],
) -> str:
    """The card as Markdown.

    Args:
      record: of the run.
      title: of the page.
      dtype: in which the weights are stored.
      figures: a table of the evaluation, its head first; empty where there was none.
      cautions: what readers of the folder do otherwise than the run did.
    """
    parts = [_HEAD.format(title=_plain(title), prefix=repr(record.prefix))]
    if listed := [f"- {_plain(line)}" for line in cautions]:
        parts.append("\n".join(["## Before you use it", "", *listed, ""]))
    rows = [(name, value) for name, value in _provenance(record, dtype) if value]
    parts.append(
        "\n".join(["## What it was made from", "", *_table([("what", "value"), *rows]), ""])
    )
    if record.datasets():
        head = ("data set", "split", "questions put as", "SHA-256")
        parts.append("\n".join([*_table([head, *record.datasets()]), ""]))
    parts.append(_evaluation(figures))
    return "\n".join(parts)


def _provenance(record: RunRecord, dtype: str) -> list[tuple[str, str]]:
    train, data = record.section("train"), record.section("data")
    places = {
        "base weights": "init_from",
        "base weights of the encoder": "init_encoder_from",
        "base weights of the decoder": "init_decoder_from",
    }
    return [
        ("run", str(record.experiment.get("name", ""))),
        *((title, _name(str(train.get(field, "")))) for title, field in places.items()),
        ("step", record.step),
        ("revision of the code", record.revision),
        ("attention rule", record.settings.get(ATTENTION, "")),
        ("pictures are resized by", record.settings.get(RESIZE, "")),
        ("the camera is told by", record.settings.get(CAMERA, "")),
        ("questions are put as", record.prefix),
        ("tokenizer", _name(str(data.get("tokenizer", "")))),
        ("SHA-256 of the tokenizer", record.settings.get(TOKENIZER, "")),
        ("stored as", dtype),
    ]


def _name(place: str) -> str:
    """The end of a path: the rest tells of somebody's machine."""
    parts = PurePath(place).parts
    return "/".join(parts[-2:] if parts[-1:] and "." in parts[-1] else parts[-1:])


def _evaluation(figures: Sequence[Sequence[str]]) -> str:
    if not figures:
        return "## Figures\n\nThere is no evaluation of these weights beside them.\n"
    text = "On held-out questions, beside the best constant answer (baseline):"
    return "\n".join(["## Figures", "", text, "", *_table(figures), ""])


def _table(rows: Iterable[Sequence[str]]) -> list[str]:
    head, *body = [[_plain(cell) for cell in row] for row in rows]
    lines = [head, ["---"] * len(head), *body]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _plain(text: str) -> str:
    """Text in which nothing is Markdown: names and templates are others' words."""
    flat = " ".join(text.split())
    return re.sub(r"([\\`*_{}\[\]<>|#!])", r"\\\1", flat)
