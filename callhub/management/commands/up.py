"""``manage.py up``; ``callhub.bootstrap`` serves it before Django is loaded, this module gives its help."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from callhub import bootstrap


class Command(BaseCommand):
    """Set callhub up and run it."""

    help = (
        "Make .venv, the database and the demo data where they are missing, then run web, worker and scheduler "
        "until Ctrl-C. CALLHUB_PORT chooses the port. Example: CALLHUB_PORT=8080 python3 manage.py up"
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        bootstrap.enter(["manage.py", "up"])
