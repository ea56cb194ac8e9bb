"""What distance a reward is of, from the words of whoever asks for it."""

import dataclasses
import re

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.wording.distances import DISTANCE_QUESTIONS
from spatialvlm_jax.inference.question_forms import matching_forms
from spatialvlm_jax.inference.said_names import bare_name, is_begun, is_who_looks

_MAX_CHARACTERS = 300
_PAIR = re.compile(
    r"(?:the )?(gap|shortest distance|distance) (between|from) (.+?)\.?", re.IGNORECASE
)
_FROM_CAMERA = re.compile(r"(?:the )?distance to (.+?)\.?", re.IGNORECASE)
# What stands between two things, and the other way to name them.
_AMID = {
    "between": (re.compile(" and ", re.IGNORECASE), "from A to B"),
    "from": (re.compile(" to ", re.IGNORECASE), "between A and B"),
}


@dataclasses.dataclass(frozen=True)
class Goal:
    """A distance that is to become small.

    text: as it was asked for. question: in the words that models are taught.
    of_holder: likewise, for the distance of what holds the first thing; "" where nothing does.
    """

    text: str
    question: str
    of_holder: str = ""

    @classmethod
    def of(
        cls, text: str, untaught: bool = False, held_by: str = "", still: bool = False
    ) -> "Goal":
        """Reads "distance between the gripper and the can", or a question for a length.

        Without further words a distance is between the centers of two objects, which models measure
        best; the "gap" is between their nearest points. "distance to the can" is from the camera,
        which "me", "us" and "you" name, too. Where words could be several pairs of things, such as
        "the black and white ball and the mug", that is meant of which both begin with "the".

        Args:
          untaught: take questions of no known wording, too.
          held_by: what holds the first thing that the goal names, "the gray gripper".
          still: whether the second thing does not move.

        Raises:
          UserError: it names no distance, more than one, that of the camera from itself, or none
            that something else could have in the place of what it holds; or no second thing that
            could stand still.
        """
        words, held_by = " ".join(text.split()), " ".join(held_by.split())
        if not words or len(words) > _MAX_CHARACTERS:
            raise UserError(
                f"a goal has from 1 to {_MAX_CHARACTERS} characters, not {len(words)}: say the "
                'distance, such as "distance between the gripper and the can"'
            )
        if words.endswith("?"):
            _check_length(words, untaught)
            if held_by:
                raise UserError(
                    f"{words!r} does not say which thing {held_by!r} holds: say the goal as "
                    '"distance between A and B", of which A is held'
                )
            if still:
                raise UserError(
                    f'{words!r} does not say which thing stands still: say the goal as "distance '
                    'between A and B", of which B does'
                )
            return cls(words, words)
        quantity, things = _named(words)
        if still and (quantity != "centre_distance" or any(map(is_who_looks, things))):
            raise UserError(
                f'what {words!r} is from cannot stand still: say the goal as "distance between A '
                'and B", of which B is a thing that does'
            )
        question = _question(quantity, things)
        if not held_by:
            return cls(words, question)
        if is_who_looks(things[0]):
            raise UserError(
                f"{held_by!r} cannot hold the camera: begin the goal with what is held, such as "
                f'"distance from {things[1]} to the camera"'
            )
        if bare_name(held_by).casefold() == bare_name(things[0]).casefold():
            raise UserError(f"{held_by!r} cannot hold itself: name what holds it, or nothing")
        if is_who_looks(held_by):
            raise UserError(
                f"the camera holds no {bare_name(things[0])!r}: name what does, or nothing"
            )
        return cls(words, question, _question(quantity, (held_by, things[1])))


def _check_length(question: str, untaught: bool) -> None:
    """Raises UserError where a question asks for no length, or it is not known what it asks for."""
    forms = matching_forms(question)
    if not forms and not untaught:
        raise UserError(
            f"{question!r} is no wording of a question for a length that is known: say the goal as "
            '"distance between A and B", or ask it all the same with --untaught'
        )
    if forms and (forms[0].kind.kind, forms[0].kind.dimension) != ("quantitative", "length"):
        raise UserError(
            f"{question!r} asks for no length (its type is {forms[0].kind.name!r}): "
            'say the goal as "distance between A and B"'
        )
    if forms and any(map(is_who_looks, forms[0].objects.values())):
        raise UserError(
            f'{question!r} takes the camera for a thing: say the goal as "distance to A", of which '
            "A is a thing"
        )


def _named(words: str) -> tuple[str, tuple[str, str]]:
    """The type of the question for a distance, and the two things that it is between.

    Raises:
      UserError: it is no distance, or it is not clear where the first thing ends.
    """
    alone = _FROM_CAMERA.fullmatch(words)
    if alone:
        return "centre_distance", (alone[1], "the camera")
    pair = _PAIR.fullmatch(words)
    splits = [] if pair is None else _splits(pair[3], _AMID[pair[2].lower()][0])
    if pair is None or not splits:
        raise UserError(
            f'no distance is known by {words!r}: say "distance between A and B", "gap between A '
            'and B" or "distance to A", or ask a question that ends with "?"'
        )
    if len(splits) > 1:
        # "the black and white ball and the mug": of two things, both are begun.
        splits = [each for each in splits if all(map(is_begun, each))]
    if len(splits) != 1:
        raise UserError(
            f"{words!r} may name several pairs of things: begin these two, and nothing in them, "
            f'with "the", or say "{pair[1]} {_AMID[pair[2].lower()][1]}"'
        )
    return "centre_distance" if pair[1].lower() == "distance" else "distance", splits[0]


def _splits(text: str, amid: re.Pattern[str]) -> list[tuple[str, str]]:
    return [(text[: each.start()], text[each.end() :]) for each in amid.finditer(text)]


def _question(quantity: str, things: tuple[str, str]) -> str:
    first, second = map(bare_name, things)
    others = [bare_name(thing) for thing in things if not is_who_looks(thing)]
    if not others:
        raise UserError("the goal is the distance of the camera from itself: name a thing")
    if first.casefold() == second.casefold():
        raise UserError(f"the goal is the distance of {first!r} from itself: name two things")
    if len(others) == 2:
        return DISTANCE_QUESTIONS[quantity][0].format(a=first, b=second)
    if quantity != "centre_distance":
        raise UserError(f'no gap is from the camera: say "distance to the {others[0]}"')
    return DISTANCE_QUESTIONS["camera_distance"][0].format(a=others[0])
