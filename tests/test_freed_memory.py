"""A step's buffers are asked for again and again: whether that is new pages each time."""

import subprocess
import sys

import pytest

from spatialvlm_jax.freed_memory import keep_freed_memory

_STEPS, _MIB = 20, 64
_PAGES = _MIB * 2**20 // 4096
_PROGRAM = f"""
import resource, sys, threading
if sys.argv[1] == "keep":
    from spatialvlm_jax.freed_memory import keep_freed_memory
    assert keep_freed_memory({{"JAX_PLATFORMS": "cpu"}}) == (sys.platform == "linux")
def step():
    for _ in range({_STEPS}):
        bytearray({_MIB} << 20)
step()
thread = threading.Thread(target=step)
thread.start()
thread.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def faults(*words: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *words], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_what_was_freed_is_had_again_without_new_pages_in_any_thread():
    kept, given_back = faults("keep"), faults("leave")
    if sys.platform == "linux":
        assert kept < 4 * _PAGES
        assert given_back > _STEPS * _PAGES


@pytest.mark.parametrize(
    "environment",
    [
        {"JAX_PLATFORMS": "cuda,cpu"},
        {"JAX_PLATFORMS": "cpu", "MALLOC_ARENA_MAX": "4"},
        {"JAX_PLATFORMS": "cpu", "LD_PRELOAD": "libjemalloc.so.2"},
    ],
)
def test_an_accelerator_and_a_choice_of_the_users_are_left_alone(environment):
    assert not keep_freed_memory(environment)
