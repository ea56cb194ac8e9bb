"""How qualitative questions and answers are worded.

Question placeholders: {a}, {b}. Yes/no answers state the relation that holds before the verdict:
{short} and {long} are the words of `RELATION_WORDS`, {verdict} is yes or no. Answers to "which":
{winner}, {loser} and {long}. Answers to "where": {direction} and {place}.
The first template of each list is the short one.
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
}

OPPOSITES: dict[str, str] = {
    "left": "right",
    "front": "behind",
    "above": "below",
    "nearer": "farther",
    "taller": "shorter",
    "wider": "narrower",
    "bigger": "smaller",
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
)

CHOICE_ANSWERS: tuple[str, ...] = (
    "{winner}",
    "The {winner}.",
    "It is the {winner}.",
    "The {winner} is {long} the {loser}.",
    "That would be the {winner}.",
    "Of the two, the {winner}.",
)

YES_NO_QUESTIONS: dict[str, tuple[str, ...]] = {
    "left_of": (
        "is the {a} left of the {b}?",
        "Is the {a} to the left of the {b}?",
        "Does the {a} lie to the left of the {b}?",
        "Would you say that the {a} is on the left of the {b}?",
        "Seen from the camera, is the {a} further left than the {b}?",
        "Can you confirm that the {a} is to the left of the {b}?",
        "Is the {a} positioned left of the {b} here?",
    ),
    "right_of": (
        "is the {a} right of the {b}?",
        "Is the {a} to the right of the {b}?",
        "Does the {a} lie to the right of the {b}?",
        "Would you say that the {a} is on the right of the {b}?",
        "Seen from the camera, is the {a} further right than the {b}?",
        "Can you confirm that the {a} is to the right of the {b}?",
        "Is the {a} positioned right of the {b} here?",
    ),
    "in_front_of": (
        "is the {a} in front of the {b}?",
        "Is the {a} in front of the {b} as seen from here?",
        "Does the {a} stand in front of the {b}?",
        "Would you say that the {a} is in front of the {b}?",
        "Seen from the camera, does the {a} come in front of the {b}?",
        "Can you confirm that the {a} is in front of the {b}?",
        "Is the {a} placed in front of the {b}?",
    ),
    "behind": (
        "is the {a} behind the {b}?",
        "Is the {a} behind the {b} as seen from here?",
        "Does the {a} stand behind the {b}?",
        "Would you say that the {a} is behind the {b}?",
        "Seen from the camera, does the {a} come behind the {b}?",
        "Can you confirm that the {a} is behind the {b}?",
        "Is the {a} placed behind the {b}?",
    ),
    "above": (
        "is the {a} above the {b}?",
        "Is the {a} higher up than the {b}?",
        "Does the {a} sit above the level of the {b}?",
        "Would you say that the {a} is above the {b}?",
        "Is the {a} at a level above that of the {b}?",
        "Can you confirm that the {a} is higher than the {b}?",
    ),
    "below": (
        "is the {a} below the {b}?",
        "Is the {a} lower down than the {b}?",
        "Does the {a} sit below the level of the {b}?",
        "Would you say that the {a} is below the {b}?",
        "Is the {a} at a level below that of the {b}?",
        "Can you confirm that the {a} is lower than the {b}?",
    ),
    "nearer": (
        "is the {a} nearer than the {b}?",
        "Is the {a} nearer to the camera than the {b}?",
        "Is the {a} closer to us than the {b}?",
        "Would you say that the {a} is nearer to the viewer than the {b}?",
        "Of the two, is the {a} closer to the camera than the {b}?",
        "Can you confirm that the {a} is closer to the camera than the {b}?",
    ),
    "taller": (
        "is the {a} taller than the {b}?",
        "Does the {a} have a taller build than the {b}?",
        "Would you say that the {a} is taller than the {b}?",
        "From bottom to top, is the {a} taller than the {b}?",
        "Compared with the {b}, is the {a} taller?",
        "Can you confirm that the {a} is taller than the {b}?",
    ),
    "wider": (
        "is the {a} wider than the {b}?",
        "Does the {a} have a wider body than the {b}?",
        "Would you say that the {a} is wider than the {b}?",
        "From left to right, is the {a} wider than the {b}?",
        "Compared with the {b}, is the {a} wider?",
        "Can you confirm that the {a} is wider than the {b}?",
    ),
    "bigger": (
        "is the {a} bigger than the {b}?",
        "Is the {a} larger than the {b}?",
        "Would you say that the {a} is bigger than the {b}?",
        "Does the {a} take up a bigger space than the {b}?",
        "Compared with the {b}, is the {a} bigger?",
        "Can you confirm that the {a} is larger than the {b}?",
    ),
}

CHOICE_QUESTIONS: dict[str, tuple[str, ...]] = {
    "which_left": (
        "which is further left, the {a} or the {b}?",
        "Which one is more to the left, the {a} or the {b}?",
        "Between the {a} and the {b}, which is on the left?",
        "Of the {a} and the {b}, which one is further left?",
        "What stands on the left, the {a} or the {b}?",
        "Tell me which is on the left: the {a} or the {b}?",
    ),
    "which_nearer": (
        "which is nearer, the {a} or the {b}?",
        "Which one is nearer to the camera, the {a} or the {b}?",
        "Between the {a} and the {b}, which is closer to us?",
        "Of the {a} and the {b}, which one is closer to the camera?",
        "What is nearer to the viewer, the {a} or the {b}?",
        "Tell me which is closer: the {a} or the {b}?",
    ),
    "which_taller": (
        "which is taller, the {a} or the {b}?",
        "Which one is the taller of the two, the {a} or the {b}?",
        "Between the {a} and the {b}, which is taller?",
        "Of the {a} and the {b}, which one is taller?",
        "What is taller, the {a} or the {b}?",
        "Tell me which is taller: the {a} or the {b}?",
    ),
    "which_wider": (
        "which is wider, the {a} or the {b}?",
        "Which one is the wider of the two, the {a} or the {b}?",
        "Between the {a} and the {b}, which is wider?",
        "Of the {a} and the {b}, which one is wider?",
        "What is wider, the {a} or the {b}?",
        "Tell me which is wider: the {a} or the {b}?",
    ),
}

WHERE_QUESTIONS: tuple[str, ...] = (
    "where is the {a} from the {b}?",
    "Where is the {a} relative to the {b}?",
    "Where does the {a} stand, as seen from the camera, with respect to the {b}?",
    "Starting at the {b}, where would you look for the {a}?",
    "On which side of the {b} is the {a}?",
    "Where in relation to the {b} would you place the {a}?",
)

WHERE_ANSWERS: tuple[str, ...] = (
    "{direction}",
    "The {a} is {place} the {b}.",
    "It is {place} the {b}.",
    "It stands {place} the {b}.",
    "You find it {place} the {b}.",
    "The {a} lies {place} it.",
)
