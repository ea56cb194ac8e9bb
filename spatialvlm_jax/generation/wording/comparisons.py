"""How yes/no comparisons are worded: nearer and farther, and the four pairs of sizes.

The first three of each list are the short ones that small models are trained on.
"""

from spatialvlm_jax.generation.wording.frames import Frames, fill_frames

_NEARNESS: Frames = (
    "is the {a} <more> than the {b}?",
    "Is the {a} <more> <to> the camera than the {b}?",
    "Is the {a} <other> <to> us than the {b}?",
    "Would you say that the {a} is <more> <to> the viewer than the {b}?",
    "Of the two, is the {a} <other> <to> the camera than the {b}?",
    "Can you confirm that the {a} is <other> <to> the camera than the {b}?",
    "Is the {a} at a <amount> distance from the camera than the {b}?",
    "From where we stand, is the {a} <more> than the {b}?",
    "Compared with the {b}, is the {a} <more> <to> the camera?",
    "Could you tell me whether the {a} is <more> <to> the camera than the {b}?",
    "Is it true that the {a} is <other> <to> the viewer than the {b}?",
    "Does the {a} stand <more> <to> the camera than the {b}?",
    "In terms of distance, is the {a} <other> <to> us than the {b}?",
    "Is it the case that the {a} is <other> <to> us than the {b}?",
    "Measured from the camera, is the {a} <more> than the {b}?",
    "Do you think the {a} is <more> <to> us than the {b}?",
    "Does the {a} lie <other> <to> the camera than the {b}?",
    "Is the {a} located <more> <to> the viewer than the {b}?",
    "In this scene, is the {a} <other> <to> the camera than the {b}?",
    "Is the {a} placed <more> <to> us than the {b}?",
    "Judging by this picture, is the {a} <more> <to> the camera than the {b}?",
)

_ANY_SIZE: Frames = (
    "Compared with the {b}, is the {a} <more>?",
    "Can you confirm that the {a} is <more> than the {b}?",
    "Could you tell me whether the {a} is <more> than the {b}?",
    "Is it true that the {a} is <more> than the {b}?",
    "In real life, is the {a} <more> than the {b}?",
    "Is it the case that the {a} is <more> than the {b}?",
    "Judging by this picture, is the {a} <more> than the {b}?",
    "Do you think the {a} is <more> than the {b}?",
    "Is the {a} in fact <more> than the {b}?",
    "If you measured both, would the {a} be <more> than the {b}?",
    "Would the {a} turn out <more> than the {b} under a tape measure?",
    "Is the {a} any <more> than the {b}?",
    "Tell me, is the {a} <more> than the {b}?",
    "Of these two, is the {a} <more> than the {b}?",
    "Standing side by side, would the {a} be <more> than the {b}?",
)

_TALLNESS: Frames = (
    "is the {a} <more> than the {b}?",
    "Does the {a} have a <more> build than the {b}?",
    "Would you say that the {a} is <more> than the {b}?",
    *_ANY_SIZE,
    "From bottom to top, is the {a} <more> than the {b}?",
    "In terms of height, is the {a} <more> than the {b}?",
    "Is the {a} of <amount> height than the {b}?",
)
_WIDENESS: Frames = (
    "is the {a} <more> than the {b}?",
    "Does the {a} have a <more> body than the {b}?",
    "Would you say that the {a} is <more> than the {b}?",
    *_ANY_SIZE,
    "From left to right, is the {a} <more> than the {b}?",
    "As seen from here, is the {a} <more> than the {b} from side to side?",
    "Is the {a} of <amount> width than the {b}?",
)
_BIGNESS: Frames = (
    "is the {a} <more> than the {b}?",
    "Is the {a} <other> than the {b}?",
    "Would you say that the {a} is <more> than the {b}?",
    *_ANY_SIZE,
    "Does the {a} take up a <more> space than the {b}?",
    "In terms of volume, is the {a} <more> than the {b}?",
    "Is the {a} of <amount> volume than the {b}?",
)

COMPARISON_QUESTIONS: dict[str, Frames] = {
    "nearer": fill_frames(_NEARNESS, more="nearer", other="closer", to="to", amount="smaller"),
    "farther": fill_frames(
        _NEARNESS, more="farther", other="further away", to="from", amount="greater"
    ),
    "taller": fill_frames(_TALLNESS, more="taller", amount="greater"),
    "shorter": fill_frames(_TALLNESS, more="shorter", amount="lesser"),
    "wider": fill_frames(_WIDENESS, more="wider", amount="greater"),
    "narrower": fill_frames(_WIDENESS, more="narrower", amount="lesser"),
    "bigger": fill_frames(_BIGNESS, more="bigger", other="larger", amount="greater"),
    "smaller": fill_frames(_BIGNESS, more="smaller", other="smaller overall", amount="lesser"),
}
