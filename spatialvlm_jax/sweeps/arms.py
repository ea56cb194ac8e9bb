"""Arms of a sweep: named changes of one configuration.

A sweep file is a configuration file that has `get_sweep() -> Arms` beside `get_config`; the first
arm is what the others are compared with:

    from spatialvlm_jax.sweeps.arms import arm, vary

    def get_sweep():
        rates = vary("optim.peak_lr", [1e-3, 3e-3])
        return rates.product(vary("data.pairs_per_image", [4, 16])).chain(arm("long", {...}))
"""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from spatialvlm_jax.config_file import call_config_file
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.sweeps.hyper import other_changes

_OPENING, _CLOSING, _QUOTES = "([{", ")]}", "'\""
BEGINNING = "train.init_from"
UNCHANGED = "as configured"  # what an arm without changes is called
_PLAIN = (str, int, float, type(None))


@dataclasses.dataclass(frozen=True)
class Arm:
    """One way to train.

    name: what tables call it. changes: fields, "optim.peak_lr", and their values. A text is read
      as on the command line.

    Raises:
      UserError: it has no name, or a value is none that can be written down.
    """

    name: str
    changes: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise UserError("an arm of a sweep has no name: give it one")
        for field, value in self.changes:
            if not _is_plain(value):
                raise UserError(
                    f"arm {self.name!r}: {field}={value!r} cannot be written down; "
                    "numbers, texts, tuples and dictionaries of them can"
                )

    def overrides(self) -> list[str]:
        """The changes as words of a command line, "config.optim.peak_lr=0.003" each."""
        return [
            f"config.{field}={value if isinstance(value, str) else repr(value)}"
            for field, value in self.changes
        ]


class Arms(tuple[Arm, ...]):
    """Arms in their order; later changes of a field win."""

    def product(self, *others: Iterable[Arm]) -> "Arms":
        """Each with each: the last varies fastest."""
        return Arms(_joined(each) for each in itertools.product(self, *others))

    def zip(self, *others: Sequence[Arm]) -> "Arms":
        """First with first, second with second.

        Raises:
          UserError: they are not equally many.
        """
        if any(len(other) != len(self) for other in others):
            numbers = [len(self), *map(len, others)]
            raise UserError(f"arms of a sweep that are zipped must be equally many, not {numbers}")
        return Arms(_joined(each) for each in zip(self, *others, strict=True))

    def chain(self, *others: Iterable[Arm]) -> "Arms":
        """One after the other."""
        return Arms(itertools.chain(self, *others))

    def branch(self, checkpoint: str) -> "Arms":
        """The same, begun with the weights of a run at a step, "WORKDIR@STEP".

        Optimizer and position in the data are not taken over.
        """
        begin = (BEGINNING, checkpoint)
        return Arms(Arm(each.name, tuple(dict([begin, *each.changes]).items())) for each in self)


def arm(name: str, changes: Mapping[str, Any] | None = None) -> Arms:
    """A single arm of this name; without changes, the configuration as it is."""
    return Arms([Arm(name, tuple((changes or {}).items()))])


def vary(field: str, values: Sequence[Any], names: Sequence[str] | None = None) -> Arms:
    """An arm for each value of a field, called "FIELD=VALUE" unless there are names."""
    called = [f"{field}={value}" for value in values] if names is None else names
    return Arms(Arm(name, ((field, value),)) for name, value in zip(called, values, strict=True))


def parse_grid(text: str) -> Arms:
    """The arms of "FIELD=A,B", as a command line has it; brackets and quotes hold commas together.

    Raises:
      UserError: there is no field or no value.
    """
    field, separator, listed = text.removeprefix("config.").partition("=")
    values = list(_split(listed))
    if not separator or not field or not all(values):
        raise UserError(f"--grid {text}: write FIELD=VALUE,VALUE, as in --grid optim.peak_lr=1,2")
    return vary(field, values)


def read_sweep_file(spec: str) -> Arms | None:
    """The arms that the `get_sweep` of a configuration file gives; None where it has none.

    Sweeps as other projects write them (`hyper`) are taken, too.

    Args:
      spec: "path/to/file.py", with or without ":argument".

    Raises:
      UserError: the file is missing or fails, or gives something else.
    """
    if not spec.partition(":")[0].endswith(".py"):
        return None

    def make(module: Any) -> Arms | None:
        if hasattr(module, "get_sweep"):
            return module.get_sweep()
        changes = other_changes(module, spec)
        return None if changes is None else Arms(map(_named, changes))

    arms = call_config_file(spec, make)
    if arms is not None and not (isinstance(arms, Arms) and arms):
        raise UserError(f"{spec}: get_sweep must return Arms, at least one")
    return arms


def _named(changes: Mapping[str, Any]) -> Arm:
    """An arm called by its changes."""
    name = ", ".join(f"{field}={value}" for field, value in changes.items())
    return Arm(name or UNCHANGED, tuple(changes.items()))


def _joined(arms: Sequence[Arm]) -> Arm:
    changes = dict(pair for each in arms for pair in each.changes)
    return Arm(", ".join(each.name for each in arms), tuple(changes.items()))


def _split(text: str) -> Iterator[str]:
    """The parts between commas outside of brackets and quotes."""
    depth, quote, begin = 0, "", 0
    for place, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
        elif letter == "," and not depth:
            yield text[begin:place]
            begin = place + 1
        depth += (letter in _OPENING) - (letter in _CLOSING) if not quote else 0
    yield text[begin:]


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(_is_plain(each) for pair in value.items() for each in pair)
    return isinstance(value, _PLAIN)
