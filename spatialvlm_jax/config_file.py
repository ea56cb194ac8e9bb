"""Configuration files: Python whose functions make a configuration, or the arms of a sweep."""

import contextlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from ml_collections import ConfigDict

from spatialvlm_jax.errors import UserError

T = TypeVar("T")


class ConfigError(UserError):
    """A configuration that cannot be read; the message starts with the field's full name."""


def read_config_file(spec: str) -> ConfigDict:
    """The ConfigDict of a file, "path/to/file.py" or "path/to/file.py:argument".

    Raises:
      ConfigError: the file is missing or fails.
    """
    path, _, argument = spec.partition(":")

    def make(module: ModuleType) -> ConfigDict:
        if argument and not inspect.signature(module.get_config).parameters:
            raise ConfigError(f"--config={spec}: {path} takes nothing after a colon")
        config = module.get_config(argument) if argument else module.get_config()
        if not isinstance(config, ConfigDict):
            raise ConfigError(f"{path}: get_config must return a ConfigDict, not {type(config)}")
        return config

    return call_config_file(spec, make)


def call_config_file(spec: str, function: Callable[[ModuleType], T]) -> T:
    """What `function` makes of the module of a configuration file.

    Args:
      spec: as for `read_config_file`.

    Raises:
      ConfigError: the file is missing, or it or the function fails; the message names its line.
    """
    path = spec.partition(":")[0]
    module_spec = importlib.util.spec_from_file_location("spatialvlm_config_file", path)
    if not Path(path).is_file() or module_spec is None or module_spec.loader is None:
        raise ConfigError(
            f"--config={spec}: there is no Python file {path!r}; see configs/ of the checkout"
        )
    module = importlib.util.module_from_spec(module_spec)
    try:
        with _importing_from(_above_configs(Path(path).resolve())):
            module_spec.loader.exec_module(module)
            return function(module)
    except (UserError, PermissionError):
        raise
    except Exception as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        line = f" line {frames[-1].lineno}" if frames else ""
        raise ConfigError(f"{path}{line}: {type(error).__name__}: {error}") from error


def _above_configs(path: Path) -> Path:
    """The folder of `configs/`, where the file lies in that or in a folder of it."""
    folder = path.parent
    return next((each for each in path.parents if each.name == "configs"), folder).parent


@contextlib.contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Files of `configs/` import each other as `configs.NAME`, wherever their checkout is."""
    sys.path.append(str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
