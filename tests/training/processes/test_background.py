import errno
import logging
import sys
import threading

import pytest

from spatialvlm_jax.training.processes.background import short_words

FULL = OSError(errno.ENOSPC, "No space left on device", "tensorboard")
REFUSED = ValueError("RESOURCE_EXHAUSTED: [os_error_code='28']")


def fail_in_thread(error: Exception) -> None:
    def run() -> None:
        raise error

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


def test_a_full_disk_in_a_thread_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    before = threading.excepthook, sys.excepthook, sys.unraisablehook
    with short_words():
        fail_in_thread(FULL)
    assert [record.getMessage() for record in caplog.records] == [
        "in the background: tensorboard: No space left on device; make room, then run the same "
        "command again"
    ]
    assert (threading.excepthook, sys.excepthook, sys.unraisablehook) == before


def test_an_error_of_the_program_in_a_thread_is_told_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    error = KeyError("a bug")
    with short_words():
        fail_in_thread(error)
    assert [failed.exc_value for failed in told] == [error]


@pytest.mark.parametrize("name", ["absl", "asyncio"])
def test_what_a_save_raises_later_is_not_told_before(
    caplog: pytest.LogCaptureFixture, name: str
) -> None:
    logger = logging.getLogger(name)
    with short_words():
        logger.error("a save failed", exc_info=REFUSED)
        logger.error("something else", exc_info=KeyError("a bug"))
        logger.error("a line")
    assert [record.getMessage() for record in caplog.records] == ["something else", "a line"]
