"""From a call to Planhat's document of it; what is not known is left out."""

from __future__ import annotations

from typing import Any

from calls.choices import Direction, MatchState, Source
from calls.dialects.planhat.values import iso
from calls.dialects.planhat.vocabulary import CALL_FIELDS, DIRECTION_WORDS, OURS
from calls.life import life_of, seconds
from calls.models import Call
from tenants.ids import short_id


def document_of(call: Call, *, play_link: str = "") -> dict[str, Any]:
    """The call for a token's holder, with the ids of whom it was matched with; an edit made
    anywhere shows. ``play_link`` leads to its audio where no client has given a link."""
    told = _as_told(call)
    return _without_blanks({**told, "record": told["record"] or play_link, **_people(call)})


def receipt_of(call: Call) -> dict[str, Any]:
    """The call for the open door: what was sent and the id it got, nothing of whom it was matched with."""
    return _without_blanks(_as_told(call))


def selected(document: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    """Only these fields and the id; all where none are named."""
    return {name: value for name, value in document.items() if name in names or name == "_id"} if names else document


def _as_told(call: Call) -> dict[str, Any]:
    told, life = call.given_contact, life_of(call)
    return {
        "_id": short_id(call.pk),
        "__v": call.version - 1,
        "nr": life.remote.number,
        "phUserId": told.get("id"),
        "userId": told.get("external_id"),
        "phCompanyId": told.get("company_id"),
        "companyId": told.get("company_external_id"),
        "phAgentId": told.get("agent_id"),
        "agentId": told.get("agent_external_id"),
        "agentName": call.document.get("agentName"),
        "start": iso(call.started_at),
        "end": iso(call.ended_at),
        "waiting": seconds(call.ring_ms),
        "direction": DIRECTION_WORDS.get(Direction(call.direction)),
        "record": life.recording_url,
        "createDate": iso(call.created_at),
        **_extras(call),
    }


def _people(call: Call) -> dict[str, Any]:
    told = {} if call.match_state == MatchState.CHOSEN else call.given_contact  # a person's choice overrules what was told
    agent_told = call.given_contact
    return {
        "phUserId": short_id(call.contact_id) if call.contact_id else told.get("id"),
        "userId": told.get("external_id") or (call.contact.external_id if call.contact else None),
        "phCompanyId": short_id(call.company_id) if call.company_id else told.get("company_id"),
        "companyId": told.get("company_external_id") or (call.company.external_id if call.company else None),
        "phAgentId": short_id(call.agent_id) if call.agent_id else agent_told.get("agent_id"),
        "agentId": agent_told.get("agent_external_id") or (call.agent.external_id if call.agent else None),
        "agentName": call.agent_name,
    }


def _extras(call: Call) -> dict[str, Any]:
    """The client's own fields, as they came; another vendor's document stays in that vendor's words and is not shown here."""
    if call.source != Source.PLANHAT:
        return {}
    return {name: value for name, value in call.document.items() if name not in CALL_FIELDS and name not in OURS}


def _without_blanks(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in CALL_FIELDS or value not in (None, "")}
