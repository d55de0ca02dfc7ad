"""A small load generator: one prepared request sent over kept-open connections; it costs little beside what it measures."""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Door:
    """One thing to measure: a POST of ``body`` to ``path`` that must be answered with ``status``."""

    name: str
    path: str
    body: Mapping[str, Any]
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_bytes(self, port: int) -> bytes:
        """The request on the wire."""
        payload = json.dumps(self.body).encode()
        lines = [f"POST {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Content-Type: application/json"]
        lines += [f"Content-Length: {len(payload)}", *(f"{name}: {value}" for name, value in self.headers.items()), "", ""]
        return "\r\n".join(lines).encode() + payload


@dataclass(frozen=True, kw_only=True)
class Result:
    """Requests a second and latencies in milliseconds of one round."""

    per_second: float
    p50_ms: float
    p99_ms: float


def measure(door: Door, port: int, *, seconds: float, connections: int = 8) -> Result:
    """Send the door's request as fast as it answers for ``seconds``; any other status is an error."""
    deadline = time.perf_counter() + seconds
    latencies: list[float] = []
    failures: list[str] = []

    def client() -> None:
        try:
            latencies.extend(_answers(door, port, deadline))
        except (OSError, AssertionError) as error:
            failures.append(str(error))

    started = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"{door.name}: {failures[0]}")
    took = time.perf_counter() - started
    cuts = statistics.quantiles(latencies, n=100)
    return Result(per_second=len(latencies) / took, p50_ms=cuts[49] * 1000, p99_ms=cuts[98] * 1000)


def _answers(door: Door, port: int, deadline: float) -> Iterator[float]:
    """The time of each answer on one connection, which is opened anew where the server closes it."""
    request, wanted = door.as_bytes(port), f" {door.status} ".encode()
    while time.perf_counter() < deadline:
        with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as stream:
            keep = True
            while keep and time.perf_counter() < deadline:
                began = time.perf_counter()
                connection.sendall(request)
                status, length, keep = stream.readline(), 0, True
                while (line := stream.readline().lower()) not in (b"\r\n", b""):
                    if line.startswith(b"content-length:"):
                        length = int(line[15:])
                    elif line.startswith(b"connection: close"):
                        keep = False
                body = stream.read(length)
                assert wanted in status, f"{status.decode()} {body[:300].decode('utf-8', 'replace')}"
                yield time.perf_counter() - began
