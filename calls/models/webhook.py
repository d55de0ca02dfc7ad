"""Webhook endpoints: addresses a tenant has told of its calls, and a number's own callbacks, which are the same thing."""

from __future__ import annotations

import base64
import json
import secrets
from datetime import datetime
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from calls.choices import Direction, Disposition, EndpointKind, EndpointState, PayloadFormat, WebhookEvent
from calls.headers import check_headers
from calls.models.event import CallEvent
from calls.tokens import BadTemplate, check_address, plain_tokens
from tenants.commit_order import Position
from tenants.scoping import TenantOwned, TenantQuerySet
from tenants.sealing import seal, unseal

SECRET_MARK = "whsec_"  # noqa: S105 - what Standard Webhooks has every secret begin with
MOST_IN_FLIGHT = 10
_WITHOUT_LINE = ["webhook", "cdr_callback"]


class EndpointQuerySet(TenantQuerySet["WebhookEndpoint"]):
    """Which endpoints."""

    def told(self) -> Self:
        """Those that messages are made for: active ones and ones that only rest."""
        return self.filter(state__in=[EndpointState.ACTIVE, EndpointState.PAUSED], tenant__is_active=True)

    def webhooks(self) -> Self:
        """Those staff and the API manage: not the callbacks of a number."""
        return self.filter(kind=EndpointKind.WEBHOOK)


class WebhookEndpoint(TenantOwned):
    """An address that is told. Its filter: every list that is not empty must hold the call's own; ids are rows' ids as text.

    A number's callback is one with ``line`` set and of a kind of its own: of each kind a line has one. The secret is shown
    when it is made and never again (``renew_secret``); ``password`` is for HTTP Basic; own ``headers`` are kept like secrets.
    ``since_*`` is where in the feed it begins to be told; what follows it is written by ``calls.webhooks.delivery`` alone.
    """

    kind = models.CharField(max_length=20, choices=EndpointKind.choices, default=EndpointKind.WEBHOOK)
    line = models.ForeignKey("calls.Line", null=True, blank=True, on_delete=models.CASCADE, related_name="callbacks")
    name = models.CharField(max_length=100, blank=True)
    url = models.CharField(_("address"), max_length=2000, help_text=_("An https (or http) address."))
    format = models.CharField(max_length=20, choices=PayloadFormat.choices, default=PayloadFormat.NATIVE)
    is_thin = models.BooleanField(_("thin"), default=False, help_text=_("Send the ids alone; the receiver fetches the call."))
    template = models.TextField(
        _("body template"),
        max_length=8000,
        blank=True,
        help_text=_("A JSON object with {{tokens}}, sent in place of the usual body."),
    )
    sealed_headers = models.TextField(blank=True, editable=False)
    username = models.CharField(_("user name"), max_length=200, blank=True)

    event_types = models.JSONField(default=list, blank=True, help_text=_("None means all."))
    directions = models.JSONField(default=list, blank=True)
    dispositions = models.JSONField(
        default=list, blank=True, help_text=_("Calls that have not ended have none and are not told.")
    )
    line_ids = models.JSONField(_("lines"), default=list, blank=True)
    agent_ids = models.JSONField(_("agents"), default=list, blank=True)
    company_ids = models.JSONField(_("companies"), default=list, blank=True)
    tag_ids = models.JSONField(_("tags"), default=list, blank=True)
    least_duration_ms = models.PositiveBigIntegerField(_("minimum duration"), null=True, blank=True)

    sealed_secret = models.TextField(blank=True, editable=False)
    sealed_former_secret = models.TextField(blank=True, editable=False)
    former_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    sealed_password = models.TextField(blank=True, editable=False)

    state = models.CharField(max_length=12, choices=EndpointState.choices, default=EndpointState.ACTIVE)
    state_reason = models.CharField(max_length=300, blank=True, editable=False)
    state_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    is_notice_due = models.BooleanField(default=False, editable=False, help_text=_("The owners have to be told it was disabled."))
    in_flight_limit = models.PositiveSmallIntegerField(
        _("at the same time"), default=2, help_text=_("How many requests it gets at the same time; 1 keeps their order.")
    )

    since_transaction = models.BigIntegerField(default=0, editable=False)
    since_event = models.BigIntegerField(default=0, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    last_error = models.CharField(max_length=300, blank=True, editable=False)
    is_slow = models.BooleanField(default=False, editable=False, help_text=_("Its last answer took long."))
    succeeded_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    served_at = models.DateTimeField(null=True, blank=True, editable=False)
    limited_until = models.DateTimeField(null=True, blank=True, editable=False)  # a limit of the minute was used up

    objects: ClassVar = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["line", "kind"],
                condition=Q(line__isnull=False),
                name="callback_once_per_line",
                violation_error_message=_("The number has such a callback already."),
            ),
            models.CheckConstraint(
                name="callbacks_have_a_line",
                condition=Q(kind__in=_WITHOUT_LINE, line__isnull=True) | (~Q(kind__in=_WITHOUT_LINE) & Q(line__isnull=False)),
                violation_error_message=_("A callback belongs to a number, a webhook to none."),
            ),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=Q(kind="cdr_callback"),
                name="call_records_go_to_one_address",
                violation_error_message=_("The call records go to an address already."),
            ),
            models.CheckConstraint(
                name="callbacks_speak_fonestorm",
                condition=Q(kind="webhook") | ~Q(format="native"),
                violation_error_message=_("A number's callback has one of FoneStorm's formats."),
            ),
            models.CheckConstraint(
                name="endpoint_in_flight_limit",
                condition=Q(in_flight_limit__gte=1, in_flight_limit__lte=MOST_IN_FLIGHT),
                violation_error_message=_("Between 1 and 10 requests at the same time."),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "state"], name="endpoint_told")]

    def __str__(self) -> str:
        return self.name or urlsplit(self.url).netloc or str(self.pk)

    def clean(self) -> None:
        problems: dict[str, Any] = {}
        self.url = plain_tokens(self.url)
        for check in (self._check_url, self._check_headers, self._check_filter):
            try:
                check()
            except ValidationError as error:
                problems.update(error.error_dict)
        if self.line is not None and self.line.tenant_id != self.tenant_id:
            problems["line"] = _("This line belongs to another tenant.")
        if self.template and (self.format != PayloadFormat.NATIVE or self.is_thin):
            problems["template"] = _("A template takes the place of the full JSON body only.")
        if problems:
            raise ValidationError(problems)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """A new endpoint is told of what happens from now on, and has a secret."""
        if self._state.adding:
            if not self.sealed_secret:
                self.renew_secret()
            if not any(self.since):
                self.begin_here()
        super().save(*args, **kwargs)

    @property
    def is_callback(self) -> bool:
        """Whether it is a number's own."""
        return self.kind != EndpointKind.WEBHOOK

    @property
    def is_trusted(self) -> bool:
        """Whether it answered well and soon the last time; only then may it hold more than one worker's thread."""
        return self.succeeded_at is not None and not self.failures and not self.is_slow

    @property
    def since(self) -> Position:
        """Where in the feed it begins to be told."""
        return Position(self.since_transaction, self.since_event)

    @since.setter
    def since(self, position: Position) -> None:
        self.since_transaction, self.since_event = position

    def begin_here(self) -> None:
        """Be told of what happens from now on. Nothing is saved."""
        self.since = _end_of_feed(self.tenant_id)

    @property
    def headers(self) -> dict[str, str]:
        """The owner's own headers; their values may be secret."""
        return dict(json.loads(unseal(self.sealed_headers) or "{}"))

    @headers.setter
    def headers(self, headers: dict[str, str]) -> None:
        self.sealed_headers = seal(json.dumps(headers)) if headers else ""

    @property
    def password(self) -> str:
        """For HTTP Basic; never shown."""
        return unseal(self.sealed_password)

    @password.setter
    def password(self, text: str) -> None:
        self.sealed_password = seal(text)

    def renew_secret(self, *, former_until: datetime | None = None) -> str:
        """Give it a fresh secret and return it, the only time it is shown; the one it had signs as well until ``former_until``.

        Nothing is saved.
        """
        self.sealed_former_secret = self.sealed_secret if former_until else ""
        self.former_secret_until = former_until
        secret = SECRET_MARK + base64.b64encode(secrets.token_bytes(32)).decode("ascii")
        self.sealed_secret = seal(secret)
        return secret

    def live_secrets(self, now: datetime) -> list[str]:
        """The secrets a message is signed with at this moment, the newest first. Raises ``tenants.sealing.Unreadable``."""
        both = [self.sealed_secret]
        if self.former_secret_until is not None and now < self.former_secret_until:
            both.append(self.sealed_former_secret)
        return [unseal(sealed) for sealed in both if sealed]

    def _check_url(self) -> None:
        try:
            parts = urlsplit(self.url)
            is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
            is_readable = self.url.isascii() and self.url.isprintable() and " " not in self.url
            check_address(self.url)
        except BadTemplate as error:
            raise ValidationError({"url": str(error)}) from error
        except ValueError:
            is_address = is_readable = False
        if not (is_address and is_readable):
            raise ValidationError({"url": _("Write an address such as https://example.com/hook.")})
        if "@" in parts.netloc:
            raise ValidationError({"url": _("Give the user name and password apart from the address.")})
        if self.format == PayloadFormat.NATIVE and "{{" in self.url:
            raise ValidationError({"url": _("Only FoneStorm's formats have tokens in the address.")})

    def _check_headers(self) -> None:
        try:
            check_headers(self.headers)
        except ValueError as error:
            raise ValidationError({"headers": str(error)}) from error
        if self.username and "authorization" in map(str.lower, self.headers):
            raise ValidationError({"headers": _("Either a user name or an Authorization header.")})

    def _check_filter(self) -> None:
        problems: dict[str, Any] = {}
        for name, choices in (("event_types", WebhookEvent), ("directions", Direction), ("dispositions", Disposition)):
            values = getattr(self, name)
            if not isinstance(values, list) or any(value not in choices.values for value in values):
                problems[name] = _("Choose among %s.") % ", ".join(choices.values)
        for name, model in FILTER_MODELS.items():
            values = getattr(self, name)
            if not isinstance(values, list) or not self._are_ours(model, values):
                problems[name] = _("One of these is not there.")
        if problems:
            raise ValidationError(problems)

    def _are_ours(self, model: str, values: list[Any]) -> bool:
        """Whether each names a row of the tenant; they are kept as UUIDs in their usual spelling."""
        from django.apps import apps

        if not values:
            return True
        try:
            keys = {UUID(str(value)) for value in values}
        except ValueError:
            return False
        values[:] = sorted(str(key) for key in keys)
        return apps.get_model(model).objects.filter(tenant=self.tenant_id, pk__in=keys).count() == len(keys)


def _end_of_feed(tenant_id: UUID) -> Position:
    """Where somebody stands who wants to be told of what happens from now on."""
    last = CallEvent.objects.filter(tenant=tenant_id).settled().reverse().values_list("transaction", "id").first()
    return Position(*last) if last else Position()


FILTER_MODELS = {
    "line_ids": "calls.Line",
    "agent_ids": "contacts.Agent",
    "company_ids": "contacts.Company",
    "tag_ids": "calls.Tag",
}
