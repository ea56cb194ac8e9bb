"""The page of example records, from the fixtures that the tests read:

python -m tests.evaluation.benchmarks.example_records > docs/benchmark_records.md
"""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.evaluation.benchmarks.item import Benchmark
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS
from spatialvlm_jax.foreign_files.csv_files import read_csv_records
from spatialvlm_jax.foreign_files.json_files import read_document, read_json_lines
from spatialvlm_jax.foreign_files.parquet_files import read_parquet_records
from tests.evaluation.benchmarks.published import SAMPLES

_HEAD = """\
# Records of benchmarks

What the files of each [benchmark](benchmarks.md) hold, so that you can tell whether yours are of
that form: the first record of each file, with what it becomes. Questions are made up; fields are
those of the published files. What a question shows, and where a benchmark is found, is told by
`spatialvlm benchmarks`.

The tests' own files make this page:
`python -m tests.evaluation.benchmarks.example_records > docs/benchmark_records.md`.
"""
_LONG, _WIDE = 100, 1_000_000  # characters of a word, of a cell of a table


def example_records_page() -> str:
    """The page, in Markdown."""
    return "\n".join([_HEAD, *(_section(each) for each in BENCHMARKS.values())])


def _section(benchmark: Benchmark) -> str:
    sample = SAMPLES[benchmark.name]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sample.write(folder)
        first = load_questions(benchmark, folder).items[0]
        files = [
            f"`{path.name}`:\n\n```json\n{_written(_first_record(path))}\n```\n"
            for path in sorted(folder.iterdir())
        ]
    asked = {"id": first.id, "prompt": first.prompt, "image_id": first.image_id}
    reply = {"id": first.id, "text": sample.right}
    return "\n".join(
        [
            f"## {benchmark.name}\n",
            f"`--data`: {benchmark.files}.\n",
            *files,
            f"The first question, of which `{first.answer}` is true, and a reply that is right:\n",
            f"```json\n{json.dumps(asked)}\n{json.dumps(reply)}\n```\n",
        ]
    )


def _first_record(path: Path) -> Mapping[str, Any]:
    """The first record of a file, or a document with the first of each list in it."""
    if path.suffix == ".parquet":
        return next(read_parquet_records(path))
    if path.suffix == ".tsv":
        return next(read_csv_records(path, _WIDE))
    if path.suffix == ".jsonl" or path.read_text().count("\n") > 1:
        return next(read_json_lines(path))
    document = read_document(path)
    if isinstance(document, list):
        return document[0]
    if all(isinstance(value, Mapping) for value in document.values()):
        return dict(list(document.items())[:1])
    return {key: value[:1] if isinstance(value, list) else value for key, value in document.items()}


def _written(record: Mapping[str, Any]) -> str:
    """A field a line."""
    fields = (f"  {json.dumps(name)}: {json.dumps(_told(value))}" for name, value in record.items())
    return "{\n" + ",\n".join(fields) + "\n}"


def _told(value: Any) -> Any:
    """A value with words in the place of pictures."""
    if isinstance(value, bytes):
        return "(a picture's bytes)"
    if isinstance(value, str) and len(value) > _LONG and " " not in value:
        return "(a picture in base64)"
    if isinstance(value, Mapping):
        return {key: _told(each) for key, each in value.items()}
    return [_told(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    print(example_records_page(), end="")
