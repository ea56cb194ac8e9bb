"""How questions for differences and ratios, and their answers, are worded.

{a} is always the larger, so the value is positive, a ratio at least 1. In answers, {value} is a
number with its unit, or with "times".
"""

from spatialvlm_jax.generation.wording.frames import ANY_NUMBER, Frames, fill_frames

_MORE: Frames = (
    "how much <more> is the {a} than the {b}?",
    "By how much is the {a} <more> than the {b}?",
    "How much <more> would you say the {a} is than the {b}?",
    "Can you estimate how much <more> the {a} is than the {b}?",
    "Could you tell me how much <more> the {a} is than the {b}?",
    "Roughly how much <more> is the {a} than the {b}?",
    "Compared with the {b}, how much <more> is the {a}?",
    "The {a} is <more> than the {b}, but by how much?",
    "Do you know by how much the {a} is <more> than the {b}?",
    "If you measured both, how much <more> would the {a} be than the {b}?",
    "How much <more> than the {b} is the {a}?",
    "I see that the {a} is <more> than the {b}: by how much?",
    "About how much <more> is the {a} compared with the {b}?",
    "Judging by this picture, how much <more> is the {a} than the {b}?",
    "In real size, by how much is the {a} <more> than the {b}?",
)
_SIZE_GAP: Frames = (
    "What is the difference in <measure> between the {a} and the {b}?",
    "How large is the difference in <measure> between the {a} and the {b}?",
    "By how much does the <measure> of the {a} exceed that of the {b}?",
    "How much <measure> would the {b} have to gain to match the {a}?",
    "By how much do the {a} and the {b} differ in <measure>?",
    "Taking the <measure> of the {b} from that of the {a}, how much is left?",
)
_FARTHER: Frames = (
    "how much farther away is the {a} than the {b}?",
    "How much farther from the camera is the {a} than the {b}?",
    "By how much is the {a} farther from us than the {b}?",
    "How much farther away would you say the {a} is than the {b}?",
    "Can you estimate how much farther the {a} is from the camera than the {b}?",
    "Could you tell me how much farther away the {a} is than the {b}?",
    "Roughly how much farther from the viewer is the {a} than the {b}?",
    "Compared with the {b}, how much farther from the camera is the {a}?",
    "The {a} is farther from us than the {b}, but by how much?",
    "Do you know by how much the {a} is farther from the camera than the {b}?",
    "From where we stand, how much farther is the {a} than the {b}?",
    "How much farther from the camera than the {b} is the {a}?",
    "I see that the {a} is farther away than the {b}: by how much?",
    "Measured from the camera, how much farther is it to the {a} than to the {b}?",
    "What is the difference in distance from the camera between the {a} and the {b}?",
    "How large is the difference in camera distance between the {a} and the {b}?",
    "By how much does the distance to the {a} exceed the distance to the {b}?",
    "By how much do the {a} and the {b} differ in distance from the camera?",
    "Judging by this picture, how much farther from us is the {a} than the {b}?",
    "How much greater is the distance from the camera to the {a} than to the {b}?",
    "Going from the camera, how much farther must one go for the {a} than for the {b}?",
)

_TIMES: Frames = (
    "how many times as <much> is the {a} as the {b}?",
    "How many times as <much> as the {b} is the {a}?",
    "How many times the <measure> of the {b} is that of the {a}?",
    "What is the ratio of the <measure> of the {a} to that of the {b}?",
    "Can you estimate how many times as <much> the {a} is as the {b}?",
    "Could you tell me how many times as <much> as the {b} the {a} is?",
    "By what factor does the <measure> of the {a} exceed that of the {b}?",
    "How many times would you have to take the <measure> of the {b} to get that of the {a}?",
    "Roughly how many times as <much> is the {a} as the {b}?",
    "Compared with the {b}, how many times as <much> is the {a}?",
    "How many times does the <measure> of the {b} go into that of the {a}?",
    "What multiple of the <measure> of the {b} is the <measure> of the {a}?",
    "The {a} is how many times as <much> as the {b}?",
    "Do you know how many times as <much> the {a} is as the {b}?",
    "If you measured both, how many times as <much> would the {a} be as the {b}?",
    "By what factor do the {a} and the {b} differ in <measure>?",
    "Judging by this picture, how many times as <much> is the {a} as the {b}?",
    "What do you get when you divide the <measure> of the {a} by that of the {b}?",
    "About how many times the <measure> of the {b} does the {a} have?",
    "Taking the <measure> of the {b} as one, what is that of the {a}?",
)
_TALL_TIMES: Frames = (
    *_TIMES,
    "How many times over does the height of the {b} fit into the height of the {a}?",
)
_BIG_TIMES: Frames = (
    *_TIMES,
    "How many times over does the volume of the {b} fit into that of the {a}?",
)
_FAR_TIMES: Frames = (
    "how many times as far from the camera is the {a} as the {b}?",
    "How many times as far from us as the {b} is the {a}?",
    "How many times the distance to the {b} is the distance to the {a}?",
    "What is the ratio of the distance to the {a} to the distance to the {b}?",
    "Can you estimate how many times as far away the {a} is as the {b}?",
    "Could you tell me how many times as far from the camera as the {b} the {a} is?",
    "By what factor does the distance to the {a} exceed the distance to the {b}?",
    "How many times as far away is the {a} as the {b}?",
    "Roughly how many times as far from the viewer is the {a} as the {b}?",
    "Compared with the {b}, how many times as far from the camera is the {a}?",
    "From the camera, how many times does the way to the {b} go into the way to the {a}?",
    "What multiple of the distance to the {b} is the distance to the {a}?",
    "The {a} is how many times as far from us as the {b}?",
    "Do you know how many times as far from the camera the {a} is as the {b}?",
    "Measured from the camera, how many times as far is the {a} as the {b}?",
    "By what factor do the {a} and the {b} differ in distance from the camera?",
    "Judging by this picture, how many times as far away is the {a} as the {b}?",
    "What do you get when you divide the distance to the {a} by that to the {b}?",
    "From where we stand, how many times as far is it to the {a} as to the {b}?",
    "Taking the distance to the {b} as one, what is the distance to the {a}?",
    "About how many times as far from the camera is the {a} compared with the {b}?",
)

DIFFERENCE_QUESTIONS: dict[str, Frames] = {
    "how_much_taller": fill_frames((*_MORE, *_SIZE_GAP), more="taller", measure="height"),
    "how_much_wider": fill_frames((*_MORE, *_SIZE_GAP), more="wider", measure="width"),
    "how_much_farther": _FARTHER,
    "times_taller": fill_frames(_TALL_TIMES, much="tall", measure="height"),
    "times_farther": _FAR_TIMES,
    "times_bigger": fill_frames(_BIG_TIMES, much="big", measure="volume"),
}

_MORE_ANSWERS: Frames = (
    *ANY_NUMBER,
    "I would say {value}.",
    "By {value}.",
    "The {a} is {value} <more> than the {b}.",
    "It is about {value} <more>.",
    "The difference is {value}.",
    "The {a} is <more> by {value}.",
    "They differ by about {value}.",
)
_TIMES_ANSWERS: Frames = (
    "{value}",
    "About {value}.",
    "Roughly {value}.",
    "I would say {value}.",
    "It is {value} as <much>.",
    "The {a} is {value} as <much> as the {b}.",
    "It is about {value} as <much> as the {b}.",
    "{value} as <much>, I think.",
    "The {a} is roughly {value} as <much>.",
    "Around {value} as <much>.",
    "By my estimate, {value} as <much>.",
)

DIFFERENCE_ANSWERS: dict[str, Frames] = {
    "how_much_taller": fill_frames(_MORE_ANSWERS, more="taller"),
    "how_much_wider": fill_frames(_MORE_ANSWERS, more="wider"),
    "how_much_farther": fill_frames(_MORE_ANSWERS, more="farther"),
    "times_taller": fill_frames(_TIMES_ANSWERS, much="tall"),
    "times_farther": fill_frames(_TIMES_ANSWERS, much="far"),
    "times_bigger": fill_frames(_TIMES_ANSWERS, much="big"),
}
