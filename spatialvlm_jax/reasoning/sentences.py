"""From a composed question to what it asks, by the patterns of sentences that are known."""

import re
from collections.abc import Iterator, Sequence

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import shorten
from spatialvlm_jax.inference.said_names import bare_name, is_begun, is_who_looks
from spatialvlm_jax.reasoning.kinds import Sentence
from spatialvlm_jax.reasoning.unknown_sentence import describe_unknown
from spatialvlm_jax.units import read_measure

MOST_OBJECTS, MOST_CHARACTERS = 8, 1000
_OBJECTS = "(?P<objects>.+)"
_LENGTH = r"(?P<length>[\d.]+ ?[a-z]*)"  # without a unit, to tell that it has none
_ONE, _OTHER = "(?P<one>.+)", "(?P<other>.+)"
# "Something 0.5 m wide" is no thing in the picture, and how wide it is need not be asked.
_ONE_SEEN = f"(?!something ){_ONE}"
_ONE_THING = "(?P<other>[^,:]+)"  # before a list, or where one may follow
_CAMERA = "(?:the camera|the viewer|me|us|you)"
_NEAREST = "(?P<word>nearest|closest|farthest|nearer|closer|farther) (?:to|from)"
_WHO = "(?:someone|a person|a robot)"
# Kind -> sentences, with an example of each. Objects are a list, a pair, or steps of a path.
PATTERNS: dict[str, tuple[tuple[str, str], ...]] = {
    "nearest": (
        (
            f"which of {_OBJECTS} is (?:the )?{_NEAREST} {_CAMERA}",
            "Which of the mug, the lamp and the chair is nearest to the camera?",
        ),
        (
            f"which is (?:the )?{_NEAREST} {_CAMERA}[,:] {_OBJECTS}",
            "Which is closer to the camera, the mug or the lamp?",
        ),
    ),
    "nearest_to": (
        (
            f"which of {_OBJECTS} is (?:the )?{_NEAREST} {_ONE_THING}",
            "Which of the mug, the lamp and the chair is closest to the sofa?",
        ),
        (
            f"which is (?:the )?{_NEAREST} {_ONE_THING}[,:] {_OBJECTS}",
            "Which is closer to the sofa, the mug or the lamp?",
        ),
    ),
    "distance_order": (
        (
            rf"(?:put|order|sort|rank) {_OBJECTS} by (?:their )?distance from {_CAMERA}, "
            "(?P<word>nearest|closest|farthest) first",
            "Order the mug, the lamp and the chair by distance from the camera, nearest first.",
        ),
    ),
    "height_order": (
        (
            rf"(?:put|order|sort|rank) {_OBJECTS} by (?:their )?height, "
            "(?P<word>tallest|shortest) first",
            "Order the mug, the lamp and the chair by height, tallest first.",
        ),
    ),
    "width_order": (
        (
            rf"(?:put|order|sort|rank) {_OBJECTS} by (?:their )?width, "
            "(?P<word>widest|narrowest) first",
            "Order the mug, the lamp and the chair by width, widest first.",
        ),
    ),
    "pair": (
        (
            rf"which two of {_OBJECTS} are (?P<word>closest together|farthest apart)",
            "Which two of the mug, the lamp and the chair are closest together?",
        ),
    ),
    "path": (
        (
            rf"how long is the (?:path|way) from {_OBJECTS}",
            "How long is the path from the mug to the lamp to the chair?",
        ),
    ),
    "triangle": (
        (
            rf"(?:do|does) {_OBJECTS} (?:roughly )?form an? (?P<word>isosceles|equilateral) "
            "triangle",
            "Do the mug, the lamp and the chair form an isosceles triangle?",
        ),
        (
            rf"is the triangle of {_OBJECTS} (?:roughly )?(?P<word>isosceles|equilateral)",
            "Is the triangle of the mug, the lamp and the chair equilateral?",
        ),
    ),
    "reach": (
        (
            rf"(?:could|can) {_WHO} with arms of {_LENGTH} reach {_ONE} from {_CAMERA}",
            "Could someone with arms of 0.7 m reach the mug from the camera?",
        ),
        (
            rf"(?:could|can) {_WHO} at {_CAMERA} with arms of {_LENGTH} reach {_ONE}",
            "Could someone at the camera with arms of 0.7 m reach the mug?",
        ),
        (
            rf"(?:could|can) {_WHO} at {_OTHER} with arms of {_LENGTH} reach {_ONE}",
            "Could someone at the chair with arms of 70 cm reach the mug?",
        ),
        (
            f"(?:could|can) (?:i|we|{_WHO}) reach {_ONE} with arms of {_LENGTH} from {_CAMERA}",
            "Could I reach the mug with arms of 0.7 m from the camera?",
        ),
    ),
    "in_a_row": (
        (
            f"how many of {_ONE} would fit side by side across {_OTHER}",
            "How many of the mug would fit side by side across the sofa?",
        ),
    ),
    "on_top": (
        (
            f"(?:would|does) {_ONE_SEEN} fit on top of {_OTHER}",
            "Would the mug fit on top of the box?",
        ),
    ),
    "through": (
        (
            f"(?:would|does) {_ONE_SEEN} fit through a gap of {_LENGTH}",
            "Would the sofa fit through a gap of 0.8 m?",
        ),
    ),
    "between": (
        (
            f"(?:would|does) {_ONE_SEEN} fit between {_OBJECTS}",
            "Would the chair fit between the lamp and the sofa?",
        ),
    ),
    "turn": (
        (
            f"facing {_ONE}, which way must (?:i|one) turn to face {_OTHER}",
            "Facing the mug, which way must I turn to face the lamp?",
        ),
    ),
    "total_area": (
        (
            rf"how much floor area do {_OBJECTS} cover (?:together|in total)",
            "How much floor area do the chair, the table and the sofa cover together?",
        ),
    ),
    "total_width": (
        (
            rf"how wide are {_OBJECTS} (?:side by side|in a row)",
            "How wide are the chair, the table and the sofa side by side?",
        ),
    ),
}
# Fewest and most objects of a kind; others take from two.
_COUNTS = {"triangle": (3, 3), "between": (3, 3), "reach": (1, 2), "through": (1, 1)}
_COUNTS |= dict.fromkeys(("pair", "nearest_to"), (3, MOST_OBJECTS))
_SAME_WORDS = dict.fromkeys(("closest", "nearer", "closer"), "nearest") | {"farther": "farthest"}


class UnknownSentence(UserError):
    """No pattern fits a question."""


def parse_sentence(question: str) -> tuple[str, Sentence]:
    """The kind of a composed question, and what it says.

    Raises:
      UnknownSentence: it is of no kind that is known.
      UserError: it is of a kind, but names too few or too many objects, one twice, the camera for
        one, or no length, or its list may be read in two ways.
    """
    words = " ".join(question[: MOST_CHARACTERS + 1].split()).rstrip(" .?!")
    if len(words) > MOST_CHARACTERS:
        raise UserError(f"a composed question has at most {MOST_CHARACTERS} characters")
    for kind, patterns in PATTERNS.items():
        for pattern, _ in patterns:
            if match := re.fullmatch(pattern, words, re.IGNORECASE):
                return kind, _read(kind, match.groupdict())
    raise UnknownSentence(describe_unknown(words, PATTERNS))


def _read(kind: str, found: dict[str, str | None]) -> Sentence:
    named = [*_listed(kind, found)]
    objects = tuple(bare_name(name.strip()) for name in named)
    fewest, most = _COUNTS.get(kind, (2, MOST_OBJECTS))
    if not fewest <= len(objects) <= most or not all(objects):
        wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
        raise UserError(f"a question of the kind {kind} names {wanted} objects, not {len(objects)}")
    if len({name.lower() for name in objects}) < len(objects):
        raise UserError(
            f"a question of the kind {kind} names an object twice: {', '.join(objects)}"
        )
    if seeing := [*filter(is_who_looks, objects)]:
        raise UserError(
            f"{seeing[0]!r} is who looks, and a question of the kind {kind} is about things in the "
            "picture: leave it out, or say how a camera that is seen looks, as in the black camera"
        )
    word = (found.get("word") or "").lower()
    return Sentence(objects, _SAME_WORDS.get(word, word), _length(found.get("length")))


def _listed(kind: str, found: dict[str, str | None]) -> Iterator[str]:
    if one := found.get("one"):
        yield one
    if several := found.get("objects"):
        steps = r" (?:(?:and )?then )?(?:to|via) " if kind == "path" else r",? (?:and|or) |, "
        named = [each.strip() for each in re.split(steps, several, flags=re.IGNORECASE)]
        if kind != "path":
            _check_list(named)
        yield from named
    if other := found.get("other"):
        yield other


def _check_list(named: Sequence[str]) -> None:
    """Refuses "the black and white ball and the chair", which may be two things or three.

    All have a word such as "the" before them, or none has, or the first one has that of all.
    """
    has_one = [*map(is_begun, named)]
    if any(has_one[1:]) and not all(has_one):
        bare = named[has_one.index(False)]
        raise UserError(
            f"{shorten(bare)!r} has no article and others have: write the before each thing, and a "
            "name with and in one word, as in the black-and-white ball"
        )


def _length(text: str | None) -> float:
    if text is None:
        return 0.0
    if not text[-1].isalpha():
        raise UserError(f"{shorten(text)!r} has no unit: write such as 0.7 m or 70 cm")
    measure = read_measure(text)
    if measure is None or measure[1].dimension != "length" or not measure[0] > 0:
        raise UserError(f"{shorten(text)!r} is no length: write such as 0.7 m or 70 cm")
    return measure[0] * measure[1].si
