import json
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax.generation.execution.chunks import GenerationError
from spatialvlm_jax.generation.execution.ledger import Report, write_generation_report
from spatialvlm_jax.generation.execution.plan import Chunk, plan_shards
from spatialvlm_jax.generation.execution.request import REQUEST_FILE, record_request

FIRST = {"version": "1", "rules": 2, "source": "own", "splits": {"train": [5, 1]}, "items": "a"}
SECOND = {**FIRST, "splits": {"validation": [2, 1]}, "items": "b"}


def _part(directory: Path) -> Path:
    path = Chunk("train", 0, 5).report_path(directory)
    path.parent.mkdir(exist_ok=True)
    return path


def test_a_request_is_recorded_once_and_others_are_added_to_it(tmp_path: Path) -> None:
    for _ in range(2):
        assert record_request(tmp_path, FIRST, adds=False) == [FIRST]
    assert json.loads((tmp_path / REQUEST_FILE).read_text()) == FIRST
    for request, adds in ((SECOND, True), (SECOND, True), (FIRST, True), (FIRST, False)):
        assert record_request(tmp_path, request, adds=adds) == [FIRST, SECOND]
    assert json.loads((tmp_path / REQUEST_FILE).read_text()) == {**FIRST, "added": [SECOND]}


@pytest.mark.parametrize(
    ("change", "adds", "message"),
    [
        ({"items": "c"}, True, r"begun with other settings \(items\)"),
        ({}, False, r"begun with other settings \(items, splits\)"),
        ({"source": "vqa"}, True, r"begun with other settings \(items, source, splits\)"),
        ({"version": "2"}, True, "begun by version 1 of this program, and this is 2"),
        ({"rules": 3}, True, "begun by rules 2 of generation, and these are rules 3"),
        ({"splits": {"train": [5, 1], "test": [1, 1]}}, True, r"\(items, splits\)"),
    ],
)
def test_another_request_is_refused_and_nothing_changes(
    change: dict[str, Any], adds: bool, message: str, tmp_path: Path
) -> None:
    request = {**(FIRST if change.keys() == {"items"} else SECOND), **change}
    record_request(tmp_path, FIRST, adds=adds)
    write_generation_report(_part(tmp_path), Report(asked=5, stored=1, rejected=4))
    before = (tmp_path / REQUEST_FILE).read_bytes()
    with pytest.raises(GenerationError, match=message):
        record_request(tmp_path, request, adds=adds)
    assert (tmp_path / REQUEST_FILE).read_bytes() == before


def test_a_directory_without_an_example_is_begun_anew(tmp_path: Path) -> None:
    other = {**FIRST, "items": "b"}
    record_request(tmp_path, FIRST, adds=False)
    part, (shard,) = _part(tmp_path), plan_shards({"train": 5})
    shard.report_path(tmp_path).parent.mkdir()
    for path in (part, shard.report_path(tmp_path)):
        write_generation_report(path, Report(asked=5, rejected=5))
    shard.path(tmp_path).write_bytes(b"")
    assert record_request(tmp_path, FIRST, adds=False) == [FIRST]
    assert part.exists()
    assert record_request(tmp_path, other, adds=False) == [other]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [REQUEST_FILE]
    assert not part.exists()
    assert not shard.report_path(tmp_path).exists()
    shard.path(tmp_path).write_bytes(b"")  # a shard that no report tells of may hold anything
    with pytest.raises(GenerationError, match=r"\(items\)"):
        record_request(tmp_path, FIRST, adds=False)


def test_a_request_without_splits_is_told(tmp_path: Path) -> None:
    (tmp_path / REQUEST_FILE).write_text('{"version": "1"}')
    with pytest.raises(GenerationError, match="names no splits; remove the folder"):
        record_request(tmp_path, FIRST, adds=True)
