"""What is sent: one module for each family of formats, and one example of every message.

A payload is rendered once, when its delivery is made; its bytes never change after that, whatever becomes of the call.
"""

from __future__ import annotations

from calls.choices import EndpointKind, PayloadFormat
from calls.models import WebhookEndpoint
from calls.webhooks.payloads import fonestorm, native
from calls.webhooks.payloads.base import LIMIT, Fact, Rendered
from calls.webhooks.payloads.samples import sample, samples, template_tokens

__all__ = ["LIMIT", "Fact", "Rendered", "content_type_of", "method_of", "render", "sample", "samples", "template_tokens"]

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_CONTENT_TYPES = {PayloadFormat.FONESTORM_GET: "", PayloadFormat.FONESTORM_FORM: _FORM}


def render(endpoint: WebhookEndpoint, fact: Fact) -> Rendered:
    """What this endpoint is sent for a fact; under ``LIMIT`` bytes, whatever the call holds."""
    if endpoint.format == PayloadFormat.NATIVE:
        return native.render(fact, is_thin=endpoint.is_thin, template=endpoint.template)
    is_received = endpoint.kind == EndpointKind.RECEIVE_CALLBACK
    return fonestorm.render(fact, PayloadFormat(endpoint.format), is_received=is_received)


def method_of(format: str) -> str:
    """The HTTP method of a format."""
    return "GET" if format == PayloadFormat.FONESTORM_GET else "POST"


def content_type_of(format: str) -> str:
    """The Content-Type of a format's body; empty where it has none."""
    return _CONTENT_TYPES.get(PayloadFormat(format), _JSON)
