"""An order in which kinds take turns, so that the first few of many are of many kinds."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_turns(things: Sequence[T], kind: Callable[[T], Hashable]) -> list[T]:
    """All of them, the first of each kind first, then the second ones, ..."""
    seen: dict[Hashable, int] = {}
    turns = []
    for thing in things:
        turns.append(seen.setdefault(kind(thing), 0))
        seen[kind(thing)] += 1
    order = sorted(range(len(things)), key=turns.__getitem__)
    return [things[index] for index in order]
