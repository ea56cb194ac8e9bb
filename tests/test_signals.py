"""What a signal does before, while and after there is something to save; and again."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from spatialvlm_jax import signals
from spatialvlm_jax.signals import Interrupted, StopRequest

INT, TERM, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP


class Ended(BaseException):
    """Instead of the end of this process."""


@pytest.fixture
def request_(monkeypatch):
    def end(code, line):
        raise Ended(code, line)

    monkeypatch.setattr(signals, "_end", end)
    return StopRequest("nothing yet")


@pytest.mark.parametrize(("number", "code"), [(INT, 130), (TERM, 0), (HUP, 129)])
def test_where_nothing_would_be_lost_the_first_signal_ends_at_once(request_, number, code):
    with pytest.raises(Ended) as ended:
        request_.take(number)
    assert ended.value.args == (code, "stopping: nothing yet")


@pytest.mark.parametrize(("number", "code"), [(INT, 130), (TERM, 0), (HUP, 129)])
def test_where_there_is_something_to_save_it_waits_for_that(request_, number, code):
    request_.defer()
    request_.check()
    request_.take(number)
    assert (request_.requested, request_.code) == (True, code)
    request_.outlook = "saved step 3"
    request_.release()
    with pytest.raises(Interrupted, match="saved step 3"):
        request_.check()


def test_a_second_ctrl_c_ends_at_once_and_a_second_sigterm_changes_nothing(request_):
    request_.defer()
    request_.take(TERM)
    request_.take(TERM)
    with pytest.raises(Ended) as ended:
        request_.take(INT)
    assert ended.value.args[0] == 130


def test_after_the_save_nothing_is_waited_for(request_):
    request_.defer()
    request_.release()
    with pytest.raises(Ended):
        request_.take(INT)


@pytest.mark.parametrize("number", [INT, TERM])
def test_a_signal_after_the_work_keeps_its_exit_code_and_says_nothing(
    request_, number, monkeypatch, capfd
):
    def leave(code):
        raise Ended(code)

    monkeypatch.setattr(signals, "_leave", leave)
    request_.close(0)
    with pytest.raises(Ended) as ended:
        request_.take(number)
    assert ended.value.args == (0,)
    assert capfd.readouterr().err == ""


def test_a_real_signal_arrives_and_handlers_are_given_back():
    before = signal.getsignal(INT), signal.getsignal(TERM)
    with signals.listening() as request:
        request.defer()
        with signals.listening() as again:
            assert again is request
        os.kill(os.getpid(), INT)
        while not request.requested:
            time.sleep(0.001)
        assert request.code == 130
    assert (signal.getsignal(INT), signal.getsignal(TERM)) == before
    assert "signals" not in [thread.name for thread in threading.enumerate()]


def test_other_threads_do_without():
    found = []

    def run():
        with signals.listening("text") as request:
            found.append(request.outlook)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == ["text"]


WORKERS = """
import concurrent.futures, multiprocessing, sys, threading, time
from spatialvlm_jax import signals
from spatialvlm_jax.child_processes import exit_with_parent, without_terminal_signals

if __name__ == "__main__":
    signals.listen()
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(2, context, exit_with_parent)
    with without_terminal_signals():
        sleeping = [pool.submit(time.sleep, 600) for _ in range(2)]
    print("started", flush=True)
    if "working" in sys.argv:
        while not all(future.running() for future in sleeping):
            time.sleep(0.01)
        time.sleep(1)
        print("working", flush=True)
    threading.Event().wait()
"""


@pytest.mark.parametrize("moment", ["started", "working"])
def test_ctrl_c_to_the_whole_group_is_one_line_whatever_workers_do(tmp_path, moment):
    script = tmp_path / "workers.py"
    script.write_text(WORKERS)
    process = subprocess.Popen(
        [sys.executable, str(script), moment],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    while (process.stdout or sys.stdin).readline().strip() != moment:
        assert process.poll() is None
    os.killpg(process.pid, INT)
    # Ends only when nobody holds the pipe: neither this process nor a worker.
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "stopping: nothing to save yet; the same command starts again\n"


STARTING = """
import os, subprocess, sys, threading
from spatialvlm_jax import signals

kill_workers = signals._kill_workers

def start_another():
    child = os.fork()
    if not child:
        threading.Event().wait()
    kill_workers()
    _, status = os.waitpid(child, 0)
    subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('begun too late')"])
    signals._say(f"killed by {os.WTERMSIG(status)}", said)

said = os.dup(1)
signals._kill_workers = start_another
signals.listen()
os.kill(os.getpid(), signals.signal.SIGINT)
threading.Event().wait()
"""


def test_a_worker_that_is_just_started_ends_without_a_word():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", STARTING]
    found = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)
    assert found.stdout == "killed by 9\n"
    assert found.stderr == "stopping: nothing to save yet; the same command starts again\n"


ON_A_TERMINAL = """
import fcntl, pathlib, signal, sys, termios, time
from spatialvlm_jax import signals

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests may run under nohup
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # the terminal of this session
request = signals.listen()
request.defer()
print("started", flush=True)
while not request.requested:
    time.sleep(0.01)
print("saving", flush=True)
print("saving", file=sys.stderr, flush=True)
pathlib.Path(sys.argv[1]).write_text("saved")
signals.end(request.code)
"""


def test_a_closed_terminal_saves_and_says_nothing_to_it(tmp_path):
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, str(tmp_path / "work")],
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    os.close(theirs)
    # To the end of the line: the terminal gives what is before it while it is still being written.
    said = b""
    while b"\n" not in said:
        said += os.read(ours, 100)
    assert b"started" in said
    os.close(ours)
    assert process.wait(timeout=60) == 129
    assert (tmp_path / "work").read_text() == "saved"


WRITING = """
import os
from spatialvlm_jax import signals
signals.listen()
os.write(1, b"ready\\n")
while True:
    os.write(2, b"evaluating\\n")
"""


def test_what_is_said_at_the_end_is_the_last_line(tmp_path):
    with (tmp_path / "log").open("w+") as log:
        command = [sys.executable, "-c", WRITING]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(INT)
        assert process.wait(timeout=60) == 130
        process.stdout.close()
        last = (tmp_path / "log").read_text().splitlines()[-1]
    assert last == f"stopping: {signals.NOTHING_SAVED}"


def test_who_is_told_to_outlive_the_terminal_does(monkeypatch):
    monkeypatch.setattr(signals, "_listening", [])
    before = signal.signal(HUP, signal.SIG_IGN)
    try:
        with signals.listening():
            assert signal.getsignal(HUP) is signal.SIG_IGN
    finally:
        signal.signal(HUP, before)
