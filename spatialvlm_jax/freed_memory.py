"""What a process does with memory that it has freed: without an accelerator it keeps it.

XLA on the CPU asks for its buffers anew in every step. glibc's allocator gives large ones back to
the system and gets them again as pages that are cleared one fault at a time: what that costs is in
docs/performance.md. On an accelerator buffers are the device's, and the host's many threads are
better served by many arenas.
"""

import ctypes
import glob
import os
import sys
from collections.abc import Mapping

# Of glibc's malloc.h (mallopt(3)), and what is wanted of each: one arena, since those of threads
# are given back in pieces; no buffer apart from it; nothing trimmed; more at a time where it grows.
_WANTED = {-8: 1, -4: 0, -1: -1, -2: 64 << 20}
# Whoever has set one of these has chosen an allocator, or how it behaves.
_CHOICES = ("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD", "PYTHONMALLOC")
_ACCELERATORS = ("/dev/nvidia[0-9]*", "/dev/kfd", "/dev/accel[0-9]*", "/dev/vfio/[0-9]*")


def keep_freed_memory(environment: Mapping[str, str] = os.environ) -> bool:
    """Has this process keep what it frees, where that is of use; to be called before threads begin.

    It is not done with another C library than glibc, beside an accelerator that JAX may use, or
    where a variable of `environment` (MALLOC_..., GLIBC_TUNABLES, LD_PRELOAD) says how memory is
    to be had.

    Returns:
      Whether it was done.
    """
    if sys.platform != "linux" or any(name.startswith(_CHOICES) for name in environment):
        return False
    if not _computes_here(environment):
        return False
    library = ctypes.CDLL(None)
    if not hasattr(library, "gnu_get_libc_version"):
        return False
    taken = [library.mallopt(name, value) == 1 for name, value in _WANTED.items()]
    return all(taken)


def _computes_here(environment: Mapping[str, str]) -> bool:
    """Whether JAX's first platform is, or will be, the CPU."""
    platform = environment.get("JAX_PLATFORMS", "").partition(",")[0]
    if platform:
        return platform == "cpu"
    return not any(glob.glob(pattern) for pattern in _ACCELERATORS)
