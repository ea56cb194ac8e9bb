"""Questions asked again with one thing changed, to see what answers come from."""

import collections
import dataclasses
import re
from collections.abc import Sequence

from data_loaders.errors import DataError
from data_loaders.held_out import HeldOut, tokens_of
from spatialvlm_jax.experiment import Probe
from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.scene.altered_pictures import next_in_ring
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.examples import StoredExample

_OPPOSITE = {"yes": "no", "no": "yes"}


def probed(asked: Sequence[HeldOut], probe: Probe | None, before: bool) -> list[HeldOut]:
    """The questions with what `probe` changes of them; as they are without one.

    Args:
      before: the camera is told before each question.

    Raises:
      DataError: there is no other picture, or no question that can be turned round.
    """
    if probe == "blind":
        return [dataclasses.replace(chosen, shown=None) for chosen in asked]
    if probe == "other_picture":
        return _with_other_pictures(asked)
    if probe == "swap":
        turned = [_turned(chosen, before) for chosen in asked]
        found = [chosen for chosen in turned if chosen.records]
        if not found:
            raise DataError(
                "no question of eval.datasets can be turned round: leave 'swap' out of eval.probes"
            )
        return found
    return list(asked)


def _with_other_pictures(asked: Sequence[HeldOut]) -> list[HeldOut]:
    """Each question behind the next picture of a random ring of all, never behind its own."""
    places = {chosen.image_id: chosen.shown for chosen in asked}
    try:
        following = next_in_ring(places)
    except ValueError as error:
        raise DataError(f"{error}: leave 'other_picture' out of eval.probes") from None
    return [
        dataclasses.replace(chosen, shown=places[following[chosen.image_id]]) for chosen in asked
    ]


def _turned(chosen: HeldOut, before: bool) -> HeldOut:
    """The questions that can be turned round, so turned."""
    source, index = chosen.place
    example = source.at(index).example
    captions = example.texts("objects/caption") if isinstance(example, StoredExample) else []
    turned = [turn_round(record, captions) for record in chosen.records]
    kept = [slot for slot, record in enumerate(turned) if record is not None]
    records = tuple(record for record in turned if record is not None)
    return dataclasses.replace(
        chosen,
        records=records,
        prefixes=tuple(tokens_of(chosen.place, record, before)[0] for record in records),
        ids=tuple(chosen.ids[slot] for slot in kept),
        sights=tuple(chosen.sights[slot] for slot in kept),
    )


def turn_round(record: QA, captions: Sequence[str]) -> QA | None:
    """The question with its two objects turned round, and the truth that follows from the old one.

    Args:
      captions: of the objects of the scene.

    Returns:
      None where it is not known what follows, or the question does not name each object once.
    """
    kind = REGISTRY.get(record.type)
    if kind is None or len(record.objects) != 2 or max(record.objects) >= len(captions):
        return None
    turns = kind.turned == "opposite"
    if kind.turned is None or (turns and record.verdict not in _OPPOSITE):
        return None
    first, second = (captions[about] for about in record.objects)
    names = sorted((first, second), key=len, reverse=True)
    either = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
    if collections.Counter(either.findall(record.question)) != {first: 1, second: 1}:
        return None
    other = {first: second, second: first}
    question = either.sub(lambda found: other[found[0]], record.question)
    verdict = _OPPOSITE[record.verdict] if turns else record.verdict
    answer = verdict or record.answer
    return dataclasses.replace(
        record,
        question=question,
        answer=answer,
        verdict=verdict,
        objects=record.objects[::-1],
        template="",
    )
