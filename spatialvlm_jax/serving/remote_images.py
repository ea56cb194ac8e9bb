"""Pictures by their address, for servers that are told to fetch them: from public addresses alone.

Whoever asks a server names the address, so a name is resolved once, all that it resolves to is
checked, and the connection goes to just that: a name cannot lead elsewhere between check and use.
Each redirect is checked likewise. No proxy is used, and nothing is sent that tells who asks.
"""

import contextlib
import dataclasses
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from spatialvlm_jax.errors import one_line
from spatialvlm_jax.serving.refusal import Refusal

_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_SHOWN, _PIECE = 80, 1 << 16
_HEADERS = {"Accept": "image/*", "Accept-Encoding": "identity", "User-Agent": "spatialvlm"}
# IPv6 that leads on to an IPv4 address inside: compatible, mapped, translated, 6to4, Teredo.
_EMBEDDING = tuple(
    map(
        ipaddress.IPv6Network,
        (
            *("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"),
            *("2002::/16", "2001::/32"),
        ),
    )
)


def is_public_address(address: str) -> bool:
    """Whether an IPv4 or IPv6 address is one of the public network, and stands for no other."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and (
        found.is_site_local or any(found in network for network in _EMBEDDING)
    ):
        return False
    is_special = found.is_multicast or found.is_reserved or found.is_unspecified
    return found.is_global and not (is_special or found.is_link_local or found.is_loopback)


def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of a host; raises OSError where it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


@dataclasses.dataclass(frozen=True)
class RemoteImages:
    """How pictures are fetched.

    most_bytes: of a file. seconds: from the first look-up to the last byte. hops: redirects.
    resolve: the addresses of a host and port. is_allowed: whether one may be connected to.
    """

    most_bytes: int = 16 * 2**20
    seconds: float = 10.0
    hops: int = 3
    resolve: Callable[[str, int], Sequence[str]] = resolve_host
    is_allowed: Callable[[str], bool] = is_public_address

    def fetch(self, url: str) -> bytes:
        """The file at an address.

        Raises:
          Refusal: with status 400: it is no such address, not public, not there in time, too large,
            or no file is there.
        """
        until = time.monotonic() + self.seconds
        try:
            for _ in range(self.hops + 1):
                found = self._follow(url, until)
                if isinstance(found, bytes):
                    return found
                url = found
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = time.monotonic() >= until
            said = f"it took more than {self.seconds:g} seconds" if late else one_line(str(error))
            raise _refused(url, said or type(error).__name__) from None
        raise _refused(url, f"there were more than {self.hops} redirects")

    def _follow(self, url: str, until: float) -> bytes | str:
        """The file, or the address that it is said to be at."""
        parts = urlsplit(url)
        address, port = self._pin(url, parts)
        with _connected(parts, address, port, until) as connection:
            target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
            query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
            connection.putrequest("GET", f"{target}?{query}" if query else target, skip_host=True)
            connection.putheader("Host", parts.netloc.encode("idna").decode())
            for name, value in _HEADERS.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            if response.status in _REDIRECTS and (place := response.headers.get("Location")):
                return urljoin(url, place)
            if response.status != 200:
                raise _refused(url, f"the status is {response.status}")
            return self._read(url, response, until)

    def _pin(self, url: str, parts: SplitResult) -> tuple[str, int]:
        """The one address that is connected to."""
        if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
            raise _refused(url, "it is no address such as https://example.org/a.png")
        port = parts.port or _PORTS[parts.scheme]
        addresses = self.resolve(parts.hostname, port)
        if not addresses or not all(map(self.is_allowed, addresses)):
            raise _refused(url, "it leads to an address that is not public")
        return addresses[0], port

    def _read(self, url: str, response: http.client.HTTPResponse, until: float) -> bytes:
        too_large = _refused(url, f"it has more than {self.most_bytes} bytes")
        if (response.length or 0) > self.most_bytes:
            raise too_large
        found = bytearray()
        while piece := response.read1(_PIECE):
            found += piece
            if len(found) > self.most_bytes:
                raise too_large
        if time.monotonic() >= until:
            raise TimeoutError
        if response.length:
            raise _refused(url, "it ends before it is whole")
        return bytes(found)


@contextlib.contextmanager
def _connected(
    parts: SplitResult, address: str, port: int, until: float
) -> Iterator[http.client.HTTPConnection]:
    """A connection to just this address that is cut off at a time, however slowly bytes drip."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection = http.client.HTTPConnection(address, port)
    plain = socket.create_connection((address, port), timeout=left)
    with contextlib.ExitStack() as stack:
        connection.sock = stack.enter_context(plain)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            wrapped = context.wrap_socket(
                plain, server_hostname=parts.hostname, do_handshake_on_connect=False
            )
            connection.sock = stack.enter_context(wrapped)
        cut = threading.Timer(max(0.0, until - time.monotonic()), _cut, [connection.sock])
        cut.daemon = True
        cut.start()
        stack.callback(cut.cancel)
        if isinstance(connection.sock, ssl.SSLSocket):
            connection.sock.do_handshake()
        yield connection


def _cut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _refused(url: str, reason: str) -> Refusal:
    said = f"the picture at {one_line(url[:_SHOWN])!r} cannot be fetched: {reason[:200]}"
    return Refusal(400, said, "messages")
