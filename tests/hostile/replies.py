"""Files of replies and of benchmarks that nobody should trust."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tests.hostile.attempt import READ, REFUSED, Case, Fault, command

QUESTION = {"image": "a.jpg", "caption": "The mug is on it.", "label": 1, "relation": "on"}
REPLY = {"id": 0, "text": "yes"}
BELL = "\x1b[2J\x07\u202e"


def _score(data: bytes, replies: bytes, name: str, words: str, right: float, folder: Path) -> str:
    (folder / "data.jsonl").write_bytes(data)
    (folder / name).write_bytes(replies)
    command_line = [word.replace("{}", str(folder)) for word in words.split()]
    code, said, _ = command(
        *("score", folder / name, "--benchmark=vsr", f"--data={folder}/data.jsonl"), *command_line
    )
    if code == 2:
        return REFUSED
    if any(not (character.isprintable() or character == "\n") for character in said):
        raise Fault("control characters are printed")
    if f"{100 * right:.2f} %" not in said:
        raise Fault(f"not {right} of the replies count as right: {said[:300]}")
    return READ


def _lines(*records: Any) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def _question(**fields: Any) -> bytes:
    return _lines(QUESTION, {**QUESTION, **fields})


def _case(
    name: str,
    *,
    data: bytes = _lines(QUESTION),
    replies: bytes = _lines(REPLY),
    file: str = "replies.jsonl",
    words: str = "",
    right: float | None = None,
) -> Case:
    """A case that is to be refused, or to be read with a share of right replies."""
    attempt = partial(_score, data, replies, file, words, right or 0.0)
    return Case(name, attempt, (REFUSED,) if right is None else (READ,))


def replies() -> Iterator[Case]:
    """One question and one reply; one of them is hostile."""
    refused = {
        "empty": b"",
        "not JSON": b"dear diary",
        "cut": _lines(REPLY)[:-4],
        "latin letters": '{"id": 0, "text": "é"}'.encode("latin-1"),
        "deep": b"[" * 100_000 + b"\n",
        "a list": _lines([0, "yes"]),
        "no id": _lines({"text": "yes"}),
        "no text": _lines({"id": 0}),
        "null": _lines({"id": 0, "text": None}),
        "an object": _lines({"id": 0, "text": {"a": 1}}),
        "an id that is a list": _lines({"id": [0], "text": "yes"}),
        "an id that is NaN": b'{"id": NaN, "text": "yes"}\n',
        "an id of many digits": b'{"id": 1' + b"0" * 5000 + b', "text": "yes"}\n',
        "another question": _lines({"id": 7, "text": "yes"}),
        "a question twice": _lines(REPLY, REPLY),
        "a key twice": b'{"id": 0, "id": 1, "text": "yes"}\n',
        "another truth": _lines(REPLY | {"target": "no"}),
    }
    for name, content in refused.items():
        yield _case(name, replies=content)
    read = {
        "a megabyte": ("so " * 350_000 + "yes", 1.0),
        "many brackets": ("\\boxed{" * 50_000, 0.0),
        "control characters": (f"{BELL}no", 0.0),
        "half a character": ("\ud800 no", 0.0),
        "code": ("__import__('os').system('true') or no", 0.0),
        "a formula": ("=cmd|'/c calc'!A1 no", 0.0),
        "nothing": ("", 0.0),
        "a failed request": ("[LMMS_EVAL_REQUEST_FAILED after 5 retries] yes", 0.0),
        "a thought without end": ("<think>" * 10_000 + "yes", 1.0),
    }
    for name, (text, right) in read.items():
        yield _case(name, replies=_lines({"id": 0, "text": text}), right=right)
    yield from _dumps()
    yield from _questions()


def _dumps() -> Iterator[Case]:
    """Files in the forms of other harnesses, and options that cannot be meant."""
    zipped = b"PK\x03\x04" + b"\0" * 100
    table = b"index\tquestion\tanswer\tprediction\n"
    sample = {"doc_id": 0, "target": "yes", "filtered_resps": "yes", "input": QUESTION["caption"]}
    yield _case("a spreadsheet", replies=zipped, file="a.xlsx", words="--as=vlmeval")
    yield _case("a pickle", replies=b"cos\nsystem\n.", file="a.pkl", words="--as=vlmeval")
    yield _case("a table of zeros", replies=table + b"\0\n", file="a.tsv", words="--as=vlmeval")
    yield _case("an endless cell", replies=table + b"x" * 10**6, file="a.tsv", words="--as=vlmeval")
    yield _case("an open quote", replies=table + b'0\t"x', file="a.tsv", words="--as=vlmeval")
    changes: list[dict[str, Any]] = [{"doc_id": -1}, {"doc_id": True}, {"doc_id": 10**30}]
    for change in (*changes, {"filtered_resps": []}):
        yield _case(str(change), replies=_lines(sample | change), words="--as=lmms")
    yield _case("another prompt", replies=_lines(sample | {"input": "Why?"}), words="--as=lmms")
    yield _case("samples", replies=_lines(sample), words="--as=lmms", right=1.0)
    yield _case("a form that is none", words="--as=excel")
    yield _case("a track that is none", words="--track=boxes")
    yield _case("figures over the replies", words="--json={}/replies.jsonl")
    yield _case("figures over the questions", words="--json={}/data.jsonl")
    yield _case("figures in no folder", words="--json={}/data.jsonl/figures.json")


def _questions() -> Iterator[Case]:
    """Files of the benchmark."""
    for name, content in {
        "no questions": b"",
        "questions that are none": b"7\n",
        "no label": _question(label=None),
        "a label of words": _question(label="perhaps"),
        "a label without end": _question(label=1).replace(b'"label": 1', b'"label": 1e999'),
        "a caption of nothing": _question(caption=" "),
        "a caption that is a list": _question(caption=["on"]),
        "a picture that is a number of a list": _question(image=[1]),
    }.items():
        yield _case(name, data=content)
    yield _case("a record left out", data=_question(label=None), words="--allow-missing", right=1.0)
    yield _case("a relation of control characters", data=_question(relation=BELL), right=0.5)
    yield _case("a relation of a megabyte", data=_question(relation="on" * 2**19), right=0.5)
    yield _case("half a character in a relation", data=_question(relation="\ud800"), right=0.5)
