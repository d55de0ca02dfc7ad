"""Which endpoint is told of what: its filter, and for a number's callback the number and the way the call goes."""

from __future__ import annotations

from calls.choices import EndpointKind, State, WebhookEvent
from calls.life import life_of
from calls.models import Call, WebhookEndpoint
from calls.webhooks.payloads.fonestorm import reaches_line
from calls.webhooks.vocabulary import fits

_CALL_LISTS = ("directions", "dispositions", "line_ids", "agent_ids", "company_ids", "tag_ids")


def wants_type(endpoint: WebhookEndpoint, event_type: WebhookEvent) -> bool:
    """Whether it is told of this kind of thing at all."""
    return fits(endpoint.format, event_type) and (not endpoint.event_types or event_type in endpoint.event_types)


def looks_at_calls(endpoint: WebhookEndpoint) -> bool:
    """Whether it depends on the call if it is told."""
    lists = (getattr(endpoint, name) for name in _CALL_LISTS)
    return endpoint.is_callback or endpoint.least_duration_ms is not None or any(lists)


def wants_call(endpoint: WebhookEndpoint, call: Call) -> bool:
    """Whether the call passes the filter; its tags have been fetched."""
    if endpoint.is_callback:
        return _is_of_number(endpoint, call)
    if endpoint.least_duration_ms is not None and (call.duration_ms or -1) < endpoint.least_duration_ms:
        return False
    if endpoint.directions and call.direction not in endpoint.directions:
        return False
    if endpoint.dispositions and (call.state != State.ENDED or call.disposition not in endpoint.dispositions):
        return False
    for keys, key in (
        (endpoint.line_ids, call.line_id),
        (endpoint.agent_ids, call.agent_id),
        (endpoint.company_ids, call.company_id),
    ):
        if keys and str(key) not in keys:
            return False
    return not endpoint.tag_ids or any(str(tag.pk) in endpoint.tag_ids for tag in call.tags.all())


def _is_of_number(endpoint: WebhookEndpoint, call: Call) -> bool:
    """Whether the call is one that the callback's number makes, or one that it gets; call records are of every call."""
    if endpoint.kind == EndpointKind.CDR_CALLBACK:
        return True
    if endpoint.kind == EndpointKind.SEND_CALLBACK:
        return call.line_id == endpoint.line_id and life_of(call).goes_out
    return reaches_line(call, endpoint.line)
