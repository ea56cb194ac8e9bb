"""The command that lets a model be tried: with the shipped one, and with one that there is not."""

import html
import re
import signal

import pytest

from spatialvlm_jax import cli
from tests.serving.asking import command_in_a_process, send


def test_a_model_that_is_not_here_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "--model=https://example.org/model", "--port=0"]) == 2
    assert "models are read from local files only" in capsys.readouterr().err


@pytest.mark.slow
def test_the_shipped_model_is_asked_about_a_room_and_the_end_is_clean() -> None:
    says = re.compile(r"open http://127.0.0.1:(\d+)/ in a browser; Ctrl-C ends it\n")
    with command_in_a_process(says, "demo", "--model=small", "--scored-values=32") as running:
        port, process = running
        status, _, page = send(port, b"", "GET", "/world/0")
        assert status == 200
        things = re.findall(r"data-object=\"\d+\"[^>]*>([^<]+)<", page.decode())
        question = f"how far is the {html.unescape(things[0])} from the camera?"
        status, _, content = send(port, {"world": 0, "question": question}, path="/ask")
        answer = content.decode()
        assert status == 200
        assert re.search(r"90 % between [\d.]+ and [\d.]+ m, most likely [\d.]+, truth", answer)
        assert re.search(r"In truth: [\d.]+ m", answer)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
