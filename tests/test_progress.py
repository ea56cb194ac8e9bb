import io
import re
import subprocess
import sys
import time

import pytest

from spatialvlm_jax import progress


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_OF_SILENCE", 0.02)


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Lines on standard output, without how long something took."""
    return re.sub(r"in [0-9.]+ s", "in T s", capsys.readouterr().out).splitlines()


@pytest.mark.usefixtures("impatient")
def test_what_takes_long_is_said_before_and_after(capsys) -> None:
    with progress.waiting("compiling the step", "compiled the step"):
        while not (lines := said(capsys)):
            time.sleep(0.005)
        assert lines == ["compiling the step ..."]
    assert said(capsys) == ["compiled the step in T s"]


@pytest.mark.usefixtures("impatient")
def test_what_takes_longer_still_is_said_again_with_its_time(capsys, monkeypatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_REMINDERS", 0.02)
    lines: list[str] = []
    with progress.waiting("compiling the step", "compiled the step"):
        while len(lines) < 3:
            lines += said(capsys)
            time.sleep(0.005)
    assert lines[:3] == ["compiling the step ...", *["compiling the step ... (0 s)"] * 2]


def test_what_is_quick_quiet_or_fails_is_not_said_to_be_done(capsys, impatient) -> None:
    with progress.waiting("reading", "read", quiet=True):
        time.sleep(0.1)
    assert said(capsys) == []

    def fail() -> None:
        while not (lines := said(capsys)):
            time.sleep(0.005)
        assert lines == ["reading ..."]
        raise KeyError

    with pytest.raises(KeyError):
        progress.first_call(fail, "reading", "read")()
    assert said(capsys) == []


def test_what_is_quick_needs_no_word(capsys) -> None:
    with progress.waiting("reading", "read"):
        pass
    assert said(capsys) == []


@pytest.mark.usefixtures("impatient")
def test_the_first_call_alone_is_announced(capsys) -> None:
    def slow(number: int) -> int:
        time.sleep(0.1)
        return number + 1

    call = progress.first_call(slow, "compiling", "compiled")
    assert call(1) == 2
    assert said(capsys) == ["compiling ...", "compiled in T s"]
    assert call(2) == 3
    assert said(capsys) == []


def test_a_bar_in_a_file_is_lines(monkeypatch) -> None:
    monkeypatch.setattr(sys, "stderr", file := io.StringIO())
    with progress.bar(total=3, desc="generate", unit="image") as bar:
        for number in range(3):
            bar.set_postfix_str(f"{number} pairs/s", refresh=False)
            bar.update()
    assert list(progress.bar(iter("ab"), desc="read", unit="record")) == ["a", "b"]
    for hidden in ({"quiet": True}, {"delay": 60.0}):
        assert list(progress.bar("ab", desc="hidden", unit="record", **hidden)) == ["a", "b"]
    assert re.sub(r"\d\d:\d\d", "T", file.getvalue()).splitlines() == [
        "generate: 0/3 images [T]",
        "generate: 3/3 images [T, 2 pairs/s]",
        "read: 0 records [T]",
        "read: 2 records [T]",
    ]


def test_a_bar_in_a_file_has_a_line_now_and_then(monkeypatch) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.05)
    monkeypatch.setattr(sys, "stderr", file := io.StringIO())
    with progress.bar(total=1_000, desc="read", unit="record") as bar:
        while file.getvalue().count("\n") < 3:
            bar.update()
            time.sleep(0.01)
    assert "\r" not in file.getvalue()
    assert re.match(r"read: 0/1000 .*\nread: [1-9]\d*/1000 .*\n", file.getvalue())


# While a module is imported, others may replace what `import` does: then threads that import fail.
SLOW_IMPORT = """
import builtins, time
from spatialvlm_jax import progress

progress.SECONDS_OF_SILENCE = 0.01
progress.begin_importing()
imported = builtins.__import__
def refuse(name, *arguments, **settings):
    if name == "multiprocessing":
        raise TypeError(name)
    return imported(name, *arguments, **settings)
builtins.__import__ = refuse
time.sleep(0.5)
builtins.__import__ = imported
progress.end_importing()
"""


def test_imports_that_take_long_do_not_hang_the_process_that_says_so() -> None:
    command = [sys.executable, "-c", SLOW_IMPORT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    assert done.stdout.startswith("importing JAX and what goes with it ...\nimported it in ")
