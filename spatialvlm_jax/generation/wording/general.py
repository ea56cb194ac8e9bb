"""How general questions about a picture and their answers are worded.

Placeholders. color, material, shape, on_what: {a} is what is asked about. category: {color}.
count: {plural}, {are}, {counted}. existence: {one} ("a red mug"), {found} and {Found} ("the mug is
blue"), {short} ("blue") stand before {verdict}. what_is_on: {a} is the support. Answers: {answer}.
Reasons of both: {listed} is a colour for each one there is ("blue, blue, red"), from left to right.
The first template of each list is the short one.
"""

GENERAL_QUESTIONS: dict[str, tuple[str, ...]] = {
    "color": (
        "what color is the {a}?",
        "What is the color of the {a}?",
        "Which color does the {a} have?",
        "Can you tell me the color of the {a}?",
        "How would you name the color of the {a}?",
        "In what color is the {a}?",
    ),
    "material": (
        "what is the {a} made of?",
        "What material is the {a} made of?",
        "Which material was used for the {a}?",
        "Can you tell what the {a} is made of?",
        "Of what material is the {a}?",
        "What would you say the {a} is made of?",
    ),
    "shape": (
        "what shape is the {a}?",
        "What is the shape of the {a}?",
        "Which shape does the {a} have?",
        "Seen from above, what shape is the {a}?",
        "How would you describe the shape of the {a}?",
        "Can you tell me the shape of the {a}?",
    ),
    "category": (
        "what is the {color} object?",
        "What kind of object is {color}?",
        "Which object here is {color}?",
        "What do you call the {color} object?",
        "Name the {color} object: what is it?",
        "Can you tell me what the {color} thing is?",
    ),
    "count": (
        "how many {plural} are there?",
        "How many {plural} can you see?",
        "How many {plural} are in the picture?",
        "What is the number of {plural} here?",
        "Count the {plural}: how many are there?",
        "Can you tell me how many {plural} there are?",
    ),
    "existence": (
        "is there {one}?",
        "Is there {one} in the picture?",
        "Can you see {one} here?",
        "Does the picture show {one}?",
        "Do you see {one}?",
        "Is {one} in view?",
    ),
    "on_what": (
        "what is the {a} on?",
        "What does the {a} stand on?",
        "On what is the {a} placed?",
        "What is under the {a}?",
        "What supports the {a}?",
        "Can you tell me what the {a} rests on?",
    ),
    "what_is_on": (
        "what is on the {a}?",
        "What stands on the {a}?",
        "Which object is on top of the {a}?",
        "What is placed on the {a}?",
        "What rests on the {a}?",
        "Can you tell me what is on the {a}?",
    ),
}

GENERAL_ANSWERS: dict[str, tuple[str, ...]] = {
    "color": ("{answer}", "It is {answer}.", "The {a} is {answer}.", "The color is {answer}."),
    "material": (
        "{answer}",
        "It is made of {answer}.",
        "The {a} is made of {answer}.",
        "The material is {answer}.",
    ),
    "shape": ("{answer}", "It is {answer}.", "The {a} is {answer}.", "Its shape is {answer}."),
    "category": (
        "{answer}",
        "It is {one}.",
        "The {color} object is {one}.",
        "That is {one}.",
    ),
    "count": (
        "{answer}",
        "There {are} {counted}.",
        "I count {answer}.",
        "The number is {answer}.",
    ),
    "existence": (
        "{short}, so {verdict}",
        "{Found}, so {verdict}.",
        "As {found}, {verdict}.",
        "I see that {found}, so {verdict}.",
    ),
    "on_what": (
        "{answer}",
        "The {answer}.",
        "It is on the {answer}.",
        "The {a} is on the {answer}.",
    ),
    "what_is_on": (
        "{answer}",
        "The {answer}.",
        "It is the {answer}.",
        "The {answer} is on the {a}.",
    ),
}

GENERAL_REASONS: dict[str, tuple[str, ...]] = {
    "count": (
        "{listed}, so {answer}",
        "{Found}, so there {are} {counted}.",
        "As {found}, there {are} {counted}.",
        "I see that {found}, so {answer}.",
    ),
    "existence": ("{listed}, so {verdict}", *GENERAL_ANSWERS["existence"][1:]),
}
