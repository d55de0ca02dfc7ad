"""FoneStorm's documents."""

from __future__ import annotations

from typing import Any

from calls.choices import EndpointKind, PayloadFormat
from calls.dialects.fonestorm.reading import FORMATS, ten_digits_of
from calls.models import Line, Origination, WebhookEndpoint
from tenants.models import Tenant

_YES_NO = {True: "yes", False: "no"}
_NO_ROUTING = dict.fromkeys(("type", "email", "device", "forward", "url", "url_method"), "")
_METHOD_OF = {payload: method for method, payload in FORMATS.items()}


def call_document(origination: Origination) -> dict[str, Any]:
    """What the vendor says of a new call."""
    return {"call": {"id": str(origination.call_id)}}


def number_of(line: Line) -> str:
    """The FoneNumber as this door reads it: ten digits where it is, or is written like, a North American one."""
    return ten_digits_of(line.number) or line.e164.removeprefix("+1")


def fonenumber(line: Line) -> dict[str, Any]:
    """A FoneNumber as the vendor's object; what we do not know, or do not offer, is empty."""
    callbacks = {endpoint.kind: endpoint for endpoint in line.callbacks.all()}
    voice = {
        "receive_notify": callback_document(callbacks.get(EndpointKind.RECEIVE_CALLBACK)),
        "send_notify": callback_document(callbacks.get(EndpointKind.SEND_CALLBACK)),
    }
    return {
        "fonenumber": number_of(line),
        "state": "",
        "rate_center": "",
        "is_active": _YES_NO[line.is_active],
        "sms_options": {
            "receive": {**_NO_ROUTING, **line.message_routing},
            "receive_notify": _notify(),
            "send_notify": _notify(),
            "sms_enabled": "no",
            "mms_enabled": "no",
        },
        "voice_options": voice,
        "call_options": voice,  # its name from 2.11 on
        "fax_options": {"receive_notify": _notify(), "send_notify": _notify()},
    }


def account_document(tenant: Tenant, endpoint: WebhookEndpoint | None) -> dict[str, Any]:
    """The vendor's Account; what belongs to its branding is empty, and the password is never shown."""
    callback = callback_document(endpoint)
    return {
        "id": str(tenant.pk),
        "cdr_notify_url": callback["url"],
        "cdr_notify_method": callback["method"],
        "cdr_notify_username": endpoint.username if endpoint else "",
        "cdr_notify_password": "",
        **dict.fromkeys(("background_color", "primary_color", "secondary_color", "font_family"), ""),
    }


def callback_document(endpoint: WebhookEndpoint | None) -> dict[str, str]:
    """Where a number's calls are told; user name and password are for the receiver alone."""
    return {"url": endpoint.url, "method": _METHOD_OF[PayloadFormat(endpoint.format)]} if endpoint else _notify()


def _notify() -> dict[str, str]:
    return {"url": "", "method": ""}
