"""The jail: decoding what strangers send happens in a process of its own, with limits, and never in web or worker."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from calls.choices import AudioRefusal
from calls.recordings.errors import AudioRefused

_INSIDE = Path(__file__).with_name("jailed")
_LONGEST_ANSWER = 1024 * 1024
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
    file.seek(0)
    told = json.dumps({"cpu_seconds": cpu_seconds, "memory_bytes": memory_bytes, **options})
    command = [sys.executable, "-I", str(_INSIDE), job, told]
    child = subprocess.Popen(
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_ENVIRONMENT, cwd=_INSIDE
    )
    too_long = threading.Event()

    def stop() -> None:
        too_long.set()
        child.kill()

    watchdog = threading.Timer(wall_seconds, stop)
    watchdog.start()
    try:
        answer = child.stdout.read(_LONGEST_ANSWER) if child.stdout else b""
    finally:
        watchdog.cancel()
        if child.stdout:
            child.stdout.close()
        code = child.wait()
    if too_long.is_set():
        raise JailTrouble(f"{job} did not finish in {wall_seconds} s.")
    return _judge(job, code, answer)


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
