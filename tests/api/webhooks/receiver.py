"""A receiver of webhooks that does what a test tells it to: a real server, over real TLS, that fails in every way.

A *behaviour* is called for each connection with the socket, after the handshake and before anything is read.
"""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from api.webhooks.sending import Sender

PUBLIC = "93.184.216.34"
"""What names resolve to in tests: an address that may be sent to. Nothing is sent there, see `Receiver.sender`."""

Behaviour = Callable[["Receiver", socket.socket], None]


@dataclass
class Request:
    """One request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Listens on a free port of this machine. ``tls`` None: plain HTTP."""

    tls: ssl.SSLContext | None = None
    behaviour: Behaviour | None = None
    requests: list[Request] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.over = threading.Event()
        self.arrived = threading.Semaphore(0)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        if self.tls is not None:
            self.tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends all behaviours."""
        self.over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(30)

    def sender(self, ca: Path | None = None, *, addresses: tuple[str, ...] = (PUBLIC,), timeout: float = 30):
        """A Sender for which every name has ``addresses``, and every connection ends here; and what it connected to."""
        connected: list[tuple[str, int]] = []

        def connect(address: str, port: int, seconds: float) -> socket.socket:
            connected.append((address, port))
            return socket.create_connection(("127.0.0.1", self.port), seconds)

        sender = Sender(timeout=timeout, ca_file=ca, resolve=lambda *_: addresses, connect=connect)
        return sender, connected

    def _accept(self) -> None:
        threads = []
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                break
            self.connections += 1
            threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
            threads[-1].start()
        for thread in threads:
            thread.join(30)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                if self.behaviour is never_shakes_hands:
                    never_shakes_hands(self, connection)
                    return
                opened = self.tls.wrap_socket(connection, server_side=True) if self.tls else connection
                with opened:
                    (self.behaviour or answers(204))(self, opened)
            except OSError:
                pass  # the other side has had enough


def read(receiver: Receiver, connection: socket.socket) -> Request:
    """Reads a request, and notes it."""
    stream = connection.makefile("rb")
    line = stream.readline().decode().strip()
    headers = {}
    while text := stream.readline().decode().strip():
        name, _, value = text.partition(": ")
        headers[name] = value
    request = Request(line, headers, stream.read(int(headers["Content-Length"])))
    receiver.requests.append(request)
    receiver.arrived.release()
    return request


def says(*parts: bytes) -> Behaviour:
    """Reads the request, says ``parts`` and closes."""

    def behave(receiver: Receiver, connection: socket.socket) -> None:
        read(receiver, connection)
        for part in parts:
            connection.sendall(part)

    return behave


def answers(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """A proper answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return says("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def repeats(head: bytes, part: bytes) -> Behaviour:
    """Says ``head``, and then ``part`` for ever."""

    def behave(receiver: Receiver, connection: socket.socket) -> None:
        read(receiver, connection)
        connection.sendall(head)
        while not receiver.over.is_set():
            connection.sendall(part)

    return behave


def drips(head: bytes) -> Behaviour:
    """Says ``head``, and then a byte now and then, for ever."""

    def behave(receiver: Receiver, connection: socket.socket) -> None:
        read(receiver, connection)
        connection.sendall(head)
        while not receiver.over.wait(0.02):
            connection.sendall(b"x")

    return behave


def hangs(receiver: Receiver, connection: socket.socket) -> None:
    """Reads the request and says nothing, until the other side goes."""
    read(receiver, connection)
    while connection.recv(1024):
        pass


def never_shakes_hands(_receiver: Receiver, connection: socket.socket) -> None:
    """Takes a connection and says nothing, not even what TLS begins with."""
    while connection.recv(1024):
        pass


def make_certificate(folder: Path, name: str, host: str, ca: str | None = None, days: str = "2") -> Path:
    """``name``.pem (key and certificate) for ``host``; signed by the authority ``ca``, or by itself."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.crt"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out"]
    command += [str(certificate), "-days", days, "-subj", f"/CN={name}"]
    if host:
        kind = "IP" if host[0].isdigit() else "DNS"
        command += [
            "-addext",
            f"subjectAltName={kind}:{host}",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ]
    if ca:
        command += ["-CA", str(folder / f"{ca}.crt"), "-CAkey", str(folder / f"{ca}.key")]
    subprocess.run(command, check=True, capture_output=True)
    both = folder / f"{name}.pem"
    both.write_text(key.read_text() + certificate.read_text())
    return both


def tls_with(certificate: Path) -> ssl.SSLContext:
    """A server's side of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
