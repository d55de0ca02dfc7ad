"""The inside of the jail: a process that reads one open file, writes one JSON answer and can do nothing else.

Called as ``python -I jailed <job> <options>`` with the file as standard input. No Django and no setting in here: what is
decoded comes from strangers, and this process has nothing worth stealing.
"""

from __future__ import annotations

import json
import os
import signal
import sys

STREAMING = {"convert"}

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def main() -> None:
    """Do the job and print ``{"answer": …}``, ``{"refused": code, "message": …}`` or ``{"trouble": …}``.

    A job that writes bytes itself answers nothing, and exits with 1 where it failed.
    """
    options = json.loads(sys.argv[2])
    try:
        job = __import__(sys.argv[1])
        job.prepare()
        confine(cpu_seconds=options["cpu_seconds"], memory_bytes=options["memory_bytes"])
        answer = job.run(os.fdopen(0, "rb"), options)
    except MemoryError:
        answer = {"refused": "hostile", "message": "Reading it takes more memory than any call needs."}
    except Exception as error:  # whatever it is, the outside must hear of it
        answer = {"trouble": f"{type(error).__name__}: {error}"[:500]}
    if sys.argv[1] in STREAMING:
        sys.exit(0 if answer is None else 1)
    os.write(1, json.dumps(answer).encode())


def confine(*, cpu_seconds: float, memory_bytes: int) -> None:
    """From here on: no new file, socket or process, so much processor time, so much memory on top of what is loaded."""
    signal.setitimer(signal.ITIMER_PROF, cpu_seconds)  # ends the process; finer than RLIMIT_CPU's whole seconds
    import resource

    loaded = _address_space()
    limits: list[tuple[int, int]] = [
        (resource.RLIMIT_CPU, int(cpu_seconds) + 2),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ]
    if loaded:  # macOS has no such limit
        limits.append((resource.RLIMIT_AS, loaded + memory_bytes))
    for kind, limit in limits:
        resource.setrlimit(kind, (limit, limit))


def _address_space() -> int:
    """Bytes this process has mapped; 0 where that cannot be asked."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


if __name__ == "__main__":
    main()
