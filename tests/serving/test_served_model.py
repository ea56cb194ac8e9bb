"""The shipped model, served as docs/serving.md says, in a process that is told to end."""

import runpy
import signal
import threading

import pytest

from tests.docs.commands import ROOT, blocks
from tests.serving.asking import chat, picture_url, send, serve_in_a_process, wait_until


@pytest.mark.slow
def test_the_page_is_answered_and_the_end_loses_nothing(tmp_path) -> None:
    with serve_in_a_process("--scored-values=32") as (port, process):
        asked = [each for each in blocks(ROOT / "docs" / "serving.md") if "OpenAI(" in each.text]
        snippet = tmp_path / "snippet.py"
        text = asked[0].text.replace(":8000/", f":{port}/").replace("docs/", f"{ROOT}/docs/")
        snippet.write_text(text)
        reply = runpy.run_path(str(snippet))["reply"]
        assert reply.choices[0].message.content == "0.33 m"
        low, high = reply.spatial["interval"]
        assert low < 0.34 < high
        # Another number of tokens is compiled anew, so this one is in the middle when it ends.
        last: list[tuple] = []
        long = f"so, {'please ' * 60}tell what color the sofa has"
        body = {**chat(long, picture_url(9)), "model": "small128"}
        sender = threading.Thread(target=lambda: last.append(send(port, body)))
        sender.start()
        wait_until(port, "spatialvlm_requests_waiting 1.0")
        process.send_signal(signal.SIGTERM)
        sender.join(300)
        assert [status for status, *_ in last] == [200]
        assert process.wait(60) == 0
