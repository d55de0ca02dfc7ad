"""The tenant: one customer's log, apart from every other."""

from __future__ import annotations

import re
import zoneinfo
from typing import Self
from zoneinfo import ZoneInfo

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.ids import new_id
from tenants.place import Place

# First path segments that lead to a door of their own and so can never name a tenant (Planhat's `/<tenant>/calls`).
RESERVED_SLUGS = frozenset(
    "admin api callhub calln calls companies conversations docs endusers favicon fonestorm health hostedsuite"
    " i18n leancompanies media metrics myprofile oauth planhat static try uapi unifiedapi users v1 v2 v3 voipnow".split()
)


_ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,253}(:[0-9]{1,5})?|https?://\[[0-9a-f:.]{2,45}\](:[0-9]{1,5})?")


def validate_slug(value: str) -> None:
    """Refuse the words that are doors of their own."""
    if value.lower() in RESERVED_SLUGS:
        raise ValidationError(_("“%(slug)s” is reserved: it is the address of one of callhub's doors."), params={"slug": value})


def validate_time_zone(value: str) -> None:
    """Refuse what the IANA database does not know."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(zone)s” is not an IANA time zone such as Europe/Stockholm."), params={"zone": value})


def validate_country(value: str) -> None:
    """Refuse what is no country with a telephone numbering plan."""
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValidationError(_("“%(country)s” is not a country in two capital letters, such as SE."), params={"country": value})


def validate_origins(value: str) -> None:
    """Refuse what no browser sends as its Origin (RFC 6454): a scheme, a host and perhaps a port."""
    for origin in value.split():
        if not _ORIGIN.fullmatch(origin.lower()):
            raise ValidationError(
                _("“%(origin)s” is not an origin such as https://app.example.com, without a path."), params={"origin": origin}
            )


class TenantsQuerySet(models.QuerySet["Tenant"]):  # mypy's plugin knows managers by this name, so each has its own
    """Which tenants."""

    def places(self) -> list[Place]:
        """Where they are, each place once."""
        return [Place(*row) for row in self.order_by().values_list("country", "area_code").distinct()]

    def active(self) -> Self:
        """Tenants whose doors are open."""
        return self.filter(is_active=True)

    def visible_to(self, user: object) -> Self:
        """All for an operator, else the ones this person is a member of."""
        if not getattr(user, "is_active", False):
            return self.none()
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(memberships__user=user)


class Tenant(models.Model):
    """One customer's log. Resellers are parents of their clients."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"\A[A-Za-z0-9_-]{1,64}\Z", _("Letters, digits, “-” and “_” only.")), validate_slug],
        help_text=_("Names the tenant in addresses, such as Planhat's /acme/calls. Letters, digits, “-” and “_”."),
    )
    name = models.CharField(max_length=200, help_text=_("Shown to people; HostedSuite clients may send it as CustomerName."))
    parent = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
        help_text=_("The reseller this tenant is a client of, if any."),
    )
    unmatched_account = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("account for unmatched numbers"),
        help_text=_("Of a reseller: the client that gets the calls whose numbers belong to no client, or to several."),
    )
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[validate_time_zone],
        help_text=_("Times without an offset are read in this zone, and days begin at its midnight."),
    )
    country = models.CharField(
        max_length=2,
        default="SE",
        validators=[validate_country],
        help_text=_("Decides how national phone numbers are read (ISO 3166-1, two letters)."),
    )
    area_code = models.CharField(
        _("area code"),
        max_length=5,
        blank=True,
        validators=[RegexValidator(r"\A[0-9]{1,5}\Z", _("Digits only."))],
        help_text=_(
            "Completes local numbers of six digits or more to find contacts, such as 8 in Stockholm or 212 in New York."
            " Empty: they stay as they are."
        ),
    )
    open_ingest = models.BooleanField(
        _("open ingest"),
        default=False,
        help_text=_("Accept calls at Planhat's open address without any credentials. They are marked as unverified."),
    )
    jsonp = models.BooleanField(
        _("JSONP by GET"),
        default=False,
        help_text=_(
            "Answer HostedSuite's ?callback= to GET as well. Passwords then travel in addresses: leave off unless needed."
        ),
    )
    web_origins = models.TextField(
        _("web origins"),
        blank=True,
        default="",
        max_length=4000,
        validators=[validate_origins],
        help_text=_(
            "Sites whose pages may call the API from a browser with a token, one a line, such as https://app.example.com."
        ),
    )
    monthly_deposits = models.PositiveIntegerField(
        _("deposits per month"),
        null=True,
        blank=True,
        help_text=_("How many recordings may be uploaded in a calendar month of the tenant's time zone. Empty: any number."),
    )
    fetches_links = models.BooleanField(
        _("fetch linked recordings"),
        default=False,
        help_text=_("Bring the audio that recording links lead to here, in the background. Off: only the link is kept."),
    )
    digest_hour = models.PositiveSmallIntegerField(
        _("hour of the digest"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(23)],
        help_text=_(
            "When members are mailed the calls missed since the day before: 0 to 23, by the tenant's clocks. Empty: never."
        ),
    )
    requires_outcome = models.BooleanField(
        _("outcomes are mandatory"),
        default=False,
        help_text=_(
            "People who log or change an answered call here choose one of the tenant's outcomes. Programs are not asked for one."
        ),
    )
    digest_on = models.DateField(null=True, blank=True, editable=False)  # the day of the last digest
    is_active = models.BooleanField(default=True, help_text=_("Off closes every door of this tenant and keeps its calls."))
    created_at = models.DateTimeField(auto_now_add=True, editable=False)

    objects = TenantsQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="tenant_is_not_its_own_parent",
                condition=models.Q(parent__isnull=True) | ~models.Q(parent=models.F("id")),
                violation_error_message=_("A tenant cannot be its own reseller."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        ancestor = self.parent
        while ancestor is not None:
            if ancestor.pk == self.pk:
                raise ValidationError({"parent": _("That would make the tenant its own reseller.")})
            ancestor = ancestor.parent
        if self.unmatched_account is not None and self.unmatched_account.parent_id != self.pk:
            raise ValidationError({"unmatched_account": _("This account is not a client of the tenant.")})

    @property
    def place(self) -> Place:
        """What decides how numbers without their country are read."""
        return Place(self.country, self.area_code)

    @property
    def zone(self) -> ZoneInfo:
        """The tenant's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def calls_per_minute(self) -> int:
        """How many requests a minute each of its doors takes."""
        return int(settings.CALLHUB_CALLS_PER_MINUTE)
