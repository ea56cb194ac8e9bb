import contextlib
import json
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

from spatialvlm_jax.foreign_files import json_files
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import parse_json, read_document, read_json_records


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_any_unicode_encoding_is_read(encoding: str) -> None:
    assert parse_json('{"é": [1, "ü"]}'.encode(encoding)) == {"é": [1, "ü"]}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_where_it_is_to_be_json_they_are_refused(number: str) -> None:
    with pytest.raises(ValueError, match=f"{number} is no number in JSON"):
        parse_json(f'{{"fov": {number}}}', strict=True)


def test_numbers_that_json_does_not_have_are_nothing() -> None:
    assert parse_json(b"[NaN, Infinity, -Infinity, 1.5]") == [None, None, None, 1.5]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"1": {"x": 1, "x": 2}}', "the key 'x' stands twice"),
        (b"{", "Expecting"),
        (b"\xff\xfe\xfd", "decode"),
        (b"9" * 5000, "digits"),
    ],
)
def test_what_is_no_json_is_a_value_error(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_json(data)


@hypothesis.given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_json(data)


def test_a_document_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    with pytest.raises(FileError, match=r"x\.json cannot be read: No such file"):
        read_document(path)
    path.write_bytes(b"[" * 100_000)
    with pytest.raises(FileError, match=r"x\.json is not JSON: it is nested too deeply"):
        read_document(path)
    path.write_text('{"a": 1}')
    assert read_document(path) == {"a": 1}
    with pytest.raises(FileError, match="holds no list of records"):
        list(read_json_records(path))
    monkeypatch.setattr(json_files, "MAX_DOCUMENT_BYTES", 4)
    with pytest.raises(FileError, match="has 8 bytes; at most 4 are read"):
        read_document(path)


def test_lines_are_read_one_by_one_within_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\n{broken\n' + b"[" * 100_000 + b"\n[2]")
    first, broken, deep, last = read_json_records(path)
    assert (first, last) == ({"a": 1}, [2])
    assert str(broken).startswith("Expecting property name")
    assert str(deep) == "it is nested too deeply"
    places = [place for place, _ in json_files.read_placed_records(path)]
    assert places == ["line 1", "line 3", "line 4", "line 5"]
    monkeypatch.setattr(json_files, "MAX_LINE_BYTES", 50)
    path.write_text(json.dumps({"a": "x" * 99}))
    with pytest.raises(FileError, match="line 1 has more than 50 bytes"):
        list(read_json_records(path))


def test_a_key_among_many_that_stands_twice_is_found_at_once() -> None:
    many = ",".join(f'"{number}":0' for number in range(200_000))
    with pytest.raises(ValueError, match="the key 'x' stands twice"):
        parse_json(f'{{{many},"x":0,"x":0}}')
