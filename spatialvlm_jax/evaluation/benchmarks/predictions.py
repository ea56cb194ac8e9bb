"""What models said: our JSON Lines of id and text, and the dumps of lmms-eval and VLMEvalKit."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.csv_files import read_placed_csv
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import read_placed_lines, read_placed_records
from spatialvlm_jax.foreign_files.places import placed
from spatialvlm_jax.foreign_files.xlsx_files import read_xlsx_records

Form = Literal["jsonl", "lmms", "vlmeval"]
FORMS: tuple[Form, ...] = get_args(Form)
_IDS = ("id", "question_id", "questionId", "index", "idx")
_TEXTS = ("text", "prediction", "answer", "pred")
_TRUTHS = ("gt", "target")
_TABLES = (".tsv", ".csv")
_SHEET = ".xlsx"
_UNREAD = (".xls", ".pkl")
_CUT_AT = 32_767  # characters of a cell of a spreadsheet; longer texts end there
# What both harnesses write in place of a reply when their requests fail.
_FAILED = ("[LMMS_EVAL_REQUEST_FAILED", "[LMMS_EVAL_BUDGET_EXCEEDED]")
_FAILED_WITHIN = "Failed to obtain answer via API"


@dataclasses.dataclass(frozen=True)
class Prediction:
    """One reply.

    id: of its question; place: the number of its question among all, where the file tells only
    that. truth, prompt: what the file says that was asked and is right; "" where it does not.
    failure: why there is no reply, as the file says it. track: how the question was shown, as the
    file says it. group, picture: its sub-task, or several joined by commas, and the file of its
    picture, likewise. All "" where it does not. tied: replies that the model holds for likeliest
    alike, `text` among them, each of which has its share of the mark; () where one alone is.
    by: how it was chosen, where the file says that it was by likelihood.
    """

    text: str
    id: str = ""
    place: int | None = None
    truth: str = ""
    prompt: str = ""
    failure: str = ""
    track: str = ""
    group: str = ""
    picture: str = ""
    tied: tuple[str, ...] = ()
    by: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether the file or a harness says here that there is no reply."""
        return bool(self.failure) or self.text.startswith(_FAILED) or _FAILED_WITHIN in self.text

    @property
    def is_cut(self) -> bool:
        """Whether a spreadsheet has cut it off."""
        return len(self.text) == _CUT_AT


def read_predictions(path: Path, form: str = "jsonl") -> list[Prediction]:
    """The replies of a file, in its order.

    Raises:
      UserError: there is no such form. FileError: the file is not of that form.
    """
    if form not in FORMS:
        raise UserError(f"--as={form}: there are {', '.join(FORMS)}")
    if path.suffix.lower() in _UNREAD:
        raise FileError(
            f"{path}: old spreadsheets and pickles are not read; save it as .xlsx, or as .tsv in "
            "UTF-8 (VLMEvalKit writes .tsv with PRED_FORMAT=tsv)"
        )
    read = {"jsonl": _ours, "lmms": _lmms, "vlmeval": _vlmeval}[form]
    found = [read(record, f"{path}: {where}") for where, record in _records(path, form)]
    if not found:
        raise FileError(f"{path} has no prediction")
    return found


def _records(path: Path, form: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Records with their places."""
    if path.suffix.lower() in _TABLES:
        records = read_placed_csv(path)
    elif path.suffix.lower() == _SHEET:
        records = placed(read_xlsx_records(path))
    elif form == "lmms":
        records = read_placed_lines(path)
    else:
        records = read_placed_records(path)
    for where, record in records:
        if not isinstance(record, Mapping):
            why = str(record) if isinstance(record, ValueError) else "it is no record"
            raise FileError(f"{path}: {where}: {why}")
        yield where, record


def _ours(record: Mapping[str, Any], where: str) -> Prediction:
    truth = next((record[name] for name in _TRUTHS if isinstance(record.get(name), str)), "")
    failure, prompt, track, by = (
        record[name] if isinstance(record.get(name), str) else ""
        for name in ("failure", "prompt", "track", "by")
    )
    is_ours = isinstance(record.get("digest"), str)  # others' prompts may word the question anew
    return Prediction(
        text="" if failure else _text(_one_of(record, _TEXTS, where), where),
        id=_id(_one_of(record, _IDS, where), where),
        truth=truth,
        prompt=prompt if is_ours else "",
        failure=failure,
        track=track,
        tied=_tied(record.get("tied", []), where),
        by=by,
    )


def _tied(replies: Any, where: str) -> tuple[str, ...]:
    if not isinstance(replies, list) or not all(isinstance(each, str) for each in replies):
        raise FileError(f"{where}: 'tied' is no list of replies")
    if len(set(replies)) < len(replies):
        raise FileError(f"{where}: 'tied' has a reply twice, which would count twice")
    return tuple(replies)


def find_track(predictions: Sequence[Prediction], declared: str, name: str) -> str:
    """How the questions of a file were shown: as it says itself, else as is declared.

    Args:
      declared: "" where nothing is. name: of the file.

    Raises:
      UserError: the file says otherwise than is declared, or several ways.
    """
    said = {each.track for each in predictions if each.track} | ({declared} - {""})
    if len(said) > 1:
        raise UserError(
            f"{name} was asked with --track={' and '.join(sorted(said - {declared}))}, not "
            f"{declared or 'one alone'}: figures of one track are compared with no other's"
        )
    return next(iter(said), "")


def _lmms(record: Mapping[str, Any], where: str) -> Prediction:
    place = record.get("doc_id")
    if not isinstance(place, int) or isinstance(place, bool) or place < 0:
        raise FileError(f"{where}: no number 'doc_id'; is it a file of lmms-eval's samples?")
    said = _one_of(record, ("filtered_resps", "resps"), where)
    while isinstance(said, list) and len(said) == 1:
        (said,) = said
    target, prompt = record.get("target"), record.get("input")
    return Prediction(
        text=_text(said, where),
        place=place,
        truth=str(target) if isinstance(target, str | int | float) else "",
        prompt=prompt if isinstance(prompt, str) else "",
    )


def _vlmeval(record: Mapping[str, Any], where: str) -> Prediction:
    index, answer = record.get("index"), record.get("answer")
    asked, group, picture = (
        record[name] if isinstance(record.get(name), str) else ""
        for name in ("question", "category", "image_path")
    )
    said = record.get("prediction")
    if index is None or said is None:
        raise FileError(f"{where}: no column 'index' or 'prediction'; is it VLMEvalKit's?")
    key = _id(index, where)
    return Prediction(
        text=_text(said, where),
        id=key,
        place=int(key) if key.isdecimal() and key.isascii() and len(key) < 12 else None,
        truth=str(answer) if isinstance(answer, str | int | float) else "",
        prompt=asked,
        group=group,
        picture=picture,
    )


def _one_of(record: Mapping[str, Any], names: tuple[str, ...], where: str) -> Any:
    for name in names:
        if record.get(name) is not None:
            return record[name]
    empty = next((name for name in names if name in record), None)
    if empty is not None:
        raise FileError(f"{where}: field {empty!r} is empty (null, or NaN)")
    raise FileError(f"{where}: no field {names[0]!r} (nor {', '.join(names[1:])})")


def _id(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise FileError(f"{where}: an id is text or a whole number, not {str(value)[:60]!r}")
    return str(value).strip()


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise FileError(f"{where}: a reply is one text, not {str(value)[:60]!r}")
    return str(value)
