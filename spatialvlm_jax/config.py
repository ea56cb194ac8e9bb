"""From configuration files to frozen dataclasses: a typo is an error with a suggestion.

A configuration file is Python with `get_config(arg: str = "") -> ConfigDict`. The command line
names it and overrides single fields:

    python train.py --config=configs/answer_noise.py:0.1 --config.optim.peak_lr=3e-4

Overrides are typed by the dataclasses of `experiment`: text stays text for `str` fields, tuples
and dictionaries are Python literals (`--config.optim.freeze="('encoder',)"`), names of a few also
words joined by commas (`--config.eval.probes=blind,swap`), members of tuples are reached by number
(`--config.data.datasets[0].weight=2`).

The `config.json` that a run leaves in its workdir is a configuration file, too.
"""

import argparse
import ast
import contextlib
import dataclasses
import logging
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from ml_collections import ConfigDict

from spatialvlm_jax import migration
from spatialvlm_jax.bounds import (
    SettingError,
    check_value,
    did_you_mean,
    field_types,
    without_none,
)
from spatialvlm_jax.config_file import ConfigError as ConfigError
from spatialvlm_jax.config_file import read_config_file
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.flags import is_whole_number, shorten
from spatialvlm_jax.foreign_files.json_files import read_object

T = TypeVar("T")
RUN_CONFIG = "config.json"  # in a workdir: what the run was made of, every override in it
_MAPPINGS = (dict, Mapping)
_FIELD = re.compile(r"config(?:\.[^.\[\]]+|\[[^.\[\]]+\])+")
# (section, field) of what older configuration files may name, and nothing reads.
_RETIRED = (("train", "dataset_grad_norms_every"),)


def from_config_dict(cls: type[T], config: Any, name: str = "config") -> T:
    """Builds the frozen dataclass `cls` from a ConfigDict (or any mapping).

    Args:
      cls: a dataclass whose fields are dataclasses, tuples, dicts, Literals, optionals, scalars.
      config: a mapping of field names to values; fields left out take their defaults.
      name: what error messages call it.

    Raises:
      ConfigError: an unknown field (with the nearest known one), a missing one, a wrong type.
    """
    return typing.cast(T, _convert(cls, config, name))


def to_config_dict(record: Any) -> ConfigDict:
    """A mutable ConfigDict with the fields of a dataclass, tuples of dataclasses included."""
    return typing.cast(ConfigDict, _mutable(record))


def load_experiment(spec: str, overrides: Sequence[str] = ()) -> Experiment:
    """Reads a configuration file and applies overrides.

    Args:
      spec: "path/to/file.py", "path/to/file.py:argument", or a run's "path/to/config.json".
      overrides: "config.field.field=value" each, with or without leading dashes.

    Raises:
      ConfigError: the file is missing or fails, or a field or value is wrong.
    """
    of_run = spec.endswith(".json") and ".py:" not in spec
    config = read_run_config(Path(spec)) if of_run else read_config_file(spec)
    return _build_experiment(config, overrides)


def read_run_config(path: Path) -> ConfigDict:
    """The `config.json` that a run left.

    Raises:
      ConfigError: the file cannot be read, or a field or value is wrong.
    """
    return run_config(read_object(path, "the configuration of a run"), str(path))


def run_config(tree: Any, where: str) -> ConfigDict:
    """The configuration that a run wrote down, in today's form.

    Args:
      tree: a mapping of field names to values. where: it was read, for messages.

    Raises:
      ConfigError: a field or value is wrong.
    """
    tree = migration.migrate(tree)
    return to_config_dict(from_config_dict(Experiment, tree, f"{where}: config"))


def _build_experiment(config: ConfigDict, overrides: Sequence[str]) -> Experiment:
    _drop_retired(config)
    override_fields(config, overrides)
    return from_config_dict(Experiment, config)


def _drop_retired(config: ConfigDict) -> None:
    for section, field in _RETIRED:
        if section in config and field in config[section]:
            logging.warning("config.%s.%s does nothing and can be removed", section, field)
            del config[section][field]


def parse_experiment(
    parser: argparse.ArgumentParser,
    argv: Sequence[str],
    *,
    of_run: Callable[[argparse.Namespace], ConfigDict] | None = None,
) -> tuple[argparse.Namespace, Experiment]:
    """Parses a command line with `--config=FILE` and overrides, `--config.field=value`.

    Args:
      of_run: finds the configuration where --config is left out; None: it may not be.

    Raises:
      ConfigError: as `load_experiment`; other mistakes end the program with code 2.
    """
    parser.allow_abbrev = False
    help_text = "configuration file, with an argument if it takes one; see configs/"
    if of_run:
        help_text += f" (default: that of the run, {RUN_CONFIG} in the workdir)"
    required = of_run is None
    parser.add_argument("--config", required=required, metavar="FILE.py[:ARG]", help=help_text)
    args, rest = parser.parse_known_args(argv)
    overrides = take_overrides(parser, rest)
    if of_run and args.config is None:
        return args, _build_experiment(of_run(args), overrides)
    return args, load_experiment(args.config, overrides)


def take_overrides(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[str]:
    """The words left by `parser` as overrides, "--config.field=value" each.

    Ends the program with code 2 at a word that is none.
    """
    overrides, rest = [], list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--config."):
            parser.error(f"unrecognized argument: {word}")
        if "=" not in word and rest and not rest[0].startswith("--"):
            word += f"={rest.pop(0)}"
        overrides.append(word)
    return overrides


def override_fields(config: Any, overrides: Sequence[str], cls: type = Experiment) -> None:
    """Sets fields of a ConfigDict, each by "config.field.field=value", typed by a dataclass.

    Raises:
      ConfigError: as `override_field`, or an override has no value.
    """
    for override in overrides:
        name, separator, text = override.lstrip("-").partition("=")
        if not separator:
            raise ConfigError(f"{name}: an override needs a value, as in --{name}=VALUE")
        override_field(config, name, text, cls)


def override_field(config: Any, name: str, text: str, cls: type = Experiment) -> None:
    """Sets the field `name` ("config.optim.peak_lr") of a ConfigDict from text.

    Args:
      cls: the dataclass that the ConfigDict stands for.

    Raises:
      ConfigError: there is no such field, or `text` is not a value of its type.
    """
    if not _FIELD.fullmatch(name):
        raise ConfigError(
            f"{shorten(name)}: an override names a field, as in --config.train.steps=100"
        )
    steps = re.findall(r"[^.\[\]]+", name)[1:]
    parent, hint, path = config, typing.cast(Any, cls), "config"
    for i, step in enumerate(steps):
        hint, key = _descend(hint, parent, step, path)
        path = f"{path}[{step}]" if isinstance(key, int) else f"{path}.{step}"
        if i < len(steps) - 1:
            parent = parent[key]
            continue
        value = _parse_text(hint, text, path)
        if isinstance(parent, tuple):
            raise ConfigError(f"{path}: name a field of it, as in --{path}.weight=1")
        _convert(hint, value, path)
        parent[key] = value


def _descend(hint: Any, parent: Any, step: str, path: str) -> tuple[Any, Any]:
    """The type and key of `step` inside `parent`, whose type is `hint`."""
    hint = without_none(hint)
    if dataclasses.is_dataclass(hint):
        if parent is None:
            raise ConfigError(f"{path}: it is None in this configuration, so it has no fields")
        fields = field_types(hint)
        if step not in fields:
            raise ConfigError(_unknown(f"{path}.{step}", step, list(fields)))
        return fields[step], step
    if typing.get_origin(hint) is tuple:
        if not is_whole_number(step) or int(step) >= len(parent):
            raise ConfigError(f"{path}[{step}]: no such member; it has {len(parent)}, from [0]")
        return typing.get_args(hint)[0], int(step)
    if typing.get_origin(hint) in _MAPPINGS:
        return typing.get_args(hint)[1], step
    raise ConfigError(f"{path}.{step}: {path} is a single value, it has no fields")


def _parse_text(hint: Any, text: str, path: str) -> Any:
    if text.lower() == "none" and without_none(hint) != hint:
        return None
    hint = _plain(hint)
    if hint is str or typing.get_origin(hint) is Literal:
        return text
    of_names = (
        typing.get_origin(hint) is tuple and typing.get_origin(typing.get_args(hint)[0]) is Literal
    )
    if of_names and re.fullmatch(r"\w+(,\w+)*", text):
        return tuple(text.split(","))
    try:
        value = ast.literal_eval(text.capitalize() if text in ("true", "false", "none") else text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ConfigError(f"{path}: {shorten(text)!r} is not {_describe(hint)}") from None
    if hint is int and isinstance(value, float) and value.is_integer():
        return int(value)  # 1e4 is how people write ten thousand steps
    return ConfigDict(value) if isinstance(value, dict) else value


def _convert(hint: Any, value: Any, path: str) -> Any:
    if value is None and type(None) in typing.get_args(hint):
        return None
    hint = without_none(hint)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint):
        return _convert_dataclass(hint, value, path)
    if origin is Annotated:
        value = _convert(args[0], value, path)
        _check(hint, value, path)
        return value
    if origin is Literal:
        _check(hint, value, path)
        return value
    if origin is tuple and isinstance(value, tuple | list):
        return tuple(_convert(args[0], item, f"{path}[{i}]") for i, item in enumerate(value))
    if origin in _MAPPINGS and isinstance(value, Mapping | ConfigDict):
        for key in value:
            _check(args[0], key, path)
        return {key: _convert(args[1], value[key], f"{path}.{key}") for key in value}
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):  # of hundreds of digits
            return float(value)
    if isinstance(hint, type) and type(value) is hint:
        return value
    raise ConfigError(f"{path}: {shorten(repr(value))} is not {_describe(hint)}")


def _check(hint: Any, value: Any, path: str) -> None:
    try:
        check_value(hint, value, path)
    except SettingError as error:
        raise ConfigError(str(error)) from None


def _convert_dataclass(cls: Any, value: Any, path: str) -> Any:
    if isinstance(value, cls):
        return value
    if not isinstance(value, Mapping | ConfigDict):
        raise ConfigError(f"{path}: {shorten(repr(value))} is not a {cls.__name__}")
    hints = field_types(cls)
    for key in value:
        if key not in hints:
            raise ConfigError(_unknown(f"{path}.{key}", key, list(hints)))
    for field in dataclasses.fields(cls):
        required = field.default is field.default_factory is dataclasses.MISSING
        if required and field.name not in value:
            raise ConfigError(f"{path}.{field.name}: missing, and it has no default")
    fields = {key: _convert(hints[key], value[key], f"{path}.{key}") for key in value}
    try:
        return cls(**fields)
    except SettingError as error:
        raise ConfigError(f"{path}.{error}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from None


def _mutable(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return ConfigDict({field.name: _mutable(getattr(value, field.name)) for field in fields})
    if isinstance(value, tuple):
        return tuple(_mutable(item) for item in value)
    return ConfigDict(value) if isinstance(value, Mapping) else value


def read_settings_file(cls: type, spec: str | None) -> ConfigDict:
    """The fields of a dataclass: those of a file, and the defaults of what it leaves out.

    Args:
      spec: as for `read_config_file`; None for the defaults alone.

    Raises:
      ConfigError: as `read_config_file`; or the file is the configuration of something else.
    """
    if spec is None:
        return to_config_dict(cls())
    config, known = read_config_file(spec), sorted(field_types(cls))
    if config and not set(config) & set(known):
        raise ConfigError(
            f"--config={spec} configures something else: it has {min(config)}, and wanted are some "
            f"of {', '.join(known)}"
        )
    return to_config_dict(from_config_dict(cls, config))


def _plain(hint: Any) -> Any:
    """The type without None and bounds."""
    hint = without_none(hint)
    return typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint


def _unknown(path: str, key: str, known: list[str]) -> str:
    renamed = migration.new_name(path)
    if renamed:
        return f"{path}: it is called {renamed}"
    return f"{path}: no such field" + (
        did_you_mean(key, known) or f"; there are {', '.join(sorted(known))}"
    )


def _describe(hint: Any) -> str:
    hint = _plain(hint)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return f"one of {', '.join(map(repr, args))}"
    if origin is tuple:
        return f"a tuple, each member {_describe(args[0])}"
    if origin in _MAPPINGS:
        return f"a dictionary, each value {_describe(args[1])}"
    words = {int: "an integer", float: "a number", str: "text", bool: "true or false"}
    return words.get(hint, f"a {hint.__name__}")
