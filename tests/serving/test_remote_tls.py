"""Pictures over TLS: the pinned address is connected to, and its certificate is checked."""

import base64
import dataclasses
import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from spatialvlm_jax.serving.refusal import Refusal
from tests.serving.asking import Telling, chat, picture_url, send, serving
from tests.serving.certificates import write_certificates
from tests.serving.test_remote_images import PICTURE, REMOTE, Hostile


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, what it signed for pictures.example, and another authority."""
    folder = tmp_path_factory.mktemp("certificates")
    write_certificates(folder, "pictures.example")
    return folder


@pytest.fixture
def asked_for() -> list[str | None]:
    """The names that clients said in their greetings."""
    return []


@pytest.fixture
def port(certificates: Path, asked_for: list[str | None]) -> Iterator[int]:
    """Of a TLS server on this machine."""
    Hostile.asked.clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.sni_callback = lambda socket, name, own: asked_for.append(name)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    server.daemon_threads = True
    server.handle_error = lambda *request: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def trusted(certificates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts the authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "authority.pem"))


@pytest.mark.usefixtures("trusted")
def test_the_address_that_was_checked_is_connected_to_and_no_name_is_looked_up_again(
    port, asked_for, monkeypatch
) -> None:
    looked_up: list[str] = []
    connected_to: list[object] = []
    look_up = socket.getaddrinfo

    def numbers_only(host, *rest, **more):
        connected_to.append(host)
        return look_up(host, *rest, **more)

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr(socket, "getaddrinfo", numbers_only)
    remote = dataclasses.replace(REMOTE, resolve=resolve)
    assert remote.fetch(f"https://pictures.example:{port}/picture.png") == PICTURE
    assert (looked_up, connected_to) == (["pictures.example"], ["127.0.0.1"])
    assert asked_for == ["pictures.example"]
    assert Hostile.asked == [(f"pictures.example:{port}", "/picture.png")]


@pytest.mark.usefixtures("trusted")
def test_a_certificate_for_another_name_is_refused(port, asked_for) -> None:
    with pytest.raises(Refusal, match=r"certificate is not valid for 'other\.example'"):
        REMOTE.fetch(f"https://other.example:{port}/picture.png")
    assert asked_for == ["other.example"]
    assert not Hostile.asked


@pytest.mark.parametrize("authority", ["other.pem", None])
def test_a_certificate_of_an_unknown_authority_is_refused(
    port, asked_for, authority, certificates, monkeypatch
) -> None:
    if authority is not None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / authority))
    with pytest.raises(Refusal, match="certificate verify failed: unable to get local issuer"):
        REMOTE.fetch(f"https://pictures.example:{port}/picture.png")
    assert asked_for == ["pictures.example"]
    assert not Hostile.asked


@pytest.mark.usefixtures("trusted")
def test_a_server_that_fetches_answers_about_a_picture_behind_tls(port, monkeypatch) -> None:
    red = base64.b64decode(picture_url(40).partition(",")[2])
    monkeypatch.setattr("tests.serving.test_remote_images.PICTURE", red)
    with serving(Telling(), remote=REMOTE) as (asked, _):
        url = f"https://pictures.example:{port}/picture.png"
        status, _, content = send(asked, chat("how far", url))
        assert (status, b"how far 40 m" in content) == (200, True)
        status, _, content = send(asked, chat("how far", url.replace("pictures", "other")))
        assert (status, b"certificate verify failed" in content) == (400, True)
