import errno

import pytest

from spatialvlm_jax.errors import (
    UserError,
    describe_failure,
    describe_os_error,
    one_line,
    system_error,
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("two  spaces stay", "two  spaces stay"),
        (
            "Invalid data\nDeserializing page header failed.\n",
            "Invalid data Deserializing page header failed.",
        ),
        ("a\x1b]0;title\x07b\r\u202ec\u2028d\ud800", "a ]0;title b c d"),
        ("a" * 5000 + "b" * 5000, "a" * 600 + " ... " + "b" * 600),
        ("", ""),
    ],
)
def test_a_message_is_one_line_whatever_it_quotes(said: str, told: str) -> None:
    assert one_line(said) == told
    assert str(UserError(said)) == told


def test_what_the_system_refuses_names_the_file_and_the_remedy() -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "out/a\nb")
    assert describe_os_error(full) == (
        "out/a b: No space left on device; make room, then run the same command again"
    )
    forbidden = PermissionError(errno.EACCES, "Permission denied")
    assert describe_os_error(forbidden) == "Permission denied; name a place that this user may use"
    assert describe_failure(forbidden) == describe_os_error(forbidden)
    assert describe_failure(UserError("no such set; name another")) == "no such set; name another"
    assert describe_os_error(OSError("odd")) == "odd"


def test_what_a_library_words_otherwise_is_known_by_its_number() -> None:
    worded = ValueError("RESOURCE_EXHAUSTED: Failed to write: No space [os_error_code='28']")
    error = system_error(worded, "checkpoints/4")
    assert error is not None
    assert describe_os_error(error) == (
        "checkpoints/4: No space left on device; make room, then run the same command again"
    )
    missing = FileNotFoundError(errno.ENOENT, "No such file or directory")
    assert system_error(missing) is missing
    assert system_error(ValueError("a shape does not fit")) is None


def test_a_library_that_was_refused_is_known_by_what_it_says() -> None:
    for said in ("write() failed: File too large; at byte 9", "[os_error_code='27'] OUT_OF_RANGE"):
        refused = system_error(RuntimeError(said), "a")
        assert refused is not None
        assert (refused.errno, refused.filename) == (errno.EFBIG, "a")
    assert system_error(ValueError("shapes differ"), "a") is None
