"""Pictures by address: which addresses are public, and what a hostile server can do."""

import base64
import contextlib
import dataclasses
import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from spatialvlm_jax.serving import remote_images
from spatialvlm_jax.serving.limits import Limits
from spatialvlm_jax.serving.refusal import Refusal
from spatialvlm_jax.serving.remote_images import RemoteImages, is_near, is_public_address
from tests.inference.test_picture import huge
from tests.serving.asking import Telling, chat, picture_url, send, serving

PICTURE = b"a picture"


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1"])
def test_public_addresses(address) -> None:
    assert is_public_address(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("0.0.0.0", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "239.1.1.1"),
        *("240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1"),
        *("fd12::1", "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8"),
        *("::7f00:1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::1"),
        *("2001:0:1234::1", "::ffff:0:127.0.0.1", "192.0.0.192", "168.63.129.16", "3fff::1"),
    ],
)
def test_addresses_that_are_not_public_or_stand_for_others(address) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize(("address", "near"), [("127.0.0.9", True), ("198.51.100.7", False)])
def test_what_is_beside_this_machine_is_near(address, near) -> None:
    assert is_near(address) == near


class Hostile(http.server.BaseHTTPRequestHandler):
    """Answers by path; what it was asked is kept."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012
    redirects = {  # noqa: RUF012
        "/moved": "/picture.png",
        "/loop": "/loop",
        "/inside": "http://inside.example/secret",
        "/file": "file:///etc/passwd",
        "/elsewhere": "//other.example/picture.png",
    }

    def do_GET(self) -> None:
        self.asked.append((self.headers["Host"], self.path))
        if self.path in self.redirects:
            self.send_response(302)
            place = self.redirects[self.path].replace("example/", f"example:{self.port}/")
            self.send_header("Location", place)
            self.end_headers()
            return
        with contextlib.suppress(OSError):
            self._send()

    @property
    def port(self) -> int:
        assert isinstance(self.server, http.server.HTTPServer)
        return self.server.server_port

    def _send(self) -> None:
        if self.path == "/drip":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            for _ in range(100):
                self.wfile.write(b"X-A: b\r\n")
                time.sleep(0.05)
            return
        self.send_response(404 if self.path == "/none" else 200)
        if self.path == "/large":
            self.send_header("Content-Length", str(10**12))
        if self.path == "/cut":
            self.send_header("Content-Length", "100")
        self.end_headers()
        if self.path == "/endless":
            while True:
                self.wfile.write(bytes(1 << 16))
        if self.path == "/slow":
            for _ in range(100):
                self.wfile.write(b"x")
                time.sleep(0.05)
        self.wfile.write(PICTURE)

    def log_message(self, *words: object) -> None:
        """Says nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    Hostile.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


# Names of this test -> addresses; those in 127.0.0.2 are "inside", and may not be connected to.
NAMES = {
    "pictures.example": ["127.0.0.1"],
    "other.example": ["127.0.0.1"],
    "inside.example": ["127.0.0.2"],
    "both.example": ["127.0.0.1", "127.0.0.2"],
}
REMOTE = RemoteImages(
    most_bytes=1_000_000,
    seconds=5.0,
    resolve=lambda host, port: NAMES[host],
    is_allowed=lambda address: address == "127.0.0.1",
    ports=None,
)


@pytest.mark.parametrize("path", ["picture.png", "moved", "elsewhere", "a b/é?q=ä b#part"])
def test_a_picture_is_fetched_from_where_its_name_led(port, path) -> None:
    assert REMOTE.fetch(f"http://pictures.example:{port}/{path}") == PICTURE
    assert Hostile.asked[0][0] == f"pictures.example:{port}"
    if path == "elsewhere":
        assert Hostile.asked[1] == (f"other.example:{port}", "/picture.png")


def test_a_name_is_resolved_once_for_each_hop(port) -> None:
    resolved: list[str] = []

    def turning(host: str, port: int) -> list[str]:
        resolved.append(host)
        return ["127.0.0.1"] if len(resolved) == 1 else ["127.0.0.2"]

    remote = dataclasses.replace(REMOTE, resolve=turning)
    assert remote.fetch(f"http://pictures.example:{port}/picture.png") == PICTURE
    assert resolved == ["pictures.example"]
    resolved.clear()
    with pytest.raises(Refusal, match="not public"):
        remote.fetch(f"http://pictures.example:{port}/moved")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://inside.example:{}/picture.png", "not public"),
        ("http://both.example:{}/picture.png", "not public"),
        ("http://pictures.example:{}/inside", "not public"),
        ("http://pictures.example:{}/file", "it is no address such as"),
        ("http://pictures.example:{}/loop", "more than 3 redirects"),
        ("http://pictures.example:{}/none", "the status is 404"),
        ("http://pictures.example:{}/large", "more than 1000000 bytes"),
        ("http://pictures.example:{}/endless", "more than 1000000 bytes"),
        ("http://pictures.example:{}/cut", "before it is whole"),
        ("https://pictures.example:{}/picture.png", "SSL"),
        ("http://me:secret@pictures.example:{}/", "it is no address such as"),
        ("http://pictures.example:99999/", "Port out of range"),
        ("http://[pictures.example/", "Invalid IPv6"),
        ("ftp://pictures.example:{}/a", "it is no address such as"),
        ("file:///etc/passwd", "it is no address such as"),
        ("http:///a", "it is no address such as"),
        ("http://pictures.example:{}/" + "a" * 9_000, "more than 8192 characters"),
        ("http://pictures.example:0/", "refused"),
    ],
)
def test_what_is_not_to_be_had_is_refused_in_a_sentence(port, url, said) -> None:
    with pytest.raises(Refusal) as caught:
        REMOTE.fetch(url.format(port))
    assert caught.value.status == 400
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert not any("inside" in host for host, _ in Hostile.asked)


@pytest.mark.parametrize("port", [0, 22, 8080, 65_535])
def test_no_other_doors_than_those_of_the_web_are_tried(port) -> None:
    remote = dataclasses.replace(REMOTE, ports=RemoteImages().ports)
    with pytest.raises(Refusal, match=f"it names port {port}: only 80 and 443 are asked"):
        remote.fetch(f"http://pictures.example:{port}/")


def test_a_name_in_another_script_is_named_as_it_is_resolved(port) -> None:
    remote = dataclasses.replace(REMOTE, resolve=lambda host, port: ["127.0.0.1"])
    assert remote.fetch(f"http://bücher.example:{port}/picture.png") == PICTURE
    assert Hostile.asked[0][0] == f"xn--bcher-kva.example:{port}"


@pytest.mark.parametrize("path", ["drip", "slow"])
def test_a_server_that_drips_is_cut_off_in_time(port, path) -> None:
    remote = dataclasses.replace(REMOTE, seconds=0.5)
    begin = time.monotonic()
    with pytest.raises(Refusal, match="it took more than 0.5 seconds"):
        remote.fetch(f"http://pictures.example:{port}/{path}")
    assert time.monotonic() - begin < 4


def test_a_look_up_that_hangs_is_given_up_in_time(port, monkeypatch) -> None:
    released = threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        assert released.wait(60)
        return NAMES[host]

    monkeypatch.setattr(remote_images, "_LOOK_UPS", threading.BoundedSemaphore(2))
    remote = dataclasses.replace(REMOTE, resolve=hanging, seconds=0.3)
    url = f"http://pictures.example:{port}/picture.png"
    said = "its host's name could not be looked up within 0.3 seconds"
    for _ in range(2):
        with pytest.raises(Refusal, match=said):
            remote.fetch(url)
    # Two are still under way, and no third one is begun.
    with pytest.raises(Refusal, match=said):
        dataclasses.replace(REMOTE, seconds=0.3).fetch(url)
    assert not Hostile.asked
    released.set()
    assert REMOTE.fetch(url) == PICTURE


def test_a_look_up_for_which_no_thread_may_be_begun_gives_its_place_back(port, monkeypatch) -> None:
    def refused(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(remote_images, "_LOOK_UPS", threading.BoundedSemaphore(1))
    url = f"http://pictures.example:{port}/picture.png"
    with monkeypatch.context() as patched:
        patched.setattr(remote_images.threading.Thread, "start", refused)
        with pytest.raises(Refusal, match="could not be looked up"):
            REMOTE.fetch(url)
    assert REMOTE.fetch(url) == PICTURE


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "0"])
def test_this_machine_is_refused_under_all_of_its_names(port, host) -> None:
    with pytest.raises(Refusal, match="cannot be fetched"):
        RemoteImages(seconds=5.0, ports=None).fetch(f"http://{host}:{port}/picture.png")
    assert not Hostile.asked


def test_a_server_fetches_where_it_is_told_to_and_nowhere_else(port, monkeypatch) -> None:
    red = base64.b64decode(picture_url(40).partition(",")[2])
    monkeypatch.setitem(globals(), "PICTURE", red)
    url = f"http://pictures.example:{port}/picture.png"
    with serving(Telling(), remote=REMOTE) as (asked, _):
        status, _, content = send(asked, chat("how far", url))
        assert (status, b"how far 40 m" in content) == (200, True)
        assert send(asked, chat("how far", picture_url(7)))[0] == 200
        for refused in (f"http://inside.example:{port}/a.png", "file:///etc/passwd"):
            status, _, content = send(asked, chat("how far", refused))
            assert (status, b"etc/shadow" in content) == (400, False)
        monkeypatch.setitem(globals(), "PICTURE", huge(40_000))
        status, _, content = send(asked, chat("how far", url))
        assert (status, b"bomb" in content) == (400, True)
    Hostile.asked.clear()
    with serving(Telling()) as (asked, _):
        status, _, content = send(asked, chat("how far", url))
        assert (status, b"nothing is fetched" in content) == (400, True)
    assert not Hostile.asked


def test_slow_servers_of_others_do_not_hold_up_those_who_send_their_picture() -> None:
    released = threading.Event()

    def stuck(host: str, port: int) -> list[str]:
        assert released.wait(60)
        return []

    url = "http://pictures.example/a.png"
    found: list[int] = []

    def ask() -> None:
        found.append(send(asked, chat("how far", url))[0])

    remote = dataclasses.replace(REMOTE, resolve=stuck, seconds=60.0)
    with serving(Telling(), Limits(waiting=40), remote=remote) as (asked, _):
        askers = [threading.Thread(target=ask) for _ in range(36)]
        for each in askers:
            each.start()
        until = time.monotonic() + 30
        while len(found) < 4 and time.monotonic() < until:
            time.sleep(0.01)
        assert found == [429] * 4
        assert send(asked, chat("how far", picture_url(7)))[0] == 200
        released.set()
        for each in askers:
            each.join()
    assert sorted(found) == [400] * 32 + [429] * 4
