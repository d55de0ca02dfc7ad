"""What may be done to an endpoint: judged and saved, tested, paused, resumed, switched off, given another secret."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from callhub import doorbell
from calls import outbound
from calls.choices import DeliveryState, EndpointKind, EndpointState, PayloadFormat, WebhookEvent
from calls.models import Attempt, Delivery, Line, WebhookCursor, WebhookEndpoint
from calls.tokens import BadTemplate, check_template, fill_address, names_in
from calls.webhooks import bell, clock, trying
from calls.webhooks.errors import EndpointNotActive
from calls.webhooks.payloads import fonestorm, render, sample, template_tokens
from calls.webhooks.vocabulary import fits
from tenants.models import Tenant

BOTH_SECRETS_FOR = timedelta(hours=24)


def check(endpoint: WebhookEndpoint, *, looks_up: bool = True) -> None:
    """Judge an endpoint before it is saved: its model's rules, its template, and that its address may be called at all.

    Raises ``ValidationError`` with the names of the model's fields. Looks the address' name up, so not within a transaction;
    there ``check_url`` comes first, and ``looks_up`` is False.
    """
    endpoint.full_clean()
    problems: dict[str, str] = {}
    if endpoint.template:
        try:
            check_template(endpoint.template, template_tokens())
        except BadTemplate as error:
            problems["template"] = str(error)
    try:
        if looks_up:
            check_url(endpoint.url, is_callback=endpoint.is_callback)
    except ValidationError as error:
        problems.update({name: messages[0] for name, messages in error.message_dict.items()})
    if problems:
        raise ValidationError(problems)


def check_url(url: str, *, is_callback: bool) -> None:
    """Judge an address: its tokens, and that it may be called at all. Looks its name up: not within a transaction.

    Raises ``ValidationError``, always for ``url``.
    """
    strange = [name for name in names_in(url) if name not in fonestorm.TOKENS]
    if strange and not is_callback:  # FoneStorm's own page leaves what it does not know empty
        words = _("There is no token “%(name)s”. There are: %(all)s.") % {
            "name": strange[0],
            "all": ", ".join(fonestorm.TOKENS),
        }
        raise ValidationError({"url": words})
    if trying.is_ours(url):
        return
    try:
        outbound.check(fill_address(url, dict.fromkeys(fonestorm.TOKENS, "0")))
    except outbound.OutboundRefused as error:
        raise ValidationError({"url": error.message}) from error
    except outbound.OutboundFailed:
        pass  # a name that nobody knows yet may be known when something is sent


def keep(endpoint: WebhookEndpoint) -> str:
    """Judge and save an endpoint; a new one's secret is returned, the only time it is shown, else nothing.

    Raises ``ValidationError``.
    """
    secret = endpoint.renew_secret() if endpoint._state.adding else ""
    check(endpoint)
    endpoint.save()
    return secret


def set_callback(
    line: Line, kind: EndpointKind, *, format: PayloadFormat, url: str, username: str = "", password: str = ""
) -> WebhookEndpoint:
    """Have a number's calls told to an address; it takes the place of the callback of this kind that the line had.

    ``format`` is one of FoneStorm's. Raises ``ValidationError``, then the earlier one stays as it is.
    """
    name = f"{line.number} {EndpointKind(kind).label}"[:100]
    owner = {"tenant_id": line.tenant_id, "line": line, "kind": kind}
    return _put(owner, name=name, format=format, url=url, username=username, password=password)


def set_cdr_callback(
    tenant: Tenant, *, format: PayloadFormat, url: str, username: str = "", password: str = ""
) -> WebhookEndpoint:
    """Send a record of each of the tenant's calls to an address when it has ended; the last address counts.

    ``format`` is one of FoneStorm's. Raises ``ValidationError``, then the earlier one stays as it
    is.
    """
    name = str(EndpointKind.CDR_CALLBACK.label)
    owner = {"tenant_id": tenant.pk, "kind": EndpointKind.CDR_CALLBACK, "event_types": [WebhookEvent.CALL_ENDED.value]}
    return _put(owner, name=name, format=format, url=url, username=username, password=password)


def remove_cdr_callback(tenant: Tenant) -> None:
    """Send the tenant's call records nowhere any more; none there is as good."""
    endpoint = WebhookEndpoint.objects.for_tenant(tenant).filter(kind=EndpointKind.CDR_CALLBACK).first()
    if endpoint is not None:
        remove(endpoint)


def _put(owner: dict[str, Any], **facts: Any) -> WebhookEndpoint:
    work = partial(_set_callback, owner, **facts)
    try:
        return work()
    except IntegrityError:  # another request made it just now; the last one counts
        return work()
    except ValidationError as error:
        if NON_FIELD_ERRORS not in error.error_dict:
            raise
        return work()  # the same, only seen before it was written


def _set_callback(
    owner: dict[str, Any], *, name: str, format: PayloadFormat, url: str, username: str, password: str
) -> WebhookEndpoint:
    found = WebhookEndpoint.objects.filter(tenant=owner["tenant_id"], kind=owner["kind"], line=owner.get("line")).first()
    endpoint = found or WebhookEndpoint(**owner, in_flight_limit=1)
    is_elsewhere = endpoint.url != url
    endpoint.url, endpoint.format, endpoint.username, endpoint.password = url, format, username, password
    endpoint.name = name
    if is_elsewhere or endpoint.state != EndpointState.ACTIVE:
        _forgive(endpoint)
    keep(endpoint)
    return endpoint


def remove_callback(line: Line, kind: EndpointKind) -> None:
    """Tell nobody any more; none there is as good."""
    if endpoint := callback_of(line, kind):
        remove(endpoint)


def callback_of(line: Line, kind: EndpointKind) -> WebhookEndpoint | None:
    """The callback of this kind that the line has."""
    return WebhookEndpoint.objects.filter(line=line, kind=kind).first()


def remove(endpoint: WebhookEndpoint) -> None:
    """Remove an endpoint with all that was ever made for it, however much that is."""
    deliveries = Delivery.objects.filter(endpoint=endpoint.pk)
    with transaction.atomic():
        WebhookCursor.locked(endpoint.tenant_id)  # nobody makes messages for it meanwhile
        list(WebhookEndpoint.objects.select_for_update().filter(pk=endpoint.pk).values_list("pk"))  # nor notes an attempt
        for rows in (Attempt.objects.filter(delivery__in=deliveries.values("pk")), deliveries):
            rows._raw_delete(rows.db)  # nothing refers to these rows, and a cascade would read them all
        WebhookEndpoint.objects.filter(pk=endpoint.pk).delete()


def rotate_secret(endpoint: WebhookEndpoint) -> str:
    """Give it another secret and return it, the only time it is shown; both sign for the next 24 hours."""
    with transaction.atomic():
        rows = WebhookEndpoint.objects.select_for_update(no_key=True)
        endpoint.refresh_from_db(fields=["sealed_secret"], from_queryset=rows)  # what a twin was told stays good as the former
        secret = endpoint.renew_secret(former_until=timezone.now() + BOTH_SECRETS_FOR)
        endpoint.save(update_fields=["sealed_secret", "sealed_former_secret", "former_secret_until", "updated_at"])
    return secret


def pause(endpoint: WebhookEndpoint, *, reason: str = "") -> bool:
    """Send nothing until it is resumed, and keep what happens for it; False where it was not active."""
    return _move(endpoint, [EndpointState.ACTIVE], EndpointState.PAUSED, reason)


def resume(endpoint: WebhookEndpoint) -> bool:
    """Send again, first what was kept; False where it was active. One that was disabled is told of what happens from now on."""
    others, facts = [EndpointState.PAUSED, EndpointState.DISABLED], {}
    if endpoint.state == EndpointState.DISABLED:
        endpoint.begin_here()
        facts = {"since_transaction": endpoint.since_transaction, "since_event": endpoint.since_event}
    if not _move(endpoint, others, EndpointState.ACTIVE, "", failures=0, failing_since=None, is_notice_due=False, **facts):
        return False
    bell.announce(endpoint.tenant_id)
    bell.ring_for_deliveries()
    return True


def disable(endpoint: WebhookEndpoint, *, reason: str = "") -> bool:
    """Send nothing and keep nothing for it from now on; what waits is cancelled. False where it was disabled."""
    with transaction.atomic():
        if not _move(endpoint, [EndpointState.ACTIVE, EndpointState.PAUSED], EndpointState.DISABLED, reason):
            return False
        _cancel_waiting(endpoint)
    return True


def switch_off(endpoint: WebhookEndpoint, reason: str) -> bool:
    """The same of our own accord: the tenant's owners get a mail that says why."""
    from calls.tasks import tell_endpoint_disabled  # late: the tasks call this package

    with transaction.atomic():
        told = [EndpointState.ACTIVE, EndpointState.PAUSED]
        if not _move(endpoint, told, EndpointState.DISABLED, reason, is_notice_due=True):
            return False
        _cancel_waiting(endpoint)
        doorbell.ring(tell_endpoint_disabled, str(endpoint.pk))
    return True


def fire_test(endpoint: WebhookEndpoint, event_type: WebhookEvent = WebhookEvent.TEST) -> Delivery:
    """Send an example of a message to an endpoint, as any other is sent; its filter is not asked.

    Raises ``EndpointNotActive``, and ``ValueError`` for a message that its format has no words for.
    """
    if endpoint.state != EndpointState.ACTIVE:
        raise EndpointNotActive(_("It is not active. Resume it first."))
    if not fits(endpoint.format, event_type):
        raise ValueError(f"{endpoint.format} cannot tell {event_type}")
    rendered = render(endpoint, sample(event_type, endpoint.tenant))
    delivery = Delivery.objects.create(
        tenant_id=endpoint.tenant_id,
        endpoint=endpoint,
        event_type=event_type,
        format=endpoint.format,
        body=rendered.body,
        tokens=dict(rendered.tokens),
        due_at=clock.reading(),
    )
    bell.ring_for_deliveries()
    return delivery


def _move(endpoint: WebhookEndpoint, before: list[EndpointState], state: EndpointState, reason: str, **facts: object) -> bool:
    """Change the state where it is one of these still."""
    told = {"state": state, "state_reason": reason[:300], "state_changed_at": timezone.now(), **facts}
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk, state__in=before)
    if not rows.update(**told, updated_at=timezone.now()):
        return False
    for name, value in told.items():
        setattr(endpoint, name, value)
    return True


def _cancel_waiting(endpoint: WebhookEndpoint) -> None:
    facts = {"state": DeliveryState.CANCELLED, "reason": gettext_noop("The endpoint was disabled."), "fence": F("fence") + 1}
    Delivery.objects.pending().filter(endpoint=endpoint).update(**facts, lease_until=None, holder=None)


def _forgive(endpoint: WebhookEndpoint) -> None:
    """Begin anew, on an endpoint that is saved next."""
    endpoint.state, endpoint.state_reason, endpoint.state_changed_at = EndpointState.ACTIVE, "", timezone.now()
    endpoint.failures, endpoint.failing_since, endpoint.is_slow, endpoint.succeeded_at = 0, None, False, None
    endpoint.is_notice_due = False
    endpoint.begin_here()
