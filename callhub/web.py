"""The worker of our gunicorn: its threads serve requests, and no client holds one of them by
being slow.

A connection gets a thread when its request has arrived: the head and up to ``ARRIVES_OUTSIDE``
bytes with the body. Until then it waits in the worker's poller, for ``ARRIVE_S`` seconds. Larger
bodies are read by a thread, by few threads at a time. Whatever a thread then waits for its
client, reading or writing, is held to a pace (``Pace``).

What still needs a proxy in front: more connections at once than ``worker_connections``, and
bodies or answers that pass at just the least pace for hours. TLS that gunicorn ends itself is not
looked into: then every connection takes a thread at once.
"""

from __future__ import annotations

import contextlib
import errno
import re
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator
from enum import Enum
from functools import partial
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from callhub.bootstrap import read_setting

ARRIVE_S = 15.0  # for the head, and a body of ordinary size with it
ARRIVES_OUTSIDE = 32 * 1024  # bytes; the kernel holds them, so a thousand slow clients cost it 32 MB
READ_PATIENCE_S, WRITE_PATIENCE_S = 20.0, 30.0
LEAST_RATE = 1024  # bytes a second
LINGER_S, MOST_LINGERING = 2.0, 200  # connections that were answered and are about to be closed
_TOO_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
_EXPECTS = re.compile(rb"\r\nexpect:", re.IGNORECASE)
_LAST_CHUNK = re.compile(rb"\r\n0+[ \t]*(?:;[^\r\n]*)?\r\n(?:[^\r\n]+\r\n)*\r\n")  # with its trailer (RFC 9112 §7.1)
_LAST_CHUNK_AT_MOST = 2048
_BARE_LF = re.compile(rb"(?<!\r)\n")


class Arrived(Enum):
    """How much of a request has come."""

    PART = "part"
    WHOLE = "whole"
    LARGE = "large"  # its head, and more is to come than is waited for outside


def how_much(seen: bytes) -> Arrived:
    """How much of a request its first bytes are.

    What gunicorn will refuse counts as whole. What is taken for whole and is not costs a thread the
    time of ``Pace`` and no more.
    """
    end = seen.find(b"\r\n\r\n", 2)
    is_full = len(seen) >= ARRIVES_OUTSIDE
    if end < 0:
        return Arrived.WHOLE if is_full or _BARE_LF.search(seen) else Arrived.PART
    head, body = seen[: end + 2], len(seen) - end - 4
    length = _LENGTH.search(head)
    is_chunked = _CHUNKED.search(head) is not None
    if is_chunked and _LAST_CHUNK.search(seen, max(end + 2, len(seen) - _LAST_CHUNK_AT_MOST)):
        return Arrived.WHOLE
    if not is_chunked and (length is None or body >= int(length[1])):
        return Arrived.WHOLE
    return Arrived.LARGE if is_full or _EXPECTS.search(head) else Arrived.PART


class ClientTooSlow(ConnectionResetError, TimeoutError):
    """The client let a thread wait for too long. To gunicorn the same as a client that hung up."""


class Pace:
    """How long one request may wait for its client in one direction.

    That is ``patience_s``, and a second more for every ``LEAST_RATE`` bytes that have passed.
    """

    def __init__(self, patience_s: float) -> None:
        self.left_s = patience_s

    @contextlib.contextmanager
    def hold(self, sock: socket.socket) -> Iterator[None]:
        """Wait within for no longer than is left, nor than the socket's own timeout.

        Raises ``ClientTooSlow``.
        """
        given = sock.gettimeout()
        if self.left_s <= 0:
            raise ClientTooSlow(errno.ECONNRESET, "The client is too slow")
        began = time.monotonic()
        sock.settimeout(self.left_s if given is None else min(self.left_s, given))
        try:
            yield
        except TimeoutError as error:
            raise ClientTooSlow(errno.ECONNRESET, "The client is too slow") from error
        finally:
            self.left_s -= time.monotonic() - began
            sock.settimeout(given)

    def passed(self, size: int) -> None:
        """So many bytes have passed."""
        self.left_s += size / LEAST_RATE


class PacedSocket(socket.socket):
    """A client's connection, whose reading and writing in a thread keep to a pace."""

    request: Any = None  # gunicorn's, while it is served

    def begin(self, request: Any) -> None:
        """Begin with a request."""
        self.request, self._reading, self._writing = request, Pace(READ_PATIENCE_S), Pace(WRITE_PATIENCE_S)

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        if flags & socket.MSG_PEEK:
            return super().recv(size, flags)
        with self._reading.hold(self):
            data = super().recv(size, flags)
        self._reading.passed(len(data))
        return data

    def sendall(self, data: Any, flags: int = 0, /) -> None:
        with self._writing.hold(self):
            super().sendall(data, flags)
        self._writing.passed(len(data))

    def drain(self) -> int:
        """Take in some of what is there, and forget it; how many bytes that were."""
        return len(super().recv(ARRIVES_OUTSIDE))

    def close_after_answer(self) -> None:
        """Have the answer say ``Connection: close``, and mean it."""
        if self.request is not None:
            self.request.force_close()


class Worker(ThreadWorker):
    """gunicorn's threads, given to requests that have arrived.

    ``enqueue_req`` is where gunicorn gives a connection a thread: new ones, those with another
    request, and those that had nothing to say at first. All of it but the threads runs in the
    worker's main loop.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most_large = max(1, min(ordinary_threads(), self.cfg.threads) - 2)
        self._arriving: dict[Any, float] = {}  # connection: since when
        self._seen: dict[Any, int] = {}
        self._large: set[Any] = set()
        self._large_waiting: deque[Any] = deque()
        self._lingering: dict[PacedSocket, float] = {}  # connection: since when

    def enqueue_req(self, conn: Any) -> None:
        """Give the connection a thread as soon as its request is there."""
        if not isinstance(conn.sock, PacedSocket):
            if self.cfg.is_ssl or conn.sock.family not in (socket.AF_INET, socket.AF_INET6):
                super().enqueue_req(conn)
                return
            conn.sock = PacedSocket(fileno=conn.sock.detach())
            # gunicorn's own lets the main loop, and so everybody, wait two seconds for each client
            conn.close = partial(self._close, conn.sock)
        conn.sock.setblocking(False)
        self._arriving[conn], self._seen[conn] = time.monotonic(), -1
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._look, conn))
        self._look(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Serve a request; its pace begins with it."""
        if isinstance(conn.sock, PacedSocket):
            conn.sock.begin(req)
        return super().handle_request(req, conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """What gunicorn does then; and let the next large body be read."""
        super().finish_request(conn, fs)
        self._large.discard(conn)
        if self._large_waiting and len(self._large) < self.most_large:
            self._give_thread(self._large_waiting.popleft(), is_large=True)

    def murder_pending(self) -> None:
        """Close what should have arrived by now; gunicorn asks for it once a second."""
        super().murder_pending()
        since = time.monotonic() - (ARRIVE_S if self.alive else STOP_KEEPALIVE_LINGER)
        for conn in [conn for conn, began in self._arriving.items() if began <= since]:
            with contextlib.suppress(OSError):
                conn.sock.send(_TOO_LATE if self._seen[conn] > 0 else b"")
            self._leave_poller(conn)
            self.nr_conns -= 1
            conn.close()
        for sock in [sock for sock, began in self._lingering.items() if began <= time.monotonic() - LINGER_S]:
            self._end_linger(sock)

    def _look(self, conn: Any, _sock: Any = None) -> None:
        """Look at what has come, and leave it where it is. The kernel wakes us when there is more."""
        held = conn.parser.unreader.buf.getvalue() if conn.parser is not None else b""
        try:
            come = conn.sock.recv(ARRIVES_OUTSIDE, socket.MSG_PEEK)
            has_ended = len(come) == self._seen[conn] or not come
        except BlockingIOError:
            come, has_ended = b"", False
        except OSError:
            come, has_ended = b"", True
        arrived = how_much(held + come)
        if arrived == Arrived.PART and not has_ended:
            self._seen[conn] = len(come)
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(come) + 1)
            return
        self._leave_poller(conn)
        is_large = arrived == Arrived.LARGE
        if is_large and len(self._large) >= self.most_large:
            self._large_waiting.append(conn)
        else:
            self._give_thread(conn, is_large=is_large)

    def _close(self, sock: PacedSocket, graceful: bool = False) -> None:
        """Close a connection.

        After an answer, what the client still sends is taken in for a moment (RFC 9112 §9.6): by a
        reset it would lose the answer.
        """
        try:
            if not graceful:
                raise ConnectionAbortedError
            sock.shutdown(socket.SHUT_WR)
            sock.setblocking(False)
            self.poller.register(sock, selectors.EVENT_READ, self._drain)
        except (OSError, ValueError, KeyError):
            sock.close()
            return
        self._lingering[sock] = time.monotonic()
        if len(self._lingering) > MOST_LINGERING:
            self._end_linger(next(iter(self._lingering)))

    def _drain(self, sock: PacedSocket) -> None:
        try:
            has_ended = not sock.drain()
        except BlockingIOError:
            return
        except OSError:
            has_ended = True
        if has_ended:
            self._end_linger(sock)

    def _end_linger(self, sock: PacedSocket) -> None:
        self._lingering.pop(sock, None)
        with contextlib.suppress(KeyError, ValueError):
            self.poller.unregister(sock)
        sock.close()

    def _leave_poller(self, conn: Any) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self._arriving.pop(conn, None)
        self._seen.pop(conn, None)

    def _give_thread(self, conn: Any, *, is_large: bool) -> None:
        conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        conn.sock.begin(None)
        conn.data_ready = True
        if is_large:
            self._large.add(conn)
        super().enqueue_req(conn)


def ordinary_threads() -> int:
    """The threads of a web process beside those for streams."""
    return int(read_setting("CALLHUB_WEB_THREADS", "8"))
