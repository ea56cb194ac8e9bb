"""How questions for numbers and their answers are worded.

Placeholders: {a}, {b} in both; {value} in answers is the number with its unit, so no template
names a unit itself. The first template of each list is the short one.
"""

NUMBER_QUESTIONS: dict[str, tuple[str, ...]] = {
    "camera_distance": (
        "how far is the {a} from the camera?",
        "How far away is the {a}?",
        "What is the distance from the camera to the {a}?",
        "How much space is there from us to the middle of the {a}?",
        "At what distance from the viewer is the {a}?",
        "Can you estimate how far the {a} is from the camera?",
    ),
    "height": (
        "how tall is the {a}?",
        "What is the height of the {a}?",
        "How high does the {a} reach from its bottom to its top?",
        "How tall would you say the {a} is?",
        "Can you estimate the height of the {a}?",
        "From bottom to top, how tall is the {a}?",
    ),
    "width": (
        "how wide is the {a}?",
        "What is the width of the {a}?",
        "How much does the {a} measure from its left to its right side?",
        "How wide would you say the {a} is?",
        "Can you estimate the width of the {a}?",
        "From left to right, how wide is the {a}?",
    ),
    "distance": (
        "how far is the {a} from the {b}?",
        "What is the gap between the {a} and the {b}?",
        "How far apart are the {a} and the {b} at their nearest points?",
        "How much space is there between the {a} and the {b}?",
        "Can you estimate the shortest distance between the {a} and the {b}?",
        "What is the distance from the surface of the {a} to the {b}?",
    ),
    "centre_distance": (
        "how far is the center of the {a} from the center of the {b}?",
        "What is the distance between the centers of the {a} and the {b}?",
        "From center to center, how far is the {a} from the {b}?",
        "How far apart are the centers of the {a} and the {b}?",
        "Measured between centers, how far is the {a} from the {b}?",
        "Can you estimate the distance from the center of the {a} to that of the {b}?",
    ),
    "horizontal_distance": (
        "how far apart horizontally are the centers of the {a} and the {b}?",
        "What is the horizontal distance between the centers of the {a} and the {b}?",
        "Along the ground, how far is the center of the {a} from that of the {b}?",
        "Ignoring height, how far apart are the centers of the {a} and the {b}?",
        "Measured across the floor, how far is the center of the {a} from the center of the {b}?",
        "Can you estimate the horizontal distance from the center of the {a} to that of the {b}?",
    ),
    "vertical_distance": (
        "how far apart vertically are the centers of the {a} and the {b}?",
        "What is the vertical distance between the centers of the {a} and the {b}?",
        "What is the difference in level between the centers of the {a} and the {b}?",
        "Measured straight up, how far apart are the centers of the {a} and the {b}?",
        "Seen from the side, how far vertically is the center of the {a} from that of the {b}?",
        "Can you estimate the vertical distance from the center of the {a} to that of the {b}?",
    ),
}

_ANY: tuple[str, ...] = ("{value}", "About {value}.", "It is {value}.", "Roughly {value}.")

NUMBER_ANSWERS: dict[str, tuple[str, ...]] = {
    "camera_distance": (
        *_ANY,
        "The {a} is {value} from the camera.",
        "The {a} is about {value} away.",
        "The distance to the {a} is {value}.",
    ),
    "height": (
        *_ANY,
        "The {a} is {value} tall.",
        "The height of the {a} is {value}.",
        "It is about {value} tall.",
    ),
    "width": (
        *_ANY,
        "The {a} is {value} wide.",
        "The width of the {a} is {value}.",
        "It is about {value} wide.",
    ),
    "distance": (
        *_ANY,
        "The {a} is {value} from the {b}.",
        "They are {value} apart.",
        "The gap between the {a} and the {b} is {value}.",
    ),
    "centre_distance": (
        *_ANY,
        "Their centers are {value} apart.",
        "The centers of the {a} and the {b} are {value} apart.",
        "From center to center it is {value}.",
    ),
    "horizontal_distance": (
        *_ANY,
        "The centers are {value} apart horizontally.",
        "The center of the {a} is {value} from that of the {b} along the ground.",
        "The horizontal distance is {value}.",
    ),
    "vertical_distance": (
        *_ANY,
        "The centers are {value} apart vertically.",
        "The center of the {a} is {value} from that of the {b} vertically.",
        "The vertical distance is {value}.",
    ),
}
