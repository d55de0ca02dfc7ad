"""Who listens to an exchange, so that others know whether a call can be looked after; and how far its journal was read."""

from __future__ import annotations

from django.db import models


class TelephonyListener(models.Model):
    """The process that hears one exchange; there is one row per exchange, and its age tells whether anybody listens."""

    server = models.CharField(max_length=64, primary_key=True)
    process = models.CharField(max_length=100)
    heard_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.server


class JournalPlace(models.Model):
    """Where the next listener reads an exchange's journal on: the file, however it is called by now, and the byte."""

    server = models.CharField(max_length=64, primary_key=True)
    file_id = models.CharField(max_length=64)
    offset = models.BigIntegerField()

    def __str__(self) -> str:
        return self.server
