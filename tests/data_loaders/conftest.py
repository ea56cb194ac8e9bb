from pathlib import Path

import pytest

from tests.generation.pictures import PictureSource, store_pictures


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve images to train on and five held out, each with five pairs."""
    directory = tmp_path_factory.mktemp("stored")
    splits = {"train": 12, "validation": 5}
    store_pictures(PictureSource(), splits, directory, shards={"train": 2})
    return directory
