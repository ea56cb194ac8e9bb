"""An endpoint on loopback that does what a test wants."""

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any


class Scripted(http.server.BaseHTTPRequestHandler):
    """Gives what the server's script makes of a request: a status and a text or a document.

    A function among them is called with the handler, and sends what it likes.
    """

    def do_GET(self) -> None:
        server: Any = self.server
        self._send(200, server.listed)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server: Any = self.server
        with server.lock:
            server.requests.append((self.headers, body))
            said = server.script(body["messages"][0]["content"][-1]["text"], len(server.requests))
        if callable(said):
            said(self)
            return
        status, words = said if isinstance(said, tuple) else (said, "not\nnow")
        if isinstance(status, int):
            self._send(status, {"error": {"message": words, "type": "", "code": None}})
        elif isinstance(said, bytes):
            self._send(200, said)
        else:
            message = {"role": "assistant", "content": said} if isinstance(said, str) else said
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            common = {"id": "1", "object": "chat.completion", "created": 0, "model": "listed"}
            usage = {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100}
            self._send(200, {**common, "choices": [choice], "usage": usage})

    def _send(self, status: int, content: Any) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def scripted_endpoint(port: int = 0) -> Iterator[Any]:
    """A server whose `script` makes a reply of a question and its number; `requests` has all.

    `listed` are its models.
    The key and the proxy in the environment are the caller's business.

    Args:
      port: 0 takes one that is free.
    """
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", port), Scripted)
    server.lock, server.requests = threading.Lock(), []
    server.script = lambda question, number: "B"
    server.listed = {"object": "list", "data": [{"id": "listed", "object": "model"}]}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
