"""``python3 manage.py test``: pytest on SQLite, beside it on a private PostgreSQL; then what was left out.

The rounds run at the same time, the words of the later ones follow those of the first. Arguments go to pytest. Without any, what
does not depend on the database (marked ``once``) is a round of its own, with what waits for an exchange more than it works.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import IO

from tests import services

NOTHING_COLLECTED = 5
APART = "once or exchange"


@dataclass(frozen=True)
class Round:
    """One pytest, and where its words wait for their turn."""

    title: str
    process: subprocess.Popen[str]
    output: IO[str]

    def finish(self) -> int:
        """Its exit code, once it is over and has said all."""
        code = self.process.wait()
        print(f"== {self.title}", flush=True)
        self.output.seek(0)
        sys.stdout.write(self.output.read())
        sys.stdout.flush()
        return 0 if code == NOTHING_COLLECTED else code  # all the chosen tests may be marked ``once``


def main(arguments: list[str]) -> int:
    """Run every round; 0 when each passed and, under ``CALLHUB_TEST_ALL``, nothing was missing."""
    with contextlib.ExitStack() as stack:
        beside = (
            []
            if arguments
            else [_start(stack, "Once: a real exchange, and what does not depend on the database", "", ["-m", APART])]
        )
        if services.find("postgresql"):
            address = stack.enter_context(services.private_postgresql())
            beside.append(_start(stack, "PostgreSQL", address, arguments))
        print("== SQLite", flush=True)
        codes = [
            _pytest("", arguments or ["-m", f"not ({APART})"]).wait(),
            *(one.finish() for one in beside),
        ]
    absent = services.missing()
    for name in absent:
        print(f"Not tested, not here: {name} ({services.how_to_get(name)})")
    if absent and services.all_wanted():
        print("CALLHUB_TEST_ALL is set: a missing part is a failure.")
        codes.append(1)
    return next((code for code in codes if code), 0)


def _start(stack: contextlib.ExitStack, title: str, address: str, arguments: list[str]) -> Round:
    output = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))  # noqa: SIM115
    process = _pytest(address, arguments, output)
    stack.callback(process.kill)
    return Round(title, process, output)


def _pytest(address: str, arguments: list[str], output: IO[str] | None = None) -> subprocess.Popen[str]:
    environment = {**os.environ, "CALLHUB_TEST_DATABASE_URL": address}
    options = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT} if output else {}
    return subprocess.Popen([sys.executable, "-m", "pytest", *arguments], env=environment, text=True, **options)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
