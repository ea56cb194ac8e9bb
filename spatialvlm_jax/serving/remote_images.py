"""Pictures by their address, for servers that are told to fetch them: from public addresses alone.

Whoever asks a server names the address, so a name is resolved once, all that it resolves to is
checked, and the connection goes to just that: a name cannot lead elsewhere between check and use.
Each redirect is checked likewise. No proxy is used, and nothing is sent that tells who asks.
"""

import concurrent.futures
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
# Look-ups under way in this process: one that hangs goes on after nobody waits for it.
_LOOK_UPS = threading.BoundedSemaphore(64)
_MOST_CHARACTERS = 8_192  # of an address; the standard library keeps those that it parsed last
# All that is given out of IPv6; what stands for IPv4 lies elsewhere, but for Teredo and 6to4.
_GIVEN_OUT = ipaddress.IPv6Network("2000::/3")
# Not of the public network, or of machines that stand in a cloud's own: older Pythons call some of
# them global. 192.0.0.192 and 168.63.129.16 tell virtual machines about themselves.
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            *("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),
            *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
        ),
    )
)


def is_public_address(address: str) -> bool:
    """Whether an IPv4 or IPv6 address is one of the public network, and stands for no other."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found not in _GIVEN_OUT:
        return False
    if any(found in network for network in _SPECIAL):
        return False
    is_special = found.is_multicast or found.is_reserved or found.is_unspecified
    return found.is_global and not (is_special or found.is_link_local or found.is_loopback)


def is_near(address: str) -> bool:
    """Whether an address is this machine's, or of a network that it has one in: /24, or /64.

    A machine may have public addresses, and a firewall that only those inside are past.
    """
    found = ipaddress.ip_address(address)
    family, length = (socket.AF_INET, 24) if found.version == 4 else (socket.AF_INET6, 64)
    with socket.socket(family, socket.SOCK_DGRAM) as unsent:
        try:
            unsent.connect((address, 9))  # sends nothing, and tells which address would
        except OSError:
            return False  # there is no way to it
        own = str(unsent.getsockname()[0]).partition("%")[0]
    return found in ipaddress.ip_network(f"{own}/{length}", strict=False)


def is_elsewhere(address: str) -> bool:
    """Whether an address is a public one of others."""
    return is_public_address(address) and not is_near(address)


def resolve_host(host: str, port: int) -> list[str]:
    """The addresses of a host; raises OSError where it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def _in_time(look_up: Callable[[], Sequence[str]], until: float) -> Sequence[str]:
    """What a look-up finds: it knows no timeout itself, and is left alone where it takes too long.

    Raises:
      TimeoutError: it is not there in time, or as many as may be are under way, or no thread may be
        begun.
    """
    if not _LOOK_UPS.acquire(timeout=max(0.0, until - time.monotonic())):
        raise TimeoutError
    found: concurrent.futures.Future[Sequence[str]] = concurrent.futures.Future()

    def look() -> None:
        try:
            found.set_result(look_up())
        except Exception as error:
            found.set_exception(error)
        finally:
            _LOOK_UPS.release()

    try:
        threading.Thread(target=look, daemon=True).start()
    except RuntimeError:  # as many threads as this process may have
        _LOOK_UPS.release()
        raise TimeoutError from None
    return found.result(max(0.0, until - time.monotonic()))


@dataclasses.dataclass(frozen=True)
class RemoteImages:
    """How pictures are fetched.

    most_bytes: of a file. seconds: from the first look-up to the last byte. hops: redirects.
    resolve: the addresses of a host and port. is_allowed: whether one may be connected to.
    ports: that may be; None: all. Others' pictures are at those of the web, and whoever asks is not
    to try the doors of others from here.
    """

    most_bytes: int = 16 * 2**20
    seconds: float = 10.0
    hops: int = 3
    resolve: Callable[[str, int], Sequence[str]] = resolve_host
    is_allowed: Callable[[str], bool] = is_elsewhere
    ports: Sequence[int] | None = tuple(_PORTS.values())

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
        if len(url) > _MOST_CHARACTERS:
            raise _refused(url, f"its address has more than {_MOST_CHARACTERS} characters")
        parts = urlsplit(url)
        address, port = self._pin(url, parts, until)
        with _connected(parts, address, port, until) as connection:
            target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
            query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
            connection.putrequest("GET", f"{target}?{query}" if query else target, skip_host=True)
            connection.putheader("Host", _host(parts))
            for name, value in _HEADERS.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            if response.status in _REDIRECTS and (place := response.headers.get("Location")):
                return urljoin(url, place)
            if response.status != 200:
                raise _refused(url, f"the status is {response.status}")
            return self._read(url, response, until)

    def _pin(self, url: str, parts: SplitResult, until: float) -> tuple[str, int]:
        """The one address that is connected to."""
        if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
            raise _refused(url, "it is no address such as https://example.org/a.png")
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
        if self.ports is not None and port not in self.ports:
            raise _refused(url, f"it names port {port}: only {_listed(self.ports)} are asked")
        host = parts.hostname
        try:
            addresses = _in_time(lambda: self.resolve(host, port), until)
        except TimeoutError:
            said = f"its host's name could not be looked up within {self.seconds:g} seconds"
            raise _refused(url, said) from None
        if not addresses or not all(map(self.is_allowed, addresses)):
            raise _refused(url, "it leads to an address that is not public, or near this server")
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
    """Ends both directions. TLS is left as it is: another thread is reading through it."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _host(parts: SplitResult) -> str:
    """Name and port as a request names them; names of other scripts as DNS has them."""
    name = (parts.hostname or "").encode("idna").decode()
    name = f"[{name}]" if ":" in name else name
    return name if parts.port is None else f"{name}:{parts.port}"


def _listed(ports: Sequence[int]) -> str:
    return " and ".join(map(str, ports))


def _refused(url: str, reason: str) -> Refusal:
    said = f"the picture at {one_line(url[:_SHOWN])!r} cannot be fetched: {reason[:200]}"
    return Refusal(400, said, "messages")
