"""What holds for every test: the CPU, and property tests that draw the same cases each time.

And what tests of whole runs share.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from jaxtyping import install_import_hook

from tests.marked_files import lacks_marker
from tests.shapes import MODULES

os.environ.setdefault("JAX_PLATFORMS", "cpu")
# Compiled programs are kept in the checkout, not in the home of whoever runs the tests.
os.environ["XDG_CACHE_HOME"] = str(Path(__file__).resolve().parents[1] / ".cache")

install_import_hook(MODULES, "tests.shapes.checked")

hypothesis.settings.register_profile(
    "spatialvlm", deadline=None, derandomize=True, max_examples=25, print_blob=True
)
hypothesis.settings.load_profile("spatialvlm")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return lacks_marker(collection_path, config.option.markexpr) or None


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stored data set of hand-made pictures, enough for a short run."""
    from tests.generation.pictures import PictureSource, store_pictures

    folder = tmp_path_factory.mktemp("data")
    store_pictures(PictureSource(), {"train": 24, "validation": 4}, folder)
    return folder


@pytest.fixture(scope="module")
def compile_quickly_rather_than_well() -> Iterator[None]:
    import jax

    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def leave_no_trace(compile_quickly_rather_than_well: None) -> Iterator[None]:
    """Gives the process back its own SIGTERM handler after runs in it; compiles quickly, too."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)
