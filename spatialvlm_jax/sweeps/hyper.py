"""Sweeps as configuration files of other projects write them.

`get_hyper(hyper)` of big_vision and Scenic makes them of `product`, `zipit` and `chainit`;
`sweep(add)` of big_vision's transfers adds arms one by one; `sweep()` of kauldron yields them.
"""

import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from spatialvlm_jax.errors import UserError

# Of each arm its fields, with or without "config." or "cfg." before them, and their values.
Changes = list[dict[str, Any]]
_ROOTS = ("config.", "cfg.")


class Hyper:
    """What a `get_hyper(hyper)` calls; each method but two gives arms, as dictionaries."""

    def sweep(self, field: str, values: Iterable[Any]) -> Changes:
        """An arm for each value of a field."""
        return [{field: value} for value in values]

    def fixed(self, field: str, value: Any, length: int = 1) -> Changes:
        """So many arms with one value."""
        return [{field: value} for _ in range(length)]

    def product(self, sweeps: Iterable[Changes]) -> Changes:
        """Each with each: the last varies fastest; of nothing it is one arm without changes."""
        return [_merged(each) for each in itertools.product(*sweeps)]

    def zipit(self, sweeps: Iterable[Changes]) -> Changes:
        """First with first, second with second.

        Raises:
          UserError: they are not equally many.
        """
        parts = list(sweeps)
        if len({len(part) for part in parts}) > 1:
            numbers = [len(part) for part in parts]
            raise UserError(f"arms that hyper.zipit joins must be equally many, not {numbers}")
        return [_merged(each) for each in zip(*parts, strict=True)]

    def chainit(self, sweeps: Iterable[Changes]) -> Changes:
        """One after the other."""
        return list(itertools.chain.from_iterable(sweeps))

    def discrete(self, values: Iterable[Any]) -> list[Any]:
        """The values themselves."""
        return list(values)

    def categorical(self, values: Iterable[Any]) -> list[Any]:
        """The values themselves."""
        return list(values)


def other_changes(module: Any, spec: str) -> list[dict[str, Any]] | None:
    """The changes of each arm of such a file, fields named as on a command line; None of another.

    Args:
      module: of the file. spec: the file, with what stands behind its colon.

    Raises:
      UserError: its sweeps have other names, or give no dictionaries of fields.
    """
    if _is_function(module, "get_hyper"):
        found = module.get_hyper(Hyper())
    elif _is_function(module, "sweep"):
        found = _swept(module.sweep, spec.partition(":")[2])
    elif names := [name for name in vars(module) if _is_own_sweep(module, name)]:
        raise UserError(
            f"{spec}: of its sweeps ({', '.join(names)}) none is called sweep: write "
            f"sweep = {names[0]} below them"
        )
    else:
        return None
    arms = list(found or ())
    if not arms or not all(isinstance(each, Mapping) for each in arms):
        raise UserError(f"{spec}: its sweep gives no arms: they are dictionaries of fields")
    return [{_field(name): value for name, value in each.items()} for each in arms]


def _is_function(module: Any, name: str) -> bool:
    value = getattr(module, name, None)
    return callable(value) and not inspect.isclass(value)


def _is_own_sweep(module: Any, name: str) -> bool:
    """Whether it is one of several by its name, and no helper from elsewhere."""
    value = getattr(module, name)
    return name.startswith("sweep_") and getattr(value, "__module__", "") == module.__name__


def _swept(sweep: Callable[..., Any], argument: str) -> Any:
    """What `sweep()` yields, or what `sweep(add)` or `sweep(add, arg)` adds."""
    takes = len(inspect.signature(sweep).parameters)
    if not takes:
        return sweep()
    added: Changes = []

    def add(**changes: Any) -> None:
        added.append(changes)

    sweep(add, *([argument or None] if takes > 1 else []))
    return added


def _field(name: str) -> str:
    root = next((each for each in _ROOTS if name.startswith(each)), "")
    return name.removeprefix(root)


def _merged(arms: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for each in arms for name, value in each.items()}
