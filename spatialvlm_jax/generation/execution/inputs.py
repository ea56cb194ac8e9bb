"""What the files of images were when a chunk was made of them: files that change are found out.

Sizes and times of last change are compared first, which reads nothing; where these differ, the
files are read, so that a folder that was only copied counts as the same.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable


@runtime_checkable
class ReadsFiles(Protocol):
    """A source whose pictures are made of files that somebody may change."""

    def fingerprint(self, index: int, contents: bool) -> str:
        """What tells the files of an image from changed ones; never an error.

        Args:
          contents: read them; else their sizes and the times of their last change count.
        """


def describe_files(source: object, indices: Sequence[int]) -> dict[str, str]:
    """{"files"}: a hash of sizes and times; {} where the source reads none. To ask before reading.

    What changes while it is read then differs from this description.
    """
    return _described(source, indices, "files")


def describe_contents(source: object, indices: Sequence[int]) -> dict[str, str]:
    """{"contents"}: a hash of what the files hold; {} where the source reads none."""
    return _described(source, indices, "contents")


def have_changed(source: object, indices: Sequence[int], recorded: Mapping[str, str]) -> bool:
    """Whether the files of these images hold something else than when they were described."""
    return all(
        _described(source, indices, name).items() - recorded.items()
        for name in ("files", "contents")
    )


def _described(source: object, indices: Sequence[int], name: str) -> dict[str, str]:
    if not isinstance(source, ReadsFiles):
        return {}
    found = hashlib.blake2b(digest_size=16)
    for index in indices:
        text = source.fingerprint(index, contents=name == "contents")
        found.update(text.encode(errors="surrogateescape") + b"\0")
    return {name: found.hexdigest()}
