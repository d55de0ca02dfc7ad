"""A receiver on a socket of its own that keeps what comes and answers as it is told."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Got:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """``answer`` gets the request and gives status, headers and body; it may wait."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], tuple[int, dict[str, str], bytes]] = lambda got: (200, {}, b"thanks")
    most_at_once: int = 0
    _inside: int = 0
    _lock: Any = field(default_factory=threading.Lock)

    def says(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.answer = lambda got: (status, headers or {}, body)

    def ids(self) -> list[str]:
        return [got.id for got in self.got]

    def take(self, got: Got) -> tuple[int, dict[str, str], bytes]:
        with self._lock:
            self.got.append(got)
            self._inside += 1
            self.most_at_once = max(self.most_at_once, self._inside)
        try:
            return self.answer(got)
        finally:
            with self._lock:
                self._inside -= 1


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver while the block lasts."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with contextlib.suppress(ConnectionError):
                status, more, text = kept.take(Got(self.command, self.path, headers, body))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(text)), **more}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

        do_GET = do_POST = _take

        def log_message(self, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        kept.url = f"http://127.0.0.1:{server.server_port}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield kept
        server.shutdown()
