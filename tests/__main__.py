"""``python3 manage.py test``: pytest on SQLite, then on a private PostgreSQL where there is one; then what was left out.

Arguments go to pytest. Tests marked ``once`` do not depend on the database and run in the first round only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests import services

NOTHING_COLLECTED = 5


def main(arguments: list[str]) -> int:
    """Run both rounds; 0 when each passed and, under ``CALLHUB_TEST_ALL``, nothing was missing."""
    codes = {"SQLite": _round("SQLite", "", arguments)}
    if services.find("postgresql"):
        with services.private_postgresql() as address:
            codes["PostgreSQL"] = _round("PostgreSQL", address, [*arguments, "-m", "not once"])
    absent = services.missing()
    for name in absent:
        print(f"Not tested, not here: {name} ({services.how_to_get(name)})")
    if absent and services.all_wanted():
        print("CALLHUB_TEST_ALL is set: a missing part is a failure.")
        codes["parts"] = 1
    if codes.get("PostgreSQL") == NOTHING_COLLECTED and codes["SQLite"] == 0:
        codes["PostgreSQL"] = 0
    return next((code for code in codes.values() if code), 0)


def _round(name: str, address: str, arguments: list[str]) -> int:
    started = time.monotonic()
    print(f"== {name}", flush=True)
    environment = {**os.environ, "CALLHUB_TEST_DATABASE_URL": address}
    code = subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode
    print(f"== {name}: {time.monotonic() - started:.0f} s, exit code {code}", flush=True)
    return code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
