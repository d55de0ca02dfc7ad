"""``manage.py test``; ``callhub.bootstrap`` serves it before Django is loaded, this module gives its help."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from callhub import bootstrap


class Command(BaseCommand):
    """Run the tests."""

    help = (
        "Put the test tools into .venv, then run pytest on SQLite and, where PostgreSQL is installed, on a private "
        "throw-away cluster too. Arguments go to pytest. CALLHUB_TEST_ALL=1 makes a missing part a failure. "
        "Example: python3 manage.py test tests/callhub -k doorbell"
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        bootstrap.enter(["manage.py", "test"])
