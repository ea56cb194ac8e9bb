"""Who runs what, where several processes or machines share a folder: claims with a heartbeat.

A claim is a file that only one process can make, whose time of change its holder renews. A claim
that is not renewed is dead; who takes the work over makes the file of the next number, which again
only one can, so that no two take it over together. The holder of the highest number has the work.
"""

import contextlib
import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

SECONDS_BETWEEN_BEATS, DEAD_AFTER_SECONDS = 5.0, 60.0
_PATTERN = "claim-[0-9][0-9][0-9][0-9][0-9].json"


class Claim:
    """The right to work in a folder, as long as it is renewed.

    Attributes:
      lost: whether another has taken it over: this process was thought dead.
    """

    def __init__(self, path: Path) -> None:
        self._path, self.lost = path, False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="claim", daemon=True)
        self._thread.start()

    def _beat(self) -> None:
        while not self._over.wait(SECONDS_BETWEEN_BEATS):
            try:
                os.utime(self._path)
                self.lost = _newest(self._path.parent) != self._path
            except FileNotFoundError:
                self.lost = True
            except OSError:  # a network that is away for a moment
                continue

    def release(self) -> None:
        """Lets others have it."""
        self._over.set()
        self._thread.join()
        if not self.lost:
            self._path.unlink(missing_ok=True)


class Claims:
    """What this process knows of the claims of others.

    Clocks of machines differ, so a claim is dead once it was seen unchanged for a minute by this
    one's clock; or at once, if the process that made it on this machine is no more.
    """

    def __init__(self, dead_after: float = DEAD_AFTER_SECONDS) -> None:
        self._dead_after = dead_after
        self._seen: dict[Path, tuple[int, float]] = {}

    @contextlib.contextmanager
    def take(self, folder: Path) -> Iterator[Claim | None]:
        """Holds a folder, which is made if missing; None where another has it."""
        folder.mkdir(parents=True, exist_ok=True)
        newest = _newest(folder)
        if newest is not None and self._is_alive(newest):
            yield None
            return
        number = 0 if newest is None else int(newest.stem.partition("-")[2]) + 1
        path = folder / f"claim-{number:05d}.json"
        if not _make(path):
            yield None
            return
        claim = Claim(path)
        try:
            yield claim
        finally:
            claim.release()

    def _is_alive(self, path: Path) -> bool:
        try:
            changed = path.stat().st_mtime_ns
            holder = json.loads(path.read_text(encoding="utf-8"))
            machine, process = holder["machine"], int(holder["process"])
        except FileNotFoundError:  # released in this moment
            return True
        except (OSError, ValueError, KeyError, TypeError):
            machine, process = "", 0
        if machine and machine == _machine() and not Path(f"/proc/{process}").exists():
            return False
        before, since = self._seen.get(path, (None, 0.0))
        if before != changed:
            self._seen[path] = changed, time.monotonic()
            return True
        return time.monotonic() - since < self._dead_after


def _newest(folder: Path) -> Path | None:
    """The claim of the highest number."""
    return max(folder.glob(_PATTERN), default=None)


def _make(path: Path) -> bool:
    """Whether this process could make the file, whole, before any other."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    content = {"machine": _machine(), "process": os.getpid(), "host": os.uname().nodename}
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(content, file)
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink(missing_ok=True)
    return True


def _machine() -> str:
    """The same for all processes that see each other's numbers; "" where that is not known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""
