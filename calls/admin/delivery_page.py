"""The page of one delivery: what it told, readably, and each attempt at it beside the others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from callhub.kept import in_words
from calls.admin import cells
from calls.choices import DeliveryState, PayloadFormat
from calls.models import Attempt, Call, Delivery

MOST_ATTEMPTS = 20  # side by side; replays add to the ten of a round
MOST_OF_CALL = 10
_TONES = {
    DeliveryState.PENDING: "info",
    DeliveryState.DELIVERED: "good",
    DeliveryState.FAILED: "bad",
    DeliveryState.CANCELLED: "warn",
}


def context_of(row: Delivery) -> dict[str, Any]:
    """Everything the page shows."""
    attempts = list(row.log.order_by("-id")[: MOST_ATTEMPTS + 1])
    shown = attempts[:MOST_ATTEMPTS][::-1]
    return {
        "row": row,
        "status": status(row),
        "facts": [(_("The message"), _facts(row)), (_("How it goes"), _progress(row))],
        "numbers": [cells.moment(attempt.started_at, exact=True) for attempt in shown],
        "lines": _lines(shown),
        "is_cut": len(attempts) > MOST_ATTEMPTS,
        "most_attempts": MOST_ATTEMPTS,
        "body": readable(row.format, bytes(row.body)),
        "tokens": sorted(row.tokens.items()) if row.format == PayloadFormat.FONESTORM_GET else (),
    }


def of_call(call: Call) -> dict[str, Any]:
    """The last messages that told of a call, for its own page."""
    rows = Delivery.objects.filter(tenant=call.tenant_id, call_id=call.pk).select_related("endpoint").defer("body", "tokens")
    shown = [
        {
            "address": reverse("admin:calls_delivery_change", args=[row.pk]),
            "made": cells.moment(row.created_at),
            "message": row.get_event_type_display(),
            "endpoint": str(row.endpoint),
            "status": status(row),
        }
        for row in rows.order_by("-created_at", "-id")[:MOST_OF_CALL]
    ]
    return {"told": shown, "told_address": f"{reverse('admin:calls_delivery_changelist')}?call_id={call.pk}"}


def status(row: Delivery) -> SafeString:
    """How far it has come, and why no further."""
    badge = cells.badge(row.get_state_display(), _TONES[DeliveryState(row.state)])
    return format_html('{}<span class="ch-why">{}</span>', badge, in_words(row.reason)) if row.reason else badge


def call_link(row: Delivery) -> SafeString | str:
    """To the page of its call."""
    if row.call_id is None:
        return cells.NOTHING
    if row.is_erased:
        return gettext("It was removed")
    address = reverse("admin:calls_call_change", args=[row.call_id])
    return format_html('<a class="ch-link" href="{}" title="{}">{}</a>', address, row.call_id, gettext("Its call"))


def readable(format: str, body: bytes) -> str:
    """The body as people read it; what is sent are the bytes themselves."""
    text = body.decode("utf-8", "replace")
    if format == PayloadFormat.FONESTORM_FORM:
        return "\n".join(f"{name} = {value}" for name, value in parse_qsl(text, keep_blank_values=True))
    try:
        shown = json.dumps(json.loads(text), indent=2, ensure_ascii=False) if text else ""
    except (ValueError, RecursionError):
        return text
    return shown.encode("utf-8", "replace").decode()  # half characters, which JSON may spell


def _facts(row: Delivery) -> list[tuple[Any, Any]]:
    endpoint = reverse("admin:calls_webhookendpoint_change", args=[row.endpoint_id])
    return [
        (_("Message"), row.get_event_type_display()),
        (_("Id"), format_html('<code class="ch-text">{}</code>', row.pk)),
        (_("Endpoint"), format_html('<a class="ch-link" href="{}"><bdi>{}</bdi></a>', endpoint, row.endpoint)),
        (_("Call"), call_link(row)),
        (_("Number"), row.sequence or cells.NOTHING),
        (_("Format"), row.get_format_display()),
    ]


def _progress(row: Delivery) -> list[tuple[Any, Any]]:
    return [
        (_("State"), row.get_state_display()),
        (_("Made"), cells.moment(row.created_at, exact=True)),
        (_("Arrived"), cells.moment(row.delivered_at, exact=True)),
        (_("Next attempt"), cells.moment(row.due_at, exact=True) if row.is_pending else cells.NOTHING),
        (_("Attempts"), row.attempts),
        (_("Why"), in_words(row.reason) or cells.NOTHING),
    ]


def _lines(attempts: list[Attempt]) -> list[tuple[Any, list[Any]]]:
    """The attempts as the columns of a table."""
    return [
        (_("Result"), [_result(attempt) for attempt in attempts]),
        (_("Took"), [gettext("%(s)s s") % {"s": number_format(attempt.took_ms / 1000, 2)} for attempt in attempts]),
        (_("Why it failed"), [in_words(attempt.error) or cells.NOTHING for attempt in attempts]),
        (_("Asked with"), [folded(written(attempt.request_headers), gettext("Headers")) for attempt in attempts]),
        (_("Its answer"), [folded(attempt.answer, gettext("Answer")) for attempt in attempts]),
    ]


def _result(attempt: Attempt) -> SafeString:
    text = attempt.status or gettext("No answer")
    return cells.badge(text, "good" if attempt.is_success else "bad")


def written(headers: Mapping[str, Any]) -> str:
    """Headers as lines."""
    return "\n".join(f"{name}: {value}" for name, value in headers.items())


def folded(text: str, title: str) -> SafeString | str:
    """A text behind its title."""
    if not text:
        return cells.NOTHING
    return format_html("<details><summary>{}</summary><pre>{}</pre></details>", title, text)
