"""Shapes and dtypes of annotations, checked while tests run: `conftest.py` installs it on import.

Arrays are checked by beartype. Records that hold arrays are taken apart: each must agree with its
own annotations, one axis having one length in all its fields.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype
from beartype.door import is_bearable
from jaxtyping import jaxtyped

MODULES = (
    "spatialvlm_jax.batch",
    "spatialvlm_jax.models",
    "spatialvlm_jax.training.losses",
    "spatialvlm_jax.training.step",
)


check_types = beartype(conf=BeartypeConf(is_pep484_tower=True))  # whole numbers are floats, too


def checked(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its arguments and its result checked when it is called."""
    # A tree is rebuilt around shardings, stacks and placeholders, all of which are in order.
    if function.__name__ == "__init__":
        return function
    typed, signature = check_types(function), inspect.signature(function)
    named = [name for name, each in signature.parameters.items() if each.annotation is not Any]

    @functools.wraps(function)
    def with_records(*args: Any, **kwargs: Any) -> Any:
        arguments = signature.bind(*args, **kwargs).arguments
        for name in named:
            check_records(arguments.get(name))
        result = typed(*args, **kwargs)
        check_records(result)
        return result

    return with_records


def check_records(value: Any) -> None:
    """Checks the records of arrays among a value's parts.

    Raises:
      TypeError: a field is not of the shape and dtype of its annotation, by name.
    """
    if is_record(value):
        with jaxtyped("context"):
            check_fields(value)
    elif type(value) in (list, tuple):
        for part in value:
            check_records(part)


def check_fields(record: Any) -> None:
    for name, hint in hints_of(type(record)).items():
        field = getattr(record, name)
        if is_record(field):
            check_fields(field)
        elif not is_bearable(field, hint):
            raise TypeError(f"{type(record).__name__}.{name}: {described(field)} is not {hint}")


def is_record(value: Any) -> bool:
    known = dataclasses.is_dataclass(value) or hasattr(value, "_fields")
    return known and any("jaxtyping" in repr(hint) for hint in hints_of(type(value)).values())


@functools.cache
def hints_of(record: type) -> dict[str, Any]:
    return inspect.get_annotations(record)


def described(field: Any) -> str:
    shape = getattr(field, "shape", None)
    return type(field).__name__ if shape is None else f"{field.dtype}{list(shape)}"
