"""The table the baselines write: the facts of Planhat's example, with a key and one index."""

from __future__ import annotations

from django.db import models


class PlainCall(models.Model):
    """A call as the simplest program that could work would keep it."""

    nr = models.CharField(max_length=64)
    user_ref = models.CharField(max_length=200, blank=True)
    agent_ref = models.CharField(max_length=200, blank=True)
    direction = models.CharField(max_length=16, blank=True)
    start = models.DateTimeField(db_index=True)
    end = models.DateTimeField(null=True)
    waiting = models.FloatField(default=0)
    notes = models.TextField(blank=True)

    class Meta:
        app_label = "bench"

    def __str__(self) -> str:
        return self.nr
