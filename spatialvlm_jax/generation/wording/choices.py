"""How questions that let one choose between two objects are worded, and their answers.

The first three of each list are the short ones that small models are trained on. Answers with
a reason: {short} and {stands} are the words of `RELATION_WORDS` for how {a} stands to {b}; the
{winner} follows "so", by which answers are read.
"""

from spatialvlm_jax.generation.wording.frames import Frames, fill_frames

_ANY: Frames = (
    "Of the {a} and the {b}, which one is <more>?",
    "What is <more>, the {a} or the {b}?",
    "Tell me which is <more>: the {a} or the {b}?",
    "Is it the {a} or the {b} that is <more>?",
    "Which would you say is <more>, the {a} or the {b}?",
    "Comparing the {a} and the {b}, which is <more>?",
    "Which of these two is <more>: the {a} or the {b}?",
    "Can you tell which is <more>, the {a} or the {b}?",
    "Do you know which is <more>, the {a} or the {b}?",
    "Which object is <more>, the {a} or the {b}?",
    "Given the {a} and the {b}, which one would you call <more>?",
    "Looking at the {a} and the {b}, which of them is <more>?",
    "In your view, which is <more>, the {a} or the {b}?",
    "Please say which is <more>: the {a} or the {b}?",
    "Choose the one that is <more>: the {a} or the {b}?",
)
_SIDE: Frames = (
    "which is further <side>, the {a} or the {b}?",
    "Which one is more to the <side>, the {a} or the {b}?",
    "Between the {a} and the {b}, which is on the <side>?",
    *fill_frames(_ANY, more="further <side>"),
    "What stands on the <side>, the {a} or the {b}?",
    "Seen from the camera, which is further to the <side>, the {a} or the {b}?",
    "Which comes first from the <side>, the {a} or the {b}?",
)
_PLACE: Frames = (
    "which is <more>, the {a} or the {b}?",
    "Which one is <more>, the {a} or the {b}?",
    "Between the {a} and the {b}, which is <more>?",
    *_ANY,
    "Out of the {a} and the {b}, which is <more>?",
    "In this scene, which is <more>, the {a} or the {b}?",
    "If only one of them is <more>, is it the {a} or the {b}?",
)
_NEARNESS: Frames = (
    "which is <more>, the {a} or the {b}?",
    "Which one is <more> <to> the camera, the {a} or the {b}?",
    "Between the {a} and the {b}, which is <other> <to> us?",
    *fill_frames(_ANY, more="<other> <to> the camera"),
    "What is <more> <to> the viewer, the {a} or the {b}?",
    "Which is at the <amount> distance from the camera, the {a} or the {b}?",
    "From where we stand, which is <more>, the {a} or the {b}?",
)
_SIZE: Frames = (
    "which is <more>, the {a} or the {b}?",
    "Which one is the <more> of the two, the {a} or the {b}?",
    "Between the {a} and the {b}, which is <more>?",
    *_ANY,
    "Out of the {a} and the {b}, which is the <more> one?",
    "If you measured both, which would be <more>, the {a} or the {b}?",
    "Which has the <amount> <measure>, the {a} or the {b}?",
)

CHOICE_QUESTIONS: dict[str, Frames] = {
    "which_left": fill_frames(_SIDE, side="left"),
    "which_right": fill_frames(_SIDE, side="right"),
    "which_above": fill_frames(_PLACE, more="higher up"),
    "which_below": fill_frames(_PLACE, more="lower down"),
    "which_front": fill_frames(_PLACE, more="in front"),
    "which_behind": fill_frames(_PLACE, more="behind the other"),
    "which_nearer": fill_frames(
        _NEARNESS, more="nearer", other="closer", to="to", amount="smaller"
    ),
    "which_farther": fill_frames(
        _NEARNESS, more="farther", other="further away", to="from", amount="greater"
    ),
    "which_taller": fill_frames(_SIZE, more="taller", amount="greater", measure="height"),
    "which_shorter": fill_frames(_SIZE, more="shorter", amount="lesser", measure="height"),
    "which_wider": fill_frames(_SIZE, more="wider", amount="greater", measure="width"),
    "which_narrower": fill_frames(_SIZE, more="narrower", amount="lesser", measure="width"),
    "which_bigger": fill_frames(_SIZE, more="bigger", amount="greater", measure="volume"),
    "which_smaller": fill_frames(_SIZE, more="smaller", amount="lesser", measure="volume"),
}

CHOICE_ANSWERS: Frames = (
    "{winner}",
    "The {winner}.",
    "It is the {winner}.",
    "The {winner} is {long} the {loser}.",
    "That would be the {winner}.",
    "Of the two, the {winner}.",
    "I would say the {winner}.",
    "The answer is the {winner}.",
    "The {winner}, as it is {long} the {loser}.",
    "It must be the {winner}.",
    "Here it is the {winner}.",
    "It is the {winner}, which is {long} the {loser}.",
)

CHOICE_REASONS: Frames = (
    "{short}, so the {winner}",
    "The {a} is {stands} the {b}, so the {winner}.",
    "The {a} is {stands} the {b}, so it is the {winner}.",
    "It is {stands} the {b}, so the {winner}.",
    "The {a} is {stands} it, so the {winner}.",
    "Here the {a} is {stands} the {b}, so the {winner}.",
    "From what I see, the {a} is {stands} the {b}, so the {winner}.",
    "In this picture the {a} is {stands} the {b}, so the answer is the {winner}.",
    "I would say that the {a} is {stands} the {b}, so the {winner}.",
    "Looking closely, the {a} is {stands} the {b}, so it must be the {winner}.",
)
