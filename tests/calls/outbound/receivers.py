"""Other people's servers, as bad as they come: real sockets on this machine, one thread for each connection."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Behaviour = Callable[[socket.socket, threading.Event], object]


@dataclass
class Receiver:
    """Where it listens, and what it has seen by now."""

    port: int
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?key=value"


@contextlib.contextmanager
def receiver(behaviour: Behaviour, *, reads: bool = True, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A server that reads a request (where ``reads``) and then behaves as told."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    here = Receiver(listener.getsockname()[1])

    def serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            client.settimeout(60)
            spoken = context.wrap_socket(client, server_side=True) if context else client
            with spoken:
                if reads:
                    here.requests.append(_request(spoken))
                behaviour(spoken, here.stopped)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                here.connections += 1
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield here
    finally:
        here.stopped.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(10)


def _request(client: socket.socket) -> bytes:
    """Head and body: a socket closed with something unread resets the connection, and the answer may be lost with it."""
    read, missing = b"", 1
    while missing > 0 and (piece := client.recv(65536)):
        read += piece
        head, end, body = read.partition(b"\r\n\r\n")
        if end:
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            missing = (int(length[1]) if length else 0) - len(body)
    return read


def answers(status: str, *headers: str, body: bytes = b"") -> Behaviour:
    """Answers at once and as it should be."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    whole = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    return lambda client, stopped: client.sendall(whole)


def says(*pieces: bytes) -> Behaviour:
    """Sends these very bytes and hangs up."""
    return lambda client, stopped: [client.sendall(piece) for piece in pieces]


def hangs(client: socket.socket, stopped: threading.Event) -> None:
    """Says nothing more."""
    stopped.wait(60)


def drips(start: bytes) -> Behaviour:
    """Sends ``start`` and then a byte every now and then, for ever."""

    def drip(client: socket.socket, stopped: threading.Event) -> None:
        client.sendall(start)
        while not stopped.wait(0.02):
            client.sendall(b"x")

    return drip


def floods(start: bytes, piece: bytes) -> Behaviour:
    """Sends ``start`` and then ``piece`` again and again, as fast as it can."""

    def flood(client: socket.socket, stopped: threading.Event) -> None:
        client.sendall(start)
        while not stopped.is_set():
            client.sendall(piece)

    return flood


class Authority:
    """A certificate authority of this test's own."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority for tests")])
        self.file = home / "authority.pem"
        self.file.write_bytes(self._certificate(self._name, self._key, "authority").public_bytes(serialization.Encoding.PEM))

    def context(self, name: str, *, expired: bool = False, self_signed: bool = False) -> ssl.SSLContext:
        """What a server with a certificate for ``name`` uses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._certificate(subject, key, name, expired=expired, self_signed=self_signed)
        path = self._home / f"{name}-{expired}-{self_signed}.pem"
        unlocked = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unlocked)
        path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, name: str, *, expired: bool = False, self_signed: bool = False
    ) -> x509.Certificate:
        until = datetime.now(UTC) + timedelta(days=-1 if expired else 30)
        is_address = name.replace(".", "").isdigit()
        known_as = x509.IPAddress(ip_address(name)) if is_address else x509.DNSName(name)
        ours = self._key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if self_signed else self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - timedelta(days=60))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=subject == self._name, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([known_as]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if not self_signed:
            builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ours), critical=False)
        return builder.sign(key if self_signed else self._key, hashes.SHA256())
