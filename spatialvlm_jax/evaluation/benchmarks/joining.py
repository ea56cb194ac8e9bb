"""Which reply answers which question: by id, checked by what the file says was asked and right."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import PurePath

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


def join(
    items: Sequence[Item],
    predictions: Sequence[Prediction],
    places: Mapping[int, Item | None] | None = None,
) -> Joined:
    """Finds the question of each reply.

    Args:
      places: the questions by their numbers among all records, as `Questions` has them; None where
        no record was left out.

    Raises:
      UserError: a question has two replies, or of more than 1 % of the replies the question is
        not known, or is not the one that the file says it is.
    """
    if _is_of_several_groups(items, predictions):
        return _join_by_picture(items, predictions)
    by_id = {item.id: item for item in items}
    by_place = dict(enumerate(items)) if places is None else places
    strangers = 0
    replies: dict[str, Prediction] = {}
    odd: list[str] = []
    for prediction in predictions:
        item = by_id.get(prediction.id) if prediction.id else None
        place = prediction.place
        if item is None and place is not None and place in by_place:
            item = by_place[place]
            if item is None:
                strangers += 1
                continue
        if item is None:
            odd.append(f"no question has the id {_named(prediction)}")
            continue
        if fault := _mismatch(item, prediction):
            odd.append(fault)
            continue
        _add(replies, item, prediction)
    _check_few(odd, predictions)
    return Joined(replies, strangers + len(odd))


def _add(replies: dict[str, Prediction], item: Item, prediction: Prediction) -> None:
    if item.id in replies:
        raise UserError(f"question {item.id!r} has two replies: one file of one model is meant")
    replies[item.id] = prediction


def _check_few(odd: Sequence[str], predictions: Sequence[Prediction]) -> None:
    if len(odd) > _MOST_MISMATCHES * len(predictions):
        raise UserError(
            f"{len(odd)} of {len(predictions)} replies are of other questions: {odd[0]}; "
            "are both of the same benchmark, split and order?"
        )


def _is_of_several_groups(items: Sequence[Item], predictions: Sequence[Prediction]) -> bool:
    """Whether a file has a question once for several groups that ask it, as VLMEvalKit's of POPE.

    Its numbers are no records' then.
    """
    groups = {item.group for item in items if item.group}
    return any(
        "," in each.group and not groups.isdisjoint(_groups_of(each)) for each in predictions
    )


def _groups_of(prediction: Prediction) -> list[str]:
    return [name.strip() for name in prediction.group.split(",")]


def _join_by_picture(items: Sequence[Item], predictions: Sequence[Prediction]) -> Joined:
    """Finds the question of each reply in each of its groups, by picture and words.

    Raises:
      UserError: as `join`; or a reply does not tell its picture.
    """
    asked: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        asked.setdefault((item.group, PurePath(item.picture).stem), []).append(item)
    groups, replies = {item.group for item in items}, dict[str, Prediction]()
    odd: list[str] = []
    strangers = 0
    for each in predictions:
        if not each.picture:
            raise UserError(
                f"the file has a question once for all groups that ask it ({each.group[:60]!r}), "
                "so that its index numbers no record, and does not tell the picture: add a column "
                "image_path with its name, or ask the model by `spatialvlm evaluate` or lmms-eval"
            )
        own = groups.intersection(_groups_of(each))
        strangers += not own  # of files that are not there
        found = {
            group: [
                item
                for item in asked.get((group, PurePath(each.picture).stem), [])
                if not _mismatch(item, each)
            ]
            for group in sorted(own)
        }
        unclear = next((group for group, fitting in found.items() if len(fitting) != 1), "")
        if unclear:
            said = f"{each.prompt.strip()[:60]!r} about {each.picture[:60]!r}"
            odd.append(f"{len(found[unclear])} questions of {unclear} are {said}")
            continue
        for (item,) in found.values():
            _add(replies, item, each)
    _check_few(odd, predictions)
    return Joined(replies, strangers + len(odd))


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
