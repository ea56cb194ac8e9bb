"""How yes/no questions about positions are worded: left, right, front, behind, above, below.

The first three of each frame set are the short ones that small models are trained on.
"""

from spatialvlm_jax.generation.wording.frames import Frames, fill_frames

_SIDE: Frames = (
    "is the {a} <side> of the {b}?",
    "Is the {a} to the <side> of the {b}?",
    "Does the {a} lie to the <side> of the {b}?",
    "Would you say that the {a} is on the <side> of the {b}?",
    "Seen from the camera, is the {a} further <side> than the {b}?",
    "Can you confirm that the {a} is to the <side> of the {b}?",
    "Is the {a} positioned <side> of the {b} here?",
    "Is the {a} more to the <side> than the {b}?",
    "Is the {a} on the <side> side of the {b}?",
    "Does the {a} stand to the <side> of the {b}?",
    "From this viewpoint, is the {a} to the <side> of the {b}?",
    "In this picture, does the {a} appear to the <side> of the {b}?",
    "Could you tell me whether the {a} is to the <side> of the {b}?",
    "Is it true that the {a} is to the <side> of the {b}?",
    "Can the {a} be found to the <side> of the {b}?",
    "Do you see the {a} to the <side> of the {b}?",
    "Looking at the scene, is the {a} <side> of the {b}?",
    "Is the {a} located to the <side> of the {b}?",
    "Would I find the {a} to the <side> of the {b}?",
    "Is the {a} further to the <side> than the {b}?",
    "As the viewer sees it, is the {a} on the <side> of the {b}?",
    "Is it the case that the {a} is to the <side> of the {b}?",
)

_DEPTH: Frames = (
    "is the {a} <place> the {b}?",
    "Is the {a} <place> the {b} as seen from here?",
    "Does the {a} stand <place> the {b}?",
    "Would you say that the {a} is <place> the {b}?",
    "Seen from the camera, does the {a} come <place> the {b}?",
    "Can you confirm that the {a} is <place> the {b}?",
    "Is the {a} placed <place> the {b}?",
    "From this viewpoint, is the {a} <place> the {b}?",
    "Is the {a} located <place> the {b}?",
    "Does the {a} lie <place> the {b}?",
    "In this scene, is the {a} <place> the {b}?",
    "Could you tell me whether the {a} is <place> the {b}?",
    "Is it true that the {a} is <place> the {b}?",
    "Can the {a} be found <place> the {b}?",
    "Do you see the {a} <place> the {b}?",
    "Looking from here, is the {a} positioned <place> the {b}?",
    "Would I find the {a} <place> the {b}?",
    "In terms of depth, is the {a} <place> the {b}?",
    "As the viewer sees it, is the {a} <place> the {b}?",
    "Is it the case that the {a} is <place> the {b}?",
    "Looking along the line of sight, does the {a} come <place> the {b}?",
)

_LEVEL: Frames = (
    "is the {a} <place> the {b}?",
    "Is the {a} <far> than the {b}?",
    "Does the {a} sit <place> the level of the {b}?",
    "Would you say that the {a} is <place> the {b}?",
    "Is the {a} at a level <place> that of the {b}?",
    "Can you confirm that the {a} is <far> than the {b}?",
    "Is the {a} located <place> the {b}?",
    "Is the {a} positioned <more> than the {b}?",
    "Does the {a} sit at a <more> level than the {b}?",
    "Is the middle of the {a} <place> the middle of the {b}?",
    "Does the {a} lie <place> the {b}?",
    "In this scene, is the {a} <place> the {b}?",
    "Could you tell me whether the {a} is <place> the {b}?",
    "Is it true that the {a} is <far> than the {b}?",
    "Is the {a} <more> in space than the {b}?",
    "Is the {a} placed <more> than the {b}?",
    "Would I find the {a} <place> the {b}?",
    "Along the vertical, is the {a} <place> the {b}?",
    "Does the {a} occupy a <more> position than the {b}?",
    "Is it the case that the {a} sits <far> than the {b}?",
    "Is the {a} found at a <more> level than the {b}?",
    "Is the center of the {a} <more> than the center of the {b}?",
)

POSITION_QUESTIONS: dict[str, Frames] = {
    "left_of": fill_frames(_SIDE, side="left"),
    "right_of": fill_frames(_SIDE, side="right"),
    "in_front_of": fill_frames(_DEPTH, place="in front of"),
    "behind": fill_frames(_DEPTH, place="behind"),
    "above": fill_frames(_LEVEL, place="above", more="higher", far="higher up"),
    "below": fill_frames(_LEVEL, place="below", more="lower", far="lower down"),
}
