"""Certificates made here, of Ed25519 keys: no machine needs a program that makes them.

RFC 8032 has the signatures, RFC 5280 the certificates, RFC 8410 the keys in them.
"""

import base64
import hashlib
import time
from pathlib import Path

_PRIME = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _PRIME) % _PRIME
_BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    4 * pow(5, -1, _PRIME) % _PRIME,
)
_DAY = 86_400
_INTEGER, _BITS, _OCTETS, _OID, _TEXT, _TIME = 0x02, 0x03, 0x04, 0x06, 0x0C, 0x17
_SEQUENCE, _SET = 0x30, 0x31
_TRUE = b"\x01\x01\xff"


def _add(p: tuple[int, int], q: tuple[int, int]) -> tuple[int, int]:
    product = _D * p[0] * q[0] * p[1] * q[1]
    x = (p[0] * q[1] + q[0] * p[1]) * pow(1 + product, -1, _PRIME)
    y = (p[1] * q[1] + p[0] * q[0]) * pow(1 - product, -1, _PRIME)
    return x % _PRIME, y % _PRIME


def _times_base(factor: int) -> bytes:
    found, power = (0, 1), _BASE
    while factor:
        if factor & 1:
            found = _add(found, power)
        power, factor = _add(power, power), factor >> 1
    return (found[1] | (found[0] & 1) << 255).to_bytes(32, "little")


def _number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % _ORDER


def _secret(seed: bytes) -> tuple[int, bytes]:
    digest = hashlib.sha512(seed).digest()
    return int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254, digest[32:]


def _sign(seed: bytes, message: bytes) -> bytes:
    secret, prefix = _secret(seed)
    nonce = _number(prefix, message)
    first = _times_base(nonce)
    last = (nonce + _number(first, _times_base(secret), message) * secret) % _ORDER
    return first + last.to_bytes(32, "little")


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, size] if size < 128 else [tag, 0x80 | len(long), *long]) + content


def _named(name: str) -> bytes:
    common = _der(_SEQUENCE, _der(_OID, b"\x55\x04\x03"), _der(_TEXT, name.encode()))
    return _der(_SEQUENCE, _der(_SET, common))


def _moment(seconds: float) -> bytes:
    return _der(_TIME, time.strftime("%y%m%d%H%M%SZ", time.gmtime(seconds)).encode())


def _extension(number: int, content: bytes, is_critical: bool = False) -> bytes:
    """One of 2.5.29."""
    oid = _der(_OID, bytes([0x55, 0x1D, number]))
    return _der(_SEQUENCE, oid, _TRUE if is_critical else b"", _der(_OCTETS, content))


_ALGORITHM = _der(_SEQUENCE, _der(_OID, b"\x2b\x65\x70"))


def _certificate(subject: str, seed: bytes, issuer: str, signer: bytes) -> bytes:
    """A server's, for the name `subject`; where it is its own issuer, an authority's."""
    public, by = (_times_base(_secret(each)[0]) for each in (seed, signer))
    own, others = (hashlib.sha1(each).digest() for each in (public, by))
    is_authority = subject == issuer
    extensions = [
        _extension(19, _der(_SEQUENCE, _TRUE if is_authority else b""), is_critical=True),
        _extension(15, _der(_BITS, b"\x02\x04" if is_authority else b"\x07\x80"), is_critical=True),
        _extension(14, _der(_OCTETS, own)),
        _extension(35, _der(_SEQUENCE, _der(0x80, others))),
        _extension(17, _der(_SEQUENCE, _der(0x82, subject.encode()))),
    ]
    signed = _der(
        _SEQUENCE,
        _der(0xA0, _der(_INTEGER, b"\x02")),
        _der(_INTEGER, own[:8].rjust(9, b"\x01")),
        _ALGORITHM,
        _named(issuer),
        _der(_SEQUENCE, _moment(time.time() - _DAY), _moment(time.time() + _DAY)),
        _named(subject),
        _der(_SEQUENCE, _ALGORITHM, _der(_BITS, b"\x00", public)),
        _der(0xA3, _der(_SEQUENCE, *extensions)),
    )
    return _der(_SEQUENCE, signed, _ALGORITHM, _der(_BITS, b"\x00", _sign(signer, signed)))


def _write(path: Path, label: str, content: bytes) -> None:
    body = base64.encodebytes(content).decode()
    path.write_text(f"-----BEGIN {label}-----\n{body}-----END {label}-----\n")


def write_certificates(folder: Path, server: str) -> None:
    """An authority (authority.pem), what it signed for a server's name (server.pem, server.key),
    and another authority (other.pem)."""
    seeds = {name: hashlib.sha256(name.encode()).digest() for name in ("authority", "other", "own")}
    for name in ("authority", "other"):
        content = _certificate(f"{name}.example", seeds[name], f"{name}.example", seeds[name])
        _write(folder / f"{name}.pem", "CERTIFICATE", content)
    signed = _certificate(server, seeds["own"], "authority.example", seeds["authority"])
    _write(folder / "server.pem", "CERTIFICATE", signed)
    key = _der(_OCTETS, _der(_OCTETS, seeds["own"]))
    private = _der(_SEQUENCE, _der(_INTEGER, b"\x00"), _ALGORITHM, key)
    _write(folder / "server.key", "PRIVATE KEY", private)
