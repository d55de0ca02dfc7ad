"""Who listens to an exchange, so that others know whether a call can be looked after."""

from __future__ import annotations

from django.db import models


class TelephonyListener(models.Model):
    """The process that hears one exchange; there is one row per exchange, and its age tells whether anybody listens."""

    server = models.CharField(max_length=64, primary_key=True)
    process = models.CharField(max_length=100)
    heard_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.server
