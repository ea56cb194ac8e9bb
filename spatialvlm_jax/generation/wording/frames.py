"""Sentence frames: a question worded once for all relations that it suits.

A frame is a template with words left open as <name>; {a} and {b} stay for the writer.
"""

Frames = tuple[str, ...]

# Answers that fit any number: the first and the last of every such list.
ANY_NUMBER: Frames = (
    "{value}",
    "About {value}.",
    "It is {value}.",
    "Roughly {value}.",
)
ALSO_NUMBER: Frames = ("I would say {value}.", "Around {value}.")


def fill_frames(frames: Frames, **words: str) -> Frames:
    """The frames with every <name> replaced by the word of that name."""
    filled = []
    for frame in frames:
        for name, word in words.items():
            frame = frame.replace(f"<{name}>", word)
        filled.append(frame)
    return tuple(filled)
