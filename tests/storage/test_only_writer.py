import contextlib
import io
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from spatialvlm_jax.storage import only_writer as only_writer_module
from spatialvlm_jax.storage.only_writer import FolderInUseError, only_writer

HOLD = """
import sys, time
from pathlib import Path
from spatialvlm_jax.storage.only_writer import only_writer

with only_writer(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_refused_and_one_after_the_other_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    with only_writer(folder):
        with (
            pytest.raises(FolderInUseError, match="another run is writing to .*new"),
            only_writer(folder),
        ):
            raise AssertionError("two at once")
        with only_writer(tmp_path):
            assert folder.is_dir()
    with only_writer(folder):
        assert [path.name for path in folder.iterdir()] == [".lock"]


def test_another_process_is_seen_and_a_killed_one_is_no_obstacle(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(FolderInUseError), only_writer(tmp_path):
        raise AssertionError("two at once")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    with only_writer(tmp_path, wait=True):
        pass


def test_who_waits_says_so_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(only_writer_module, "SECONDS_BETWEEN_TRIES", 0.01)
    monkeypatch.setattr(only_writer_module, "SECONDS_BETWEEN_LINES", 0.05)
    said = io.StringIO()  # to read what is captured while another thread writes may lose a line
    with ThreadPoolExecutor(1) as pool, contextlib.redirect_stdout(said):
        with only_writer(tmp_path):
            waiting = pool.submit(lambda: only_writer(tmp_path, wait=True).__enter__())
            while "still waiting" not in said.getvalue():
                time.sleep(0.005)
        waiting.result()
    assert said.getvalue().startswith(
        f"waiting for another run that fills {tmp_path}\nstill waiting for "
    )
