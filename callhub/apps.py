"""The project package as an app: it wires the others and holds the commands that run the whole."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CallhubConfig(AppConfig):
    name = "callhub"
    verbose_name = "callhub"

    def ready(self) -> None:
        # Tasks need the configured application; checks, and what keeps the runs of tasks, register themselves.
        from callhub import celery, checks, runs  # noqa: F401
        from callhub.names import let_names_be_translated

        let_names_be_translated()

        post_migrate.connect(_keep_schedule, sender=self)


def _keep_schedule(**_: Any) -> None:
    """A new schedule comes with a new version, and with it a migration run."""
    from callhub.schedule import keep_rows

    keep_rows()
