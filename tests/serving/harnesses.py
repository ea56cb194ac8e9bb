"""Requests as lmms-eval and VLMEvalKit send them, and the files in which they keep the replies."""

import base64
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from tests.evaluation.benchmarks.published import write_lines
from tests.foreign_files.spreadsheets import write_table

Parts = Sequence[str | Image.Image]
LMMS_FAILED = "[LMMS_EVAL_REQUEST_FAILED after 5 retries] "
VLMEVAL_FAILED = "Failed to obtain answer via API. "
_LEAST_SIDE = 100  # VLMEvalKit's: smaller pictures are enlarged


def _encoded(picture: Image.Image, form: str, **options: Any) -> str:
    file = io.BytesIO()
    picture.save(file, form, **options)
    data = base64.b64encode(file.getvalue()).decode()
    return f"data:image/{form.lower()};base64,{data}"


def lmms_body(parts: Parts, *, form: str = "PNG", system: str = "", **more: Any) -> dict[str, Any]:
    """A request of lmms-eval: parts in their order, all contents lists.

    Args:
      form: what LMMS_IMAGE_ENCODE_FORMAT says.
    """
    quality = {} if form == "PNG" else {"quality": 85}
    content = [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": _encoded(part, form, **quality)}}
        for part in parts
    ]
    told = [{"role": "system", "content": [{"type": "text", "text": system}]}] if system else []
    messages = [*told, {"role": "user", "content": content}]
    return {"messages": messages, "model": "telling", "max_tokens": 1024, "temperature": 0, **more}


def vlmeval_body(
    parts: Parts,
    *,
    system: str = "",
    before: Sequence[dict[str, Any]] = (),
    of_picture: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A request of VLMEvalKit with --base-url; without a picture its texts are one.

    Args:
      before: messages of a conversation. of_picture: fields beside each picture's address.
    """
    if all(isinstance(part, str) for part in parts):
        content = [{"type": "text", "text": "\n".join(map(str, parts))}]
    else:
        content = [_vlmeval_part(part, of_picture or {}) for part in parts]
    told = [{"role": "system", "content": system}] if system else []
    messages = [*told, *before, {"role": "user", "content": content}]
    common = {"n": 1, "max_tokens": 32_768, "temperature": 0.0}
    return {"model": "telling", "messages": messages, **common, **more}


def _vlmeval_part(part: str | Image.Image, fields: dict[str, Any]) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    picture = part.convert("RGB") if part.mode in ("RGBA", "P", "LA") else part
    if min(picture.size) < _LEAST_SIDE:
        factor = _LEAST_SIDE / min(picture.size)
        width, height = picture.size
        picture = picture.resize((int(width * factor), int(height * factor)))
    return {"type": "image_url", "image_url": {"url": _encoded(picture, "JPEG"), **fields}}


def lmms_reply(status: int, body: bytes) -> str:
    """The text that lmms-eval keeps of an answer of the server."""
    found = json.loads(body)
    if status != 200:
        return f"{LMMS_FAILED}Error code: {status} - {found}"
    assert found["usage"]["prompt_tokens"] > 0
    assert found["choices"][0]["finish_reason"] in ("stop", "length")
    return found["choices"][0]["message"]["content"]


def vlmeval_reply(status: int, body: bytes) -> str:
    """The text that VLMEvalKit keeps."""
    if status != 200:
        return VLMEVAL_FAILED
    return json.loads(body)["choices"][0]["message"]["content"].strip()


def write_lmms_samples(path: Path, rows: Sequence[tuple[str, str, str]]) -> None:
    """A file of lmms-eval's samples.

    Args:
      rows: prompt, truth and reply of each question, in the benchmark's order.
    """
    samples = [
        {
            "doc_id": place,
            "target": truth,
            "filtered_resps": reply,
            "doc_hash": f"{place:064x}",
            "token_counts": [{"input_tokens": 92, "output_tokens": 4, "reasoning_tokens": 0}],
            "exact_match": float(reply == truth),
            "input": prompt,
            "input_media": [{"type": "image"}],
        }
        for place, (prompt, truth, reply) in enumerate(rows)
    ]
    write_lines(path, samples)


def write_vlmeval_sheet(path: Path, rows: Sequence[dict[str, str | float]]) -> None:
    """A spreadsheet of VLMEvalKit: the columns of its own table, and "prediction"."""
    write_table(path, [list(rows[0]), *(list(row.values()) for row in rows)])
