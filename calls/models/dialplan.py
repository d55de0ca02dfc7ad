"""What a tenant may dial, how much of it, and what it has used."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from calls.choices import DialMeter
from tenants.models.tenant import validate_country
from tenants.scoping import TenantOwned, TenantQuerySet


def validate_countries(value: Any) -> None:
    """Refuse what is not a list of countries."""
    if not isinstance(value, list) or not all(isinstance(country, str) for country in value):
        raise ValidationError(_("A list of countries in two capital letters, such as [“SE”, “NO”]."))
    for country in value:
        validate_country(country)


class DialPlan(TenantOwned):
    """One tenant's rules for calls it has callhub make; without a row the defaults hold."""

    tenant = models.OneToOneField("tenants.Tenant", on_delete=models.CASCADE, related_name="dial_plan")
    extension_prefix = models.CharField(
        max_length=16,
        blank=True,
        validators=[RegexValidator(r"\A\d*\Z", _("Digits only."))],
        help_text=_("Before the extended form of an extension: 0003 makes 210 known as 0003*210, too."),
    )
    countries = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_countries],
        help_text=_("The countries that may be called (ISO 3166-1, two letters). Empty: the tenant's own."),
    )
    calls_per_second = models.PositiveIntegerField(default=20, validators=[MinValueValidator(1)])
    concurrent_legs = models.PositiveIntegerField(
        default=60, validators=[MinValueValidator(1)], help_text=_("Telephones that ring or talk at the same time.")
    )
    minutes_per_day = models.PositiveIntegerField(
        default=7200,  # as many of the longest calls as the telephones above can make at the same time
        validators=[MinValueValidator(1)],
        help_text=_(
            "A call takes its longest possible length from this and gives back what it did not need. One that names no length "
            "may last as long as its fair share of what is left."
        ),
    )
    longest_call_s = models.PositiveIntegerField(
        _("longest call"),
        default=4 * 3600,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 3600)],
        help_text=_("Seconds."),
    )
    calls_per_destination = models.PositiveIntegerField(
        default=100, validators=[MinValueValidator(1)], help_text=_("How often one number may be called in a day.")
    )
    adopts_lines = models.BooleanField(
        default=False,
        help_text=_("Take a number nobody has as a line of the tenant when it is first used. On the simulator only."),
    )

    def __str__(self) -> str:
        return str(self.tenant)

    @property
    def allowed_countries(self) -> list[str]:
        """Where the tenant may call."""
        return self.countries or [self.tenant.country]


class DialUse(models.Model):
    """How much of one limit is used. Each change is one conditional UPDATE, so that a limit is exact under any race."""

    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="+")
    meter = models.CharField(max_length=16, choices=DialMeter.choices)
    bucket = models.CharField(max_length=80, blank=True, help_text=_("The second, the day, or day and number it counts for."))
    used = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "meter", "bucket"], name="dial_use_once_per_bucket")]
        indexes = [models.Index(fields=["updated_at"], name="dial_use_by_age")]

    def __str__(self) -> str:
        return f"{self.get_meter_display()} {self.bucket}"


class DoNotCall(TenantOwned):
    """A number this tenant never calls."""

    number = models.CharField(max_length=64, help_text=_("In any spelling."))
    e164 = models.CharField("E.164", max_length=16, blank=True, editable=False)
    match_key = models.CharField(max_length=16, editable=False)
    reason = models.CharField(max_length=200, blank=True, help_text=_("Such as “asked not to be called, 3 May”."))
    added_by = models.ForeignKey(
        "tenants.User", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ["number"]
        verbose_name = _("number not to call")
        verbose_name_plural = _("numbers not to call")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "match_key", "e164"],
                name="do_not_call_once_per_number",
                violation_error_message=_("This number is on the list already."),
            )
        ]

    def __str__(self) -> str:
        return self.number
