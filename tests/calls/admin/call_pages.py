"""The list of calls and the page of one, as a browser asks for them and sends them back."""

from __future__ import annotations

from django.urls import reverse

LIST = "/admin/calls/call/"


def headings(answer):
    """The columns that a list shows."""
    return [name for name in answer.context["cl"].list_display if name != "action_checkbox"]


def address(call, page="change"):
    return reverse(f"admin:calls_call_{page}", args=[call.pk])


def form_of(call, **told):
    """What the form of a call would send, with some fields typed over."""
    return {
        "outcome": call.outcome,
        "tags": [str(tag.pk) for tag in call.tags.all()],
        "flag_notes": call.flag_notes,
        "contact": str(call.contact_id or ""),
        **({"is_flagged": "on"} if call.is_flagged else {}),
        **told,
    }


def text_of(client, call):
    answer = client.get(address(call))
    assert answer.status_code == 200
    return answer.content.decode()
