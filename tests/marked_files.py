"""Which files a set of tests reads: importing all of them takes longer than the tests of some."""

import re
from pathlib import Path


def lacks_marker(path: Path, expression: str) -> bool:
    """Whether the file has no test with the marker that `-m EXPRESSION` asks for.

    Only of "MARKER" and "MARKER and not ..." it is said; any other expression reads all files.
    """
    asked = re.fullmatch(r"(\w+)( and not (\w+|\([^()]*\)))?", expression)
    if asked is None or path.suffix != ".py":
        return False
    return re.search(rf"\bpytest\.mark\.{asked[1]}\b", path.read_text()) is None
