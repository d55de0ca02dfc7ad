"""The tenants app."""

from __future__ import annotations

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created

        from tenants import folding
        from tenants.list_rows import make_heads_once

        connection_created.connect(folding.teach)
        make_heads_once()
