"""Which reply answers which question: by id, checked by what the file says was asked and right."""

import dataclasses
from collections.abc import Mapping, Sequence

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction
from spatialvlm_jax.evaluation.benchmarks.regions import call_by_names

_MOST_MISMATCHES = 0.01  # of all replies


@dataclasses.dataclass(frozen=True)
class Joined:
    """The replies by the ids of their questions, and how many belong to none."""

    replies: Mapping[str, Prediction]
    strangers: int


def join(items: Sequence[Item], predictions: Sequence[Prediction]) -> Joined:
    """Finds the question of each reply.

    Raises:
      UserError: a question has two replies, or of more than 1 % of the replies the question is
        not known, or is not the one that the file says it is.
    """
    by_id = {item.id: item for item in items}
    replies: dict[str, Prediction] = {}
    odd: list[str] = []
    for prediction in predictions:
        item = by_id.get(prediction.id) if prediction.id else None
        if item is None and prediction.place is not None and prediction.place < len(items):
            item = items[prediction.place]
        if item is None:
            odd.append(f"no question has the id {_named(prediction)}")
            continue
        if fault := _mismatch(item, prediction):
            odd.append(fault)
            continue
        if item.id in replies:
            raise UserError(f"question {item.id!r} has two replies: one file of one model is meant")
        replies[item.id] = prediction
    if len(odd) > _MOST_MISMATCHES * len(predictions):
        raise UserError(
            f"{len(odd)} of {len(predictions)} replies are of other questions: {odd[0]}; "
            "are both of the same benchmark, split and order?"
        )
    return Joined(replies, len(odd))


def _named(prediction: Prediction) -> str:
    return repr(prediction.id[:60]) if prediction.id else str(prediction.place)


def _mismatch(item: Item, prediction: Prediction) -> str:
    """Why a reply is of another question than this, or ""."""
    if prediction.truth and not _same_truth(item, prediction.truth):
        said, true = prediction.truth[:60], item.answer[:60]
        return f"question {item.id!r} has the answer {true!r}, and the file says {said!r}"
    asked, question = _words(prediction.prompt), _words(item.question)
    named = _words(call_by_names(item.question, item.names)) if item.names else question
    if asked and not (question in asked or named in asked or asked in _words(item.prompt)):
        said = prediction.prompt.strip()[:60]
        return f"question {item.id!r} is {item.question[:60]!r}, and the file asks {said!r}"
    return ""


def _same_truth(item: Item, truth: str) -> bool:
    said = _bare(truth)
    known = {_bare(item.answer), *map(_bare, item.answers)}
    if item.answer in item.options:
        # Some files tell the option's words, or its place from 0.
        known |= {_bare(item.options[item.answer]), str(list(item.options).index(item.answer))}
    # Of several people's answers a file tells one, in a form of its own.
    if said in known or len(item.answers) > 1:
        return True
    if item.value is None:
        return False
    try:
        return float(said) == item.value
    except ValueError:
        # "96 cm", or ('96.0', 'cm') of a table that holds both.
        return _first_word(said) == _first_word(item.answer)


def _bare(text: str) -> str:
    return text.strip().strip("().").lower()


def _first_word(text: str) -> float | str:
    """As a number where it is one."""
    word = text.lower().split()[0].strip("'\",") if text.strip() else ""
    try:
        return float(word)
    except ValueError:
        return word


def _words(text: str) -> str:
    return " ".join(text.split()).lower()
