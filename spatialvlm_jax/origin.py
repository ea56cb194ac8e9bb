"""What made a result: the commit of the code, and the processor."""

import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path


def git_revision(folder: Path, code: Sequence[str] = ()) -> str:
    """The commit checked out in `folder`, "+changes" if files differ; "unknown" outside git.

    Args:
      code: files and folders that alone count, new ones in them too; () for all that git knows.
    """

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(
            command, check=True, capture_output=True, encoding="utf-8"
        ).stdout.strip()

    which = ("--", *code) if code else ("--untracked-files=no",)
    try:
        changed = git("status", "--porcelain", *which)
        return git("rev-parse", "HEAD") + ("+changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def processor_name() -> str:
    """Of the first processor, as the system calls it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
