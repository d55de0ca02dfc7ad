"""Sending what is due, and what comes of it.

A row is claimed by one conditional UPDATE with a lease and a fencing number, sent outside any transaction, and its result is
written only if the number is still the same. Dying before the result is written means that it is sent once more when the
lease is over: a receiver knows it by its id. Success is 2xx alone; a redirect is a failure and is not followed; 410 ends the
endpoint; so do five days of nothing but failures.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from calls import failpoints, outbound
from calls.choices import DeliveryState, EndpointState
from calls.models import Attempt, Delivery, WebhookEndpoint
from calls.models.delivery import KEPT_ANSWER
from calls.tokens import fill_address
from calls.webhooks import bell, clock, endpoints, schedule, trying
from calls.webhooks.arriving import note_arrival
from calls.webhooks.payloads import content_type_of, method_of
from calls.webhooks.signing import signature_headers
from calls.webhooks.turns import Turn, is_anything_due, next_turn, sender, without_later
from tenants.sealing import Unreadable

log = logging.getLogger(__name__)

SECONDS = 20.0  # for one task; the last request may take 15 more
LATEST_START = 20.0  # seconds after a claim; later requests might outlive the lease
SLOW_MS = 2000
FAILURES_OF_A_TURN = 3
OUTAGE = timedelta(minutes=1)  # after one what waits is sent at once when the receiver is back
HIDDEN = "•••"
USER_AGENT = "callhub-webhooks/1"
_NEVER_WORKS = ("url", "scheme", "port", "request", "secret")  # asking again cannot help


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one request; ``error`` is empty where the message arrived."""

    status: int | None = None
    error: str = ""
    code: str = ""
    answer: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime
    took_ms: int
    sent: Mapping[str, str] = field(default_factory=dict)  # headers, without what is secret

    @property
    def is_success(self) -> bool:
        """Whether the message arrived."""
        return not self.error

    @property
    def is_slow(self) -> bool:
        """Whether it held its thread long."""
        return self.took_ms > SLOW_MS


def deliver(*, seconds: float = SECONDS) -> int:
    """Send what is due, endpoint by endpoint, for so long at most; how many requests were made.

    None where enough of this process's threads do so already: they find what is new.
    """
    until, made = time.monotonic() + seconds, 0
    with sender() as may:
        while may and time.monotonic() < until:
            with next_turn() as turn:
                if turn is None:
                    return made
                made += _serve(turn)
    if may and is_anything_due():
        bell.ring_for_deliveries()
    return made


def _serve(turn: Turn) -> int:
    """Send the deliveries of a turn until one hangs, several fail or time is up; the rest goes back."""
    claimed_at, failures, made = time.monotonic(), 0, 0
    failpoints.reach("webhook.claimed")
    waiting = list(turn.deliveries)
    try:
        while waiting and time.monotonic() - claimed_at < LATEST_START and failures < FAILURES_OF_A_TURN:
            outcome = send(turn.endpoint, waiting[0])
            failpoints.reach("webhook.sent")
            sent = waiting.pop(0)
            is_ours = write(turn.endpoint, sent, outcome)
            made += 1
            failures += not outcome.is_success
            if not (is_ours and outcome.is_success):
                waiting, held = without_later(sent, waiting)
                turn.give_back(held)
            if outcome.is_slow or turn.endpoint.state != EndpointState.ACTIVE:
                break
    finally:
        turn.give_back(waiting)
    return made


def send(endpoint: WebhookEndpoint, delivery: Delivery) -> Outcome:
    """One request; whatever becomes of it is an outcome. Writes nothing of the delivery."""
    started_at, began = timezone.now(), time.monotonic()

    def outcome(**facts: object) -> Outcome:
        took_ms = round((time.monotonic() - began) * 1000)
        return Outcome(started_at=started_at, took_ms=took_ms, **facts)  # type: ignore[arg-type]

    try:
        return outcome(**_exchange(endpoint, request_of(endpoint, delivery, started_at)))
    except Unreadable:
        return outcome(code="secret", error=_("The endpoint's secret was made under another secret key. Renew it."))
    except DatabaseError:
        raise  # then no attempt can be stored either
    except Exception as error:  # without an attempt it would be sent again at once, and for ever
        log.exception("delivery %s: it could not be sent", delivery.pk)
        return outcome(code="internal", error=_("callhub could not send it (%s).") % type(error).__name__)


def _exchange(endpoint: WebhookEndpoint, request: outbound.Request) -> dict[str, object]:
    """What came of the request, as the fields of an outcome."""
    shown = _shown(endpoint, request)
    try:
        answer = trying.hand_over(endpoint, request) or outbound.send(request)
    except outbound.OutboundError as error:
        return {"code": error.code, "error": error.message[:300], "sent": shown}
    text = answer.body[:KEPT_ANSWER].decode("utf-8", "replace").replace("\0", "�")
    why, code = _judged(answer.status)
    return {"status": answer.status, "error": why, "code": code, "answer": text, "headers": answer.headers, "sent": shown}


def request_of(endpoint: WebhookEndpoint, delivery: Delivery, now: datetime) -> outbound.Request:
    """The request as it goes out at this moment. Raises ``tenants.sealing.Unreadable``."""
    body = bytes(delivery.body)
    headers = {
        **endpoint.headers,
        **signature_headers(str(delivery.pk), body, endpoint.live_secrets(now), now),
        "User-Agent": USER_AGENT,
        "callhub-event": delivery.event_type,
        "callhub-sequence": str(delivery.sequence),
    }
    if content_type := content_type_of(delivery.format):
        headers["Content-Type"] = content_type
    return outbound.Request(
        url=fill_address(endpoint.url, delivery.tokens) if delivery.tokens else endpoint.url,
        method=method_of(delivery.format),
        headers=headers,
        body=body,
        auth=outbound.BasicAuth(user=endpoint.username, password=endpoint.password) if endpoint.username else None,
    )


def write(endpoint: WebhookEndpoint, delivery: Delivery, outcome: Outcome) -> bool:
    """Keep what came of a request, unless somebody else has the delivery by now: then nothing is written, and False."""
    attempt = Attempt(
        delivery=delivery,
        fence=delivery.fence,
        started_at=outcome.started_at,
        took_ms=outcome.took_ms,
        request_headers=dict(outcome.sent),
        status=outcome.status,
        answer=outcome.answer,
        error=outcome.error,
        code=outcome.code,
    )
    is_usual = outcome.is_success and not _is_news(endpoint, outcome) and not clock.is_set()
    if note_arrival(delivery, attempt) if is_usual else _write_all(endpoint, delivery, outcome, attempt):
        return True
    log.warning("delivery %s: its lease was over before its result came", delivery.pk)
    return False


def _write_all(endpoint: WebhookEndpoint, delivery: Delivery, outcome: Outcome, attempt: Attempt) -> bool:
    now = clock.now()
    with transaction.atomic():
        _lock(endpoint)
        ours = Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state=DeliveryState.PENDING)
        if not ours.update(**_facts(delivery, outcome, now), updated_at=now):
            return False
        attempt.save(force_insert=True)
        if not outcome.is_success:
            _put_off_later(delivery)
        (_note_success if outcome.is_success else _note_failure)(endpoint, outcome)
    return True


def _put_off_later(delivery: Delivery) -> None:
    """Later messages of its call wait as long as it does: none that cannot be sent is looked at again and again."""
    due_at = Delivery.objects.pending().filter(pk=delivery.pk, is_replayed=False).values_list("due_at", flat=True).first()
    if due_at is not None and delivery.call_id is not None:
        later = Delivery.objects.pending().filter(endpoint=delivery.endpoint_id, call_id=delivery.call_id, is_replayed=False)
        later.filter(sequence__gt=delivery.sequence, due_at__lt=due_at).update(due_at=due_at)


def _lock(endpoint: WebhookEndpoint) -> None:
    """Have the endpoint before its deliveries, as everybody does: two in two orders would wait for each other."""
    list(WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=endpoint.pk).values_list("pk"))


def _facts(delivery: Delivery, outcome: Outcome, now: object) -> dict[str, object]:
    over: dict[str, object] = {"attempts": F("attempts") + 1, "lease_until": None, "holder": None}
    if outcome.is_success:
        return {**over, "state": DeliveryState.DELIVERED, "delivered_at": now, "reason": ""}
    told = schedule.retry_after(outcome.status, outcome.headers, timezone.now())
    wait = schedule.wait_after(delivery.attempts + 1, told=told)
    if wait is None or outcome.code in _NEVER_WORKS or outcome.status == HTTPStatus.GONE:
        return {**over, "state": DeliveryState.FAILED, "reason": outcome.error}
    return {**over, "due_at": now + wait, "reason": outcome.error}  # type: ignore[operator]


def _is_news(endpoint: WebhookEndpoint, outcome: Outcome) -> bool:
    """Whether a success changes what the endpoint is known by; ``succeeded_at`` may lag by a minute."""
    is_fresh = endpoint.succeeded_at is not None and timezone.now() - endpoint.succeeded_at < OUTAGE
    return outcome.is_slow or not (endpoint.is_trusted and is_fresh)


def _note_success(endpoint: WebhookEndpoint, outcome: Outcome) -> None:
    if not _is_news(endpoint, outcome):
        return
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    was_out = rows.filter(failures__gte=FAILURES_OF_A_TURN, failing_since__lte=clock.now() - OUTAGE).exists()
    rows.update(failures=0, failing_since=None, last_error="", is_slow=outcome.is_slow, succeeded_at=clock.now())
    endpoint.failures, endpoint.is_slow, endpoint.succeeded_at = 0, outcome.is_slow, timezone.now()
    if was_out:
        Delivery.objects.pending().filter(endpoint=endpoint, due_at__gt=clock.now()).update(due_at=clock.now())


def _note_failure(endpoint: WebhookEndpoint, outcome: Outcome) -> None:
    now = clock.now()
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    since = Coalesce("failing_since", now)
    rows.update(failures=F("failures") + 1, failing_since=since, last_error=outcome.error, is_slow=outcome.is_slow)
    endpoint.failures += 1
    if outcome.status == HTTPStatus.GONE:
        endpoints.switch_off(endpoint, _("The receiver says that it is gone for good (410)."))
    elif rows.filter(failing_since__lte=now - schedule.GIVES_UP_AFTER).exists():
        endpoints.switch_off(endpoint, _("Nothing has arrived for five days. The last error: %s") % outcome.error)


def _judged(status: int) -> tuple[str, str]:
    """Why a status counts as failed, in words and for machines; both empty for 2xx."""
    if 200 <= status < 300:
        return "", ""
    if 300 <= status < 400:
        return _("It answered with a redirect (%d), which is not followed.") % status, "redirect"
    if status == HTTPStatus.GONE:
        return _("It answered that it is gone for good (410)."), "gone"
    return _("It answered %d.") % status, "status"


def _shown(endpoint: WebhookEndpoint, request: outbound.Request) -> dict[str, str]:
    """The request's headers for the log: of the owner's own, which may be secret, the names alone."""
    own = endpoint.headers
    shown = {name: HIDDEN if name in own else value for name, value in request.headers.items()}
    return {**shown, "Authorization": HIDDEN} if request.auth else shown
