"""The calls app."""

from __future__ import annotations

from django.apps import AppConfig


class CallsConfig(AppConfig):
    name = "calls"

    def ready(self) -> None:
        from corsheaders.signals import check_request_enabled

        from calls import cross_origin, receivers  # noqa: F401 - the receivers connect themselves

        check_request_enabled.connect(cross_origin.allows, dispatch_uid="calls.cross_origin")
