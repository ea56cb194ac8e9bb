"""lmms-eval's `mcq_extract` (August 2026): every form in which a letter may stand, ranked.

The highest form wins, and within it the last place: a letter that the text begins with, one that
it ends with, one after "the answer is" and the like, "(A)", "A.", "A:", "A)", "A ", and any letter.
"""

from collections.abc import Iterator

from spatialvlm_jax.evaluation.rules.letters import Options

_PHRASES = (
    *(f"{word}answer is" for word in ("", "the ", "my ")),
    *(f"{word}choice is" for word in ("", "the ", "my ", "correct ", "the correct ")),
    *(
        f"{article}{word} {noun} is"
        for article in ("", "the ")
        for word in ("correct", "best")
        for noun in ("answer", "option")
    ),
    *(
        "i choose",
        "i select",
        "i pick",
        "옵션",
        "정답은",
        "답은",
        "답:",
        "答案是",
        "答案为",
        "选",
        "答えは",
    ),
)
_BEGINS, _ENDS, _STATED, _ANY = 10, 9, 7, 0
_FORMS = {6: "({})", 5: "{}.", 4: "{}:", 3: "{})", 2: "{} "}


def best_ranked(reply: str, options: Options) -> str | None:
    """The letter of the highest form, or None."""
    text = reply.strip()
    for sign in ",.!?;:'\"":
        text = text.strip(sign)
    padded = f" {text} "
    found = list(_candidates(padded, padded.strip(), options))
    if not found:
        found = [(_ANY, padded.rfind(letter), letter) for letter in options if letter in padded]
    # Of equals the first option counts.
    return max(found, key=lambda each: each[:2])[2] if found else None


def _candidates(text: str, bare: str, options: Options) -> Iterator[tuple[int, int, str]]:
    """Rank, place and letter of each form."""
    for rank, form in _FORMS.items():
        for letter in options:
            if (place := text.rfind(form.format(letter))) >= 0:
                yield rank, place, letter
    small = text.lower()
    for phrase in _PHRASES:
        start = small.find(phrase)
        for letter in options if start >= 0 else ():
            if (place := text.find(letter, start + len(phrase))) >= 0:
                yield _STATED, place, letter
    for letter in options:
        if bare.startswith(letter) and not bare[1:2].isalpha():
            yield _BEGINS, 0, letter
        if bare.endswith(letter) and not bare[-2:-1].isalpha():
            yield _ENDS, len(text) - 1, letter
