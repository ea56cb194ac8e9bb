"""Replies in the forms in which lmms-eval and VLMEvalKit keep theirs, for tools that take those."""

import csv
import io
import json
from collections.abc import Mapping

from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction

_COLUMNS = ("index", "question", "answer", "category", "prediction")


# Questions by their numbers among all records, None where one was left out.
Places = Mapping[int, Item | None]


def lmms_samples(places: Places, replies: Mapping[str, Prediction]) -> str:
    """JSON Lines: one sample a reply, numbered as the records are."""
    samples = [
        {
            "doc_id": place,
            "input": item.prompt,
            "target": item.answer,
            "filtered_resps": [replies[item.id].text],
        }
        for place, item in places.items()
        if item and item.id in replies
    ]
    return "".join(json.dumps(sample) + "\n" for sample in samples)


def vlmeval_table(places: Places, replies: Mapping[str, Prediction]) -> str:
    """A table apart by tabs: the index is the question's id, or its place where ids are words."""
    items = [item for item in places.values() if item]
    letters = sorted({letter for item in items for letter in item.options})
    numbered = all(item.id.isdecimal() for item in items)
    text = io.StringIO()
    names = [*_COLUMNS[:2], *letters, *_COLUMNS[2:]]
    table = csv.DictWriter(text, names, delimiter="\t", lineterminator="\n", restval="")
    table.writeheader()
    for place, item in places.items():
        if item and item.id in replies:
            row = {
                "index": item.id if numbered else place,
                "question": item.question,
                "answer": item.answer,
                "category": item.group,
                "prediction": replies[item.id].text,
                **item.options,
            }
            table.writerow(row)
    # Halves of characters cannot be written.
    return text.getvalue().encode(errors="replace").decode()
