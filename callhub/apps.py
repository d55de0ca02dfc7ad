"""The project package as an app: it wires the others and holds the commands that run the whole."""

from __future__ import annotations

from django.apps import AppConfig


class CallhubConfig(AppConfig):
    name = "callhub"
    verbose_name = "callhub"

    def ready(self) -> None:
        from callhub import celery, checks  # noqa: F401 - tasks need the configured application, checks register themselves
