"""``python3 manage.py test``: pytest on SQLite and beside it on a private PostgreSQL; then what was left out.

The two rounds run at the same time, the second one's words follow the first one's. Arguments go to pytest. Tests marked
``once`` do not depend on the database and run on SQLite only.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from typing import IO

from tests import services

NOTHING_COLLECTED = 5


def main(arguments: list[str]) -> int:
    """Run both rounds; 0 when each passed and, under ``CALLHUB_TEST_ALL``, nothing was missing."""
    with contextlib.ExitStack() as stack:
        second = _start_on_postgresql(stack, arguments) if services.find("postgresql") else None
        print("== SQLite", flush=True)
        codes = [_pytest("", arguments).wait()]
        if second is not None:
            process, output = second
            codes.append(_without_nothing_collected(process.wait()))
            print("== PostgreSQL", flush=True)
            output.seek(0)
            sys.stdout.write(output.read())
    absent = services.missing()
    for name in absent:
        print(f"Not tested, not here: {name} ({services.how_to_get(name)})")
    if absent and services.all_wanted():
        print("CALLHUB_TEST_ALL is set: a missing part is a failure.")
        codes.append(1)
    return next((code for code in codes if code), 0)


def _start_on_postgresql(stack: contextlib.ExitStack, arguments: list[str]) -> tuple[subprocess.Popen[str], IO[str]]:
    address = stack.enter_context(services.private_postgresql())
    output = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))  # noqa: SIM115
    process = _pytest(address, arguments, output)
    stack.callback(process.kill)
    return process, output


def _pytest(address: str, arguments: list[str], output: IO[str] | None = None) -> subprocess.Popen[str]:
    environment = {**os.environ, "CALLHUB_TEST_DATABASE_URL": address}
    options = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT} if output else {}
    return subprocess.Popen([sys.executable, "-m", "pytest", *arguments], env=environment, text=True, **options)


def _without_nothing_collected(code: int) -> int:
    return 0 if code == NOTHING_COLLECTED else code  # all the chosen tests may be marked ``once``


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
