"""Runs a command in a network namespace of its own, which has loopback and nothing else.

    python tests/loopback.py COMMAND [ARGUMENT ...]

Ray's processes listen on the machine's outward address; in here there is none. Needs Linux and
`unshare` (util-linux), as root or where user namespaces are allowed.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys

_INSIDE = "--inside"
_SET_FLAGS, _UP, _RUNNING = 0x8914, 0x1, 0x40  # SIOCSIFFLAGS, IFF_UP, IFF_RUNNING


def _unshare() -> list[str]:
    """The first form of `unshare` that works here: as root, else as root of a user namespace."""
    for command in (["unshare", "--net"], ["unshare", "--net", "--map-root-user"]):
        try:
            if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
                return command
        except FileNotFoundError:
            sys.exit("loopback.py: `unshare` was not found; install util-linux")
    sys.exit("loopback.py: no network namespace can be made here; run it as root")


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP | _RUNNING))


def main(arguments: list[str]) -> None:
    if arguments and arguments[0] == _INSIDE:
        _raise_loopback()
        os.execvp(arguments[1], arguments[1:])
    command = [*_unshare(), sys.executable, __file__, _INSIDE, *arguments]
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
