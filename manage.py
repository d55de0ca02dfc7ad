#!/usr/bin/env python3
"""callhub's command line. ``python3 manage.py up`` sets everything up and runs it; ``python3 manage.py test`` tests it."""

import os
import sys


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - said in words an old Python can still read
        sys.stderr.write("callhub needs Python 3.11 or newer; this is Python %d.%d.\n" % sys.version_info[:2])  # noqa: UP031
        sys.exit(2)

    from callhub import bootstrap

    bootstrap.enter(sys.argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callhub.settings")

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
