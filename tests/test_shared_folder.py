"""Files that another machine writes are waited for, and not longer than is said."""

import threading
from pathlib import Path

from spatialvlm_jax.shared_folder import wait_until_visible


def test_without_time_it_is_looked_once(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    assert wait_until_visible([tmp_path / "there"], 0.0)
    assert not wait_until_visible([tmp_path / "there", tmp_path / "missing"], 0.0)
    assert not wait_until_visible([tmp_path], 0.0), "a folder is no file"


def test_a_file_that_comes_later_is_seen(tmp_path: Path) -> None:
    late = tmp_path / "late"
    writer = threading.Timer(0.3, late.touch)
    writer.start()
    try:
        assert wait_until_visible([late], 30.0)
    finally:
        writer.join()
