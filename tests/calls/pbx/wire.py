"""The network between callhub and the exchange: may be cut, kept cut, and may lose one request or the answer to one."""

from __future__ import annotations

import contextlib
import socket
import threading


class Wire:
    """Carries every connection made to ``url`` on to ``port``, as long as nothing is wrong with it."""

    def __init__(self, port: int) -> None:
        self._port, self._is_whole = port, True
        self._to_lose: tuple[bytes, str] | None = None
        self._lines: list[_Line] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Break every connection there is; new ones come about."""
        lines, self._lines = self._lines, []
        for line in lines:
            line.break_off()

    def keep_cut(self) -> None:
        """Break every connection, and each new one at once."""
        self._is_whole = False
        self.cut()

    def mend(self) -> None:
        """Carry connections again."""
        self._is_whole = True

    def lose(self, what: str, beginning: bytes) -> None:
        """Lose the next ``request`` that begins so, or the ``answer`` to it; the other side is left waiting."""
        self._to_lose = (beginning, what)

    def take_lost(self, data: bytes) -> str:
        """What is to be lost of this request."""
        lost = self._to_lose
        if lost is None or not data.startswith(lost[0]):
            return ""
        self._to_lose = None
        return lost[1]

    def close(self) -> None:
        self.keep_cut()
        self._server.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                try:
                    if not self._is_whole:
                        raise ConnectionRefusedError
                    self._lines.append(_Line(self, client, socket.create_connection(("127.0.0.1", self._port), timeout=5)))
                except OSError:
                    client.close()


class _Line:
    """One connection, carried by a thread each way."""

    def __init__(self, wire: Wire, client: socket.socket, server: socket.socket) -> None:
        self._wire, self._client, self._server = wire, client, server
        self._answers_are_lost = False
        server.settimeout(None)
        for carry in (self._carry_requests, self._carry_answers):
            threading.Thread(target=carry, daemon=True).start()

    def break_off(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _carry_requests(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._client.recv(65536):
                lost = self._wire.take_lost(data)
                self._answers_are_lost |= lost == "answer"
                if lost != "request":
                    self._server.sendall(data)
        self.break_off()

    def _carry_answers(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._server.recv(65536):
                if not self._answers_are_lost:
                    self._client.sendall(data)
        self.break_off()
