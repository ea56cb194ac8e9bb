"""Texts as they are stored: about their one picture, without what stands for it."""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

MAX_CHARACTERS = 100_000
# What stands around the place-holder of a picture in the chat templates of some models.
_AROUND = re.compile(r"<\|vision_(?:start|end)\|>|<im_(?:start|end)>|<end_of_image>", re.I)
_PICTURE = re.compile(
    r"<img>[^<]{0,1000}</img>|<start_of_image>"
    r"|<\|?im(?:age|g)(?:[\s_-]?(?:here|placeholder|pad|soft_token))?[\s_-]?(\d{0,6})\|?>",
    re.I,
)
_OTHER = re.compile(
    r"<\|?(?:video|audio|frame|mask|depth|region|bbox|box|roi|point|object|obj|ref)s?"
    r"(?:_pad)?[\s_-]?\d{0,6}\|?>|\[?\bregion\s?\[?\d{1,6}\]",
    re.I,
)


class Fault(Exception):
    """Why a question cannot be used."""


def is_missing(value: Any) -> bool:
    """Whether a value stands for no value: null, or a number that is none."""
    return value is None or (
        isinstance(value, float | np.floating) and not math.isfinite(float(value))
    )


def as_text(value: Any) -> str:
    """Text, bytes or a number as text without white space or byte order marks at its ends.

    True and false are "yes" and "no"; anything else is "".
    """
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        text = value.decode(errors="replace")
    elif isinstance(value, str | int | float | np.integer | np.floating):
        text = "" if is_missing(value) else _of_whole_characters(str(value))
    else:
        return ""
    return text.strip().strip("\ufeff").strip()


def said_text(value: Any) -> str:
    """`as_text` of a question or an answer.

    Raises:
      Fault: bytes that are not UTF-8, or a value that is neither text nor a number.
    """
    if isinstance(value, bytes):
        try:
            value.decode()
        except UnicodeDecodeError:
            raise Fault("a text that is not in UTF-8") from None
    elif not is_missing(value) and not isinstance(value, str | int | float | np.generic):
        raise Fault(f"a value of type {type(value).__name__} in place of a text")
    return as_text(value)


def _of_whole_characters(text: str) -> str:
    """The text with "?" for halves of characters, with which texts that were cut end.

    They cannot be stored. What has nothing else in it is "".
    """
    if not text.encode(errors="ignore").strip():
        return ""
    return text.encode(errors="replace").decode()


def about_one_picture(text: str) -> str:
    """The text without the place-holder of its picture, which stands at an end of a line.

    Raises:
      Fault: it is very long, or speaks of another picture, a region, a video, a mask or depth,
        none of which are stored; or the place-holder stands for a word of a sentence.
    """
    if len(text) > MAX_CHARACTERS:
        raise Fault(f"a text of {len(text)} characters, more than {MAX_CHARACTERS}")
    if "<" not in text and "[" not in text:
        return text
    other = _OTHER.search(text)
    if other:
        raise Fault(f"speaks of {other[0]!r}, which is not in the picture's file")
    text = _AROUND.sub("", text)
    found = list(_PICTURE.finditer(text))
    second = found[1:] + [match for match in found[:1] if int(match[1] or 1) > 1]
    if second:
        raise Fault(f"speaks of a second picture: {second[0][0]!r}")
    if not found:
        return text.strip()
    before, after = text[: found[0].start()], text[found[0].end() :]
    if before.rpartition("\n")[2].strip() and after.partition("\n")[0].strip():
        raise Fault(f"{found[0][0]!r} stands inside a sentence")
    return (before + after).strip()


def joined_parts(content: Any) -> Any:
    """The text of a message whose content is a list of parts, one a line; else the content.

    Raises:
      Fault: a part is neither text nor picture.
    """
    if isinstance(content, np.ndarray):
        content = content.tolist()
    if not isinstance(content, list | tuple):
        return content
    pieces = []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else "text"
        if kind in ("image", "image_url"):
            index = part.get("index")
            pieces.append(f"<image {int(index) + 1}>" if index else "<image>")
        elif kind == "text":
            pieces.append(said_text(part.get("text") if isinstance(part, Mapping) else part))
        else:
            raise Fault(f"a part of a message is of type {kind!r}")
    return "\n".join(pieces)
