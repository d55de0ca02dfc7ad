"""The jail: decoding what strangers send happens in a process of its own, with limits, and never in web or worker."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from calls.choices import AudioRefusal
from calls.recordings.errors import AudioRefused

_INSIDE = Path(__file__).with_name("jailed")
_LONGEST_ANSWER = 1024 * 1024
_CHUNK_BYTES = 256 * 1024
# Python decides nothing by the environment here (-I), and no secret of ours is in it.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1", "LANG": "C.UTF-8"}
_LIMITS_HIT = {
    -number for number in (signal.SIGPROF, signal.SIGXCPU, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGKILL)
}
_log = logging.getLogger(__name__)


class JailTrouble(Exception):
    """The jail itself failed, or the machine was too busy; the same file may do next time."""


def run(
    job: str, file: BinaryIO, *, cpu_seconds: float, memory_bytes: int, wall_seconds: float, **options: Any
) -> dict[str, Any]:
    """The answer of a job about an open file.

    Raises ``AudioRefused``, with the code ``hostile`` where a limit was hit, and ``JailTrouble``.
    """
    options = {**options, "cpu_seconds": cpu_seconds, "memory_bytes": memory_bytes}
    with _child(job, file, options, wall_seconds) as child:
        answer = child.output.read(_LONGEST_ANSWER)
        code = child.finish()
    return _judge(job, code, answer)


def stream(
    job: str, file: BinaryIO, *, cpu_seconds: float, memory_bytes: int, wall_seconds: float, **options: Any
) -> Iterator[bytes]:
    """The bytes a job makes of an open file, as they come.

    Raises ``JailTrouble`` at the end where the job did not finish: what came before is then not
    whole.
    """
    options = {**options, "cpu_seconds": cpu_seconds, "memory_bytes": memory_bytes}
    with _child(job, file, options, wall_seconds) as child:
        while chunk := child.output.read(_CHUNK_BYTES):
            yield chunk
        code = child.finish()
    if code:
        raise JailTrouble(f"{job} ended with {code}.")


class _Child:
    """The process, its output, and the watch that ends it in time."""

    def __init__(self, job: str, process: subprocess.Popen[bytes], wall_seconds: float) -> None:
        self.output = cast(IO[bytes], process.stdout)
        self._job, self._process, self._wall_seconds = job, process, wall_seconds
        self._too_long = threading.Event()
        self._watch = threading.Timer(wall_seconds, self._stop)
        self._watch.start()

    def finish(self) -> int:
        """Its exit code. Raises ``JailTrouble`` where it had to be ended."""
        self.output.close()
        code = self._process.wait()
        if self._too_long.is_set():
            raise JailTrouble(f"{self._job} did not finish in {self._wall_seconds} s.")
        return code

    def close(self) -> None:
        """Leave nothing running."""
        self._watch.cancel()
        self.output.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _stop(self) -> None:
        self._too_long.set()
        self._process.kill()


@contextmanager
def _child(job: str, file: BinaryIO, options: dict[str, Any], wall_seconds: float) -> Iterator[_Child]:
    file.seek(0)
    command = [sys.executable, "-I", str(_INSIDE), job, json.dumps(options)]
    process = subprocess.Popen(
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_ENVIRONMENT, cwd=_INSIDE
    )
    with closing(_Child(job, process, wall_seconds)) as child:
        yield child


def _judge(job: str, code: int, answer: bytes) -> dict[str, Any]:
    if code in _LIMITS_HIT:
        _log.warning("%s of an audio file was stopped by %s.", job, signal.Signals(-code).name)
        raise AudioRefused(AudioRefusal.HOSTILE, "Reading the file takes more time or memory than any call needs.")
    try:
        said = json.loads(answer)
    except ValueError as error:
        raise JailTrouble(f"{job} ended with {code} and no answer.") from error
    if "refused" in said:
        raise AudioRefused(AudioRefusal(said["refused"]), said["message"])
    if "trouble" in said:
        raise JailTrouble(f"{job}: {said['trouble']}")
    return dict(said["answer"])
