"""Wrong passwords, counted where every process sees them."""

from __future__ import annotations

from django.db import models


class WrongPassword(models.Model):
    """How many wrong passwords came for one account from one network in five minutes. ``tenants.guessing`` writes it.

    ``account`` is the SHA-256 of the user name as it was typed, as people type passwords there,
    too. ``user`` is who has it.
    """

    account = models.CharField(max_length=64)
    network = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)
    user = models.ForeignKey("tenants.User", null=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["network", "at", "account"], name="wrong_passwords_counted_once")]
        indexes = [models.Index(fields=["at"], name="wrong_passwords_by_time")]

    def __str__(self) -> str:
        return f"{self.network} · {self.at:%Y-%m-%d %H:%M} · {self.count}"
