"""What distance a reward is of, from the words of whoever asks for it."""

import dataclasses
import re

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.wording.distances import DISTANCE_QUESTIONS
from spatialvlm_jax.inference.question_forms import matching_forms

_MAX_CHARACTERS = 300
_ARTICLE = re.compile(r"(?:the|a|an) +", re.IGNORECASE)
_CAMERA = frozenset(("camera", "us", "me", "viewer"))
# What is asked for -> the type of question; most particular first.
_FORMS = tuple(
    (re.compile(rf"(?:the )?{form}\.?", re.IGNORECASE), quantity)
    for form, quantity in (
        (r"(?:gap|shortest distance) between (?P<a>.+?) and (?P<b>.+?)", "distance"),
        (r"(?:gap|shortest distance) from (?P<a>.+?) to (?P<b>.+?)", "distance"),
        (r"distance between (?P<a>.+?) and (?P<b>.+?)", "centre_distance"),
        (r"distance from (?P<a>.+?) to (?P<b>.+?)", "centre_distance"),
        (r"distance to (?P<a>.+?)", "camera_distance"),
    )
)


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
    def of(cls, text: str, untaught: bool = False, held_by: str = "") -> "Goal":
        """Reads "distance between the gripper and the can", or a question for a length.

        Without further words a distance is between the centers of two objects, which models measure
        best; the "gap" is between their nearest points. "distance to the can" is from the camera.

        Args:
          untaught: take questions of no known wording, too.
          held_by: what holds the first thing that the goal names, "the gray gripper".

        Raises:
          UserError: it names no distance, or none that something else could have in the place of
            what it holds.
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
            return cls(words, words)
        for form, quantity in _FORMS:
            found = form.fullmatch(words)
            if found:
                named = found.groupdict()
                held = _question(quantity, {**named, "a": held_by}) if held_by else ""
                return cls(words, _question(quantity, named), held)
        raise UserError(
            f'no distance is known by {words!r}: say "distance between A and B", "gap between A '
            'and B" or "distance to A", or ask a question that ends with "?"'
        )


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


def _question(quantity: str, named: dict[str, str]) -> str:
    things = [_ARTICLE.sub("", thing, count=1) for thing in named.values()]
    others = [thing for thing in things if thing.lower() not in _CAMERA]
    if len(things) == 2 and things[0].casefold() == things[1].casefold():
        raise UserError(f"the goal is the distance of {things[0]!r} from itself: name two things")
    if quantity == "centre_distance" and len(others) == 1:
        quantity, things = "camera_distance", others
    return DISTANCE_QUESTIONS[quantity][0].format(**dict(zip("ab", things, strict=False)))
