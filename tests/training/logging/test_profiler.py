"""A profile holds the steps that were asked for, and nothing of those around them."""

import gzip
import json
from collections import Counter

import jax
import jax.numpy as jnp
import pytest

from spatialvlm_jax.training.logging.profiler import Tracer

SORTS = 4


@jax.jit
def work(x):
    """Long enough that a step is still computed when the next one is asked for."""
    for _ in range(SORTS):
        x = jnp.sort(-x)
    return x


def run(tmp_path, steps, done=0, last=6):
    state, ended = work(jnp.arange(1e5)), []
    with Tracer(tmp_path, steps, done) as tracer:
        for step in range(done + 1, last + 1):
            tracer.before(step, state)
            with jax.profiler.StepTraceAnnotation("train", step_num=step):
                state = work(state)
            if tracer.after(step, state):
                ended.append(step)
    return ended


def events(tmp_path):
    """The steps that were asked for, by number, and the sorts of each that was computed."""
    (path,) = (tmp_path / "profile").rglob("*.xplane.pb")
    planes = jax.profiler.ProfileData.from_file(str(path)).planes
    found = [
        (e.name, dict(e.stats)) for plane in planes for line in plane.lines for e in line.events
    ]
    steps = sorted(stats["step_num"] for name, stats in found if name == "train")
    sorts = Counter(stats.get("run_id") for name, stats in found if name.startswith("sort"))
    return steps, list(sorts.values())


@pytest.mark.parametrize(
    ("asked", "done", "expected"), [((3, 4), 0, [3, 4]), ((6, 6), 0, [6]), ((2, 5), 3, [4, 5])]
)
def test_the_trace_holds_the_chosen_steps(tmp_path, capsys, asked, done, expected):
    assert run(tmp_path, asked, done) == [expected[-1]]
    assert events(tmp_path) == (expected, [SORTS] * len(expected))
    said = capsys.readouterr().out
    assert f"steps {expected[0]} to {expected[-1]} are traced in {tmp_path / 'profile'}" in said
    assert "make setup-profile" in said
    (perfetto,) = (tmp_path / "profile").rglob("perfetto_trace.json.gz")
    assert json.loads(gzip.decompress(perfetto.read_bytes()))["traceEvents"]


@pytest.mark.parametrize(("asked", "done"), [((), 0), ((1, 3), 3), ((2, 2), 4)])
def test_steps_that_are_done_are_not_traced(tmp_path, capsys, asked, done):
    assert run(tmp_path, asked, done) == []
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_a_run_that_breaks_off_leaves_what_it_has(tmp_path, capsys):
    def break_off():
        state = work(jnp.arange(1e5))
        with Tracer(tmp_path, (1, 9), 0) as tracer:
            tracer.before(1, state)
            state = jax.block_until_ready(work(state))
            tracer.after(1, state)
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    assert events(tmp_path) == ([], [SORTS])
    assert "steps 1 to 1 are traced" in capsys.readouterr().out
