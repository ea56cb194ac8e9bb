"""What places are called, where many are told side by side."""

import itertools
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """The last name of each path, with as many of the folders before it as tell it from others.

    Paths that are the same are called the same.
    """
    all_parts = [_parts(path) for path in paths]
    different = set(all_parts)
    names: dict[tuple[str, ...], str] = {}
    for depth in itertools.count(1):
        left = different - names.keys()
        if not left:
            break
        ends = Counter(parts[-depth:] for parts in different)
        alone = (parts for parts in left if ends[parts[-depth:]] == 1)
        names |= {parts: str(Path(*parts[-depth:])) for parts in alone}
    return [names[parts] for parts in all_parts]


def _parts(path: Path) -> tuple[str, ...]:
    """As they were written; "." and ".." have no name of their own."""
    return Path(os.path.abspath(path)).parts if path.name in ("", "..") else path.parts


def cut_name(name: str, most: int) -> str:
    """A name of at most `most` letters: both ends of a longer one, which tell it from others."""
    if len(name) <= most:
        return name
    kept = most - 3
    return f"{name[: kept - kept // 2]}...{name[len(name) - kept // 2 :]}"
