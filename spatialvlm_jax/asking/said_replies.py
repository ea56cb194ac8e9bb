"""What other models said to a benchmark, read from files, for one report with those that are asked.

FOLDER/MODEL/BENCHMARK.jsonl         ours: an id and a text a line
FOLDER/MODEL/BENCHMARK.lmms.jsonl    samples of lmms-eval
FOLDER/MODEL/BENCHMARK.vlmeval.xlsx  a table of VLMEvalKit; .tsv, .csv and .json, too
"""

from collections import Counter
from pathlib import Path

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark
from spatialvlm_jax.evaluation.benchmarks.joining import join
from spatialvlm_jax.evaluation.benchmarks.loading import as_found, load_questions
from spatialvlm_jax.evaluation.benchmarks.predictions import Form, find_track, read_predictions
from spatialvlm_jax.evaluation.benchmarks.report import ModelScores
from spatialvlm_jax.evaluation.benchmarks.scoring import score_replies

_TABLES: dict[str, Form] = {
    f".vlmeval{ending}": "vlmeval" for ending in (".xlsx", ".tsv", ".csv", ".json")
}
_FORMS: dict[str, Form] = {".jsonl": "jsonl", ".lmms.jsonl": "lmms", **_TABLES}
_SHOWN = 60  # characters of why there is no reply


def mark_said(
    folder: Path,
    benchmark: Benchmark,
    place: Path,
    *,
    allow_missing: bool = False,
    most: int | None = None,
) -> list[ModelScores]:
    """The replies of each model in a folder to a benchmark, marked; none where none has any.

    Args:
      place: the benchmark's files. most: questions, as `Benchmark.some` takes them.

    Raises:
      UserError: the folder is none, a model has two files, or one is of other questions.
    """
    files = _files(folder, benchmark.name)
    if not files:
        return []
    benchmark = as_found(benchmark, place)
    questions = load_questions(benchmark, place, allow_missing)
    items = questions.items if most is None else benchmark.some(questions.items, most)
    found = []
    for model, (path, form) in files.items():
        predictions = read_predictions(path, form)
        track = find_track(predictions, "", str(path))
        replies = join(questions.items, predictions, questions.places).replies
        answered = [replies[item.id] for item in items if item.id in replies]
        failures = Counter(
            (each.failure or each.text)[:_SHOWN] for each in answered if each.has_failed
        )
        failures[f"not in {path.name}"] = len(items) - len(answered)
        found.append(
            ModelScores(
                model=model,
                track=track,
                scores=score_replies(benchmark, items, replies),
                left_out=len(questions.missing),
                failures={why: count for why, count in failures.most_common() if count},
            )
        )
    return found


def _files(folder: Path, name: str) -> dict[str, tuple[Path, Form]]:
    """The file of each model, and its form."""
    if not folder.is_dir():
        raise UserError(f"--said={folder} is no folder: it holds MODEL/{name}.jsonl and the like")
    found: dict[str, tuple[Path, Form]] = {}
    for path in sorted(folder.glob(f"*/{name}.*")):
        form = _FORMS.get(path.name.removeprefix(name))
        if form is None:
            continue
        model = path.parent.name
        if model in found:
            raise UserError(f"{path} and {found[model][0]} are of one model: keep one of them")
        found[model] = path, form
    return found
