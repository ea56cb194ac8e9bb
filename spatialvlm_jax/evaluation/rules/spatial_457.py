"""How VLMEvalKit, which Spatial457 is run by, and lmms-eval mark its replies (August 2026).

Both ask for a template, {'Reasoning': ..., 'Answer': ...}, and take all of a reply without one.
"""

import re

# Shapes by the class that VLMEvalKit takes them for.
_CLASSES = {
    "car": ("suv", "wagon", "minivan", "sedan", "truck", "addi", "car"),
    "bus": ("articulated", "regular", "double", "school", "bus"),
    "motorbike": ("chopper", "dirtbike", "scooter", "cruiser", "motorbike"),
    "aeroplane": ("jet", "fighter", "biplane", "airliner", "aeroplane"),
    "bicycle": ("road", "utility", "mountain", "tandem", "bicycle"),
}
_CLASS_OF = {shape: name for name, shapes in _CLASSES.items() for shape in shapes}
_SAID = (
    re.compile(r"Answer': '(.*?)'"),
    re.compile(r'Answer": "(.*?)"'),
    re.compile(r"Answer': (\d)"),
)
_SAID_LOOSELY = (
    re.compile(r"Answer['\"]?\s*[:=]\s*['\"]([^'\"]+)['\"]", re.IGNORECASE),
    re.compile(r"Answer['\"]?\s*:\s*['\"]?(\w+)", re.IGNORECASE),
)
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SAME = ({"yes", "true", "1"}, {"no", "false", "0"})


def answer_of_template(reply: str) -> str:
    """What stands in the template, as VLMEvalKit reads it, or the reply."""
    found = next((match for form in _SAID if (match := form.search(reply))), None)
    return found.group(1) if found else reply


def is_same_class(said: str, truth: str) -> bool:
    """VLMEvalKit: equal but for capitals; "none" is no, a count is yes, shapes of one class are."""
    said = "no" if said.lower() == "none" else said
    word = said.lower()
    return (
        word == truth.lower()
        or (said == "0" and truth == "No")
        or (word in _NUMBERS and str(_NUMBERS.index(word)) == truth)
        or (truth.lower() == "yes" and said in tuple("123456789"))
        or _class_of(said) == _class_of(truth) != ""
    )


def _class_of(name: str) -> str:
    return _CLASS_OF.get(name.lower().split(" ")[0], "")


def answer_of_loose_template(reply: str) -> str:
    """The same as lmms-eval reads it: a quoted text, or the first word, behind "Answer:"."""
    found = next((match for form in _SAID_LOOSELY if (match := form.search(reply))), None)
    return (found.group(1) if found else reply).strip()


def is_same_word(said: str, truth: str) -> bool:
    """lmms-eval: equal but for capitals; yes, true and 1 are one, and so are no, false and 0."""
    pair = {said.strip().lower(), truth.strip().lower()}
    if len(pair) == 1 or any(pair <= same for same in _SAME):
        return True
    return all(word.isdecimal() for word in pair) and len({word.lstrip("0") for word in pair}) == 1
