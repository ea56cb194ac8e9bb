"""The words that state a relation, and the answers to yes/no questions.

Question placeholders: {a}, {b}. Answers state the relation that holds before the verdict: {short}
and {long} are the words of `RELATION_WORDS`, {verdict} is yes or no; {long} stands between the
two objects. The first answer is the short one.
"""

RELATION_WORDS: dict[str, tuple[str, str]] = {
    "left": ("left", "to the left of"),
    "right": ("right", "to the right of"),
    "front": ("in front", "in front of"),
    "behind": ("behind", "behind"),
    "above": ("above", "above"),
    "below": ("below", "below"),
    "nearer": ("nearer", "nearer to the camera than"),
    "farther": ("farther", "farther from the camera than"),
    "taller": ("taller", "taller than"),
    "shorter": ("shorter", "shorter than"),
    "wider": ("wider", "wider than"),
    "narrower": ("narrower", "narrower than"),
    "bigger": ("bigger", "bigger than"),
    "smaller": ("smaller", "smaller than"),
    "on": ("on", "on top of"),
    "off": ("off", "off"),
    "touching": ("touching", "touching"),
    "apart": ("apart", "apart from"),
    "equal": ("equal", "equal in height to"),
    "different": ("different", "different in height from"),
}

OPPOSITES: dict[str, str] = {
    "left": "right",
    "front": "behind",
    "above": "below",
    "nearer": "farther",
    "taller": "shorter",
    "wider": "narrower",
    "bigger": "smaller",
    "on": "off",
    "touching": "apart",
    "equal": "different",
}
OPPOSITES |= {second: first for first, second in OPPOSITES.items()}

PLACE_WORDS: dict[str, str] = {
    "left": "to the left of",
    "right": "to the right of",
    "in front": "in front of",
    "behind": "behind",
    "left and in front": "to the left of and in front of",
    "left and behind": "to the left of and behind",
    "right and in front": "to the right of and in front of",
    "right and behind": "to the right of and behind",
}

YES_NO_ANSWERS: tuple[str, ...] = (
    "{short}, so {verdict}",
    "The {a} is {long} the {b}, so {verdict}.",
    "It is {long} the {b}, so {verdict}.",
    "The {a} is {long} it, so {verdict}.",
    "As the {a} is {long} the {b}, {verdict}.",
    "Since the {a} is {long} the {b}, the answer is {verdict}.",
    "Here the {a} is {long} the {b}, so {verdict}.",
    "From what I see, the {a} is {long} the {b}, so {verdict}.",
    "In this picture the {a} is {long} the {b}: {verdict}.",
    "I would say that the {a} is {long} the {b}, so {verdict}.",
    "The {a} is {long} the {b}, which makes the answer {verdict}.",
    "Looking closely, it is {long} the {b}, so {verdict}.",
)
