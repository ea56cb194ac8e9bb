"""Every setting on one page: python -m spatialvlm_jax.settings_page > docs/settings.md"""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from spatialvlm_jax.bounds import field_types
from spatialvlm_jax.config_help import (
    REQUIRED,
    default_of,
    describe_type,
    describe_value,
    meanings,
    own_fields,
    record_in,
    summary,
)
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.generation.settings import GenerationSettings

_HEAD = """\
# Settings

Every field of a configuration, as it is set on the command line, with the values that it takes, its
default, and what it is for. Search this page for a name. How values are written and configurations
are made is told in [training](training.md#configurations); a configuration may have other defaults.

The code makes this page: `python -m spatialvlm_jax.settings_page > docs/settings.md`.
"""
_PARTS = {
    "A run": (
        "`train.py`, `eval.py` and `spatialvlm plan` read these from `--config=FILE`.",
        Experiment,
    ),
    "Generation": (
        "`spatialvlm generate` has these without a file, too; see [generation](generation.md).",
        GenerationSettings,
    ),
}
_COLUMNS = "| set as | value | default | meaning |\n|---|---|---|---|"
_CODE = re.compile(r"(`[^`]*`)")


def settings_page() -> str:
    """The page, in Markdown."""
    parts = [_HEAD]
    for title, (about, record) in _PARTS.items():
        parts += [f"## {title}\n\n{about}\n", *_sections(record, "config", record())]
    return "\n".join(parts)


def _sections(record: Any, place: str, defaults: Any) -> Iterator[str]:
    """The section of a record, and those of the records in it.

    Args:
      defaults: what stands at this place by default; None where there is no record.
    """
    rows = "".join(f"{row}\n" for row in _rows(record, place, defaults))
    table = f"\n{_COLUMNS}\n{rows}" if rows else ""
    yield f"### `{place}`\n\n{_plain(summary(record))}\n{table}"
    for name, hint in field_types(record).items():
        inner, suffix = record_in(hint)
        if inner:
            value = getattr(defaults, name, None)
            inside = value if isinstance(value, inner) else None
            yield from _sections(inner, f"{place}.{name}{suffix}", inside)


def _rows(record: Any, place: str, defaults: Any) -> Iterator[str]:
    fields = {field.name: field for field in dataclasses.fields(record)}
    told = meanings(record)
    for name, hint in own_fields(record):
        own = default_of(fields[name]) if defaults is None else getattr(defaults, name)
        default = _cell(describe_value(own))
        shown = default if default == REQUIRED else f"`{default}`"
        value, meaning = _plain(describe_type(hint)), _plain(told[name])
        yield f"| `--{place}.{name}` | {value} | {shown} | {meaning} |"


def _plain(text: str) -> str:
    """A text in which nothing but code in backticks means anything to Markdown."""
    parts = _CODE.split(text)
    parts[::2] = [re.sub(r"([*<])", r"\\\1", part) for part in parts[::2]]
    return _cell("".join(parts))


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    print(settings_page(), end="")
