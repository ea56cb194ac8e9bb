"""What the shards of a data set were when they were written: sizes and SHA-256, in one file.

DIR/checksums.json   {"spatialvlm-train.array_record-00000-of-00004": {"bytes": 1, "sha256": ""}}

Sets of others, and those of before there was this file, have none; their shards are taken as they
are.
"""

import concurrent.futures
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

CHECKSUMS = "checksums.json"
_THREADS = 8


def describe_file(path: Path) -> dict[str, Any]:
    """{"bytes": size, "sha256": hexadecimal digest} of a file.

    Raises:
      OSError: it cannot be read.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def find_change(path: Path, recorded: Any, *, contents: bool) -> str:
    """What is wrong with a file, or "" if it is as `describe_file` recorded it.

    Args:
      contents: read it all; else its size alone counts.
    """
    try:
        size = path.stat().st_size
        if size != recorded["bytes"]:
            return f"has {size} bytes, not {recorded['bytes']}"
        if contents and describe_file(path)["sha256"] != recorded["sha256"]:
            return "has changed since it was written"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except (KeyError, TypeError):
        return f"has no size and sha256 in {CHECKSUMS}"
    return ""


def damaged_shards(
    directory: Path, names: Iterable[str] | None = None, *, contents: bool = False
) -> dict[str, str]:
    """The shards that are not as they were written, with what is wrong.

    Args:
      names: of the files to look at; None: all on record. One that is not on record is taken.
      contents: read them all, several at once; else sizes alone count.
    """
    path = directory / CHECKSUMS
    if not path.exists():
        return {}
    try:
        recorded = json.loads(path.read_text(encoding="utf-8"))
        chosen = recorded.keys() if names is None else recorded.keys() & set(names)
    except (OSError, ValueError, AttributeError, RecursionError):
        return {CHECKSUMS: "cannot be read"}
    # A name with a folder in it is none of ours, and is not followed.
    ours = sorted(name for name in chosen if Path(name).name == name)
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as threads:
        found = threads.map(
            lambda name: find_change(directory / name, recorded[name], contents=contents), ours
        )
        return {name: problem for name, problem in zip(ours, found, strict=True) if problem}


def describe_damage(directory: Path, damage: dict[str, str]) -> str:
    """One line about what `damaged_shards` found, with the remedy."""
    each = ", ".join(f"{name} {problem}" for name, problem in list(damage.items())[:3])
    more = f" and {len(damage) - 3} more" if len(damage) > 3 else ""
    return (
        f"{directory}: {each}{more}; run the command that made the set again, which makes damaged "
        "shards anew, or copy it again"
    )
