"""From Planhat's document of a call to what the ledger takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils import timezone

from calls.choices import Direction, Source
from calls.dialects.planhat.values import is_told, link, milliseconds, moment, text
from calls.dialects.planhat.vocabulary import AGENT_FIELDS, CONTACT_FIELDS, DIRECTIONS, OURS
from calls.drafts import UNSET, CallChanges, CallDraft, PartyDraft
from calls.errors import InvalidCall
from calls.models import Call, Recording
from calls.recordings import links
from contacts.matching import AgentHint, ContactHint
from tenants.models import Tenant, User

_LONGEST_NUMBER = 128


def draft_of(body: Mapping[str, Any], *, user: User | None) -> CallDraft:
    """The call a document tells. ``user`` is whose token logs it, the agent where none is named; None at the open door."""
    _want_one_of(body, CONTACT_FIELDS)
    if user is None:
        _want_one_of(body, AGENT_FIELDS)
    return CallDraft(
        source=Source.PLANHAT,
        started_at=moment(body, "start") or timezone.now(),  # sister pages default their date to the time of receipt
        ended_at=moment(body, "end"),
        ring_ms=milliseconds(body, "waiting"),
        direction=_direction(body) or Direction.UNKNOWN,
        remote=PartyDraft(number=text(body, "nr", _LONGEST_NUMBER)),
        contact=ContactHint(**_contact_ids(body)),
        agent=replace(_agent(body), user=user),
        recording_url=link(body, "record"),
        document=_kept(body),
        is_verified=user is not None,
    )


def without_play_link(body: Mapping[str, Any], tenant: Tenant) -> Mapping[str, Any]:
    """The document without a play link of ours, as ``record`` is read where audio is stored here
    (``writing.document_of``): it works for minutes, and is not what a client gives."""
    record = body.get("record")
    key = links.recording_of(record.strip()) if isinstance(record, str) else None
    if key is None or not Recording.objects.for_tenant(tenant).filter(pk=key).exists():
        return body
    return {name: value for name, value in body.items() if name != "record"}


def changes_of(body: Mapping[str, Any], call: Call) -> CallChanges:
    """What a PUT changes: only what it names. An id it names replaces the ids of that group, whoever they were."""
    return CallChanges(
        started_at=moment(body, "start") or UNSET,
        ended_at=moment(body, "end") or UNSET,
        ring_ms=milliseconds(body, "waiting") if is_told(body, "waiting") else UNSET,
        direction=_direction(body) or UNSET,
        remote=PartyDraft(number=text(body, "nr", _LONGEST_NUMBER)) if is_told(body, "nr") else UNSET,
        contact=_changed_contact(body, call),
        agent=_agent(body) if any(is_told(body, name) for name in AGENT_FIELDS) else UNSET,
        recording_url=link(body, "record") or UNSET,
        document=_kept(body) or UNSET,
    )


def _want_one_of(body: Mapping[str, Any], names: tuple[str, ...]) -> None:
    if not any(is_told(body, name) for name in names):
        listed = f"{', '.join(names[:-1])} or {names[-1]}"
        raise InvalidCall(f"Give one of {listed}.", code="required", fields=dict.fromkeys(names, f"One of {listed} is required."))


def _direction(body: Mapping[str, Any]) -> Direction | None:
    word = text(body, "direction").lower()
    if word and word not in DIRECTIONS:
        raise InvalidCall.field("direction", "direction is “in” or “out”.")
    return DIRECTIONS.get(word)


def _contact_ids(body: Mapping[str, Any]) -> dict[str, str]:
    return {
        "id": text(body, "phUserId"),
        "external_id": text(body, "userId"),
        "company_id": text(body, "phCompanyId"),
        "company_external_id": text(body, "companyId"),
    }


def _agent(body: Mapping[str, Any]) -> AgentHint:
    return AgentHint(
        id=text(body, "phAgentId"),
        external_id=text(body, "agentId") or text(body, "externalUserId"),
        name=text(body, "agentName"),
    )


def _changed_contact(body: Mapping[str, Any], call: Call) -> ContactHint:
    ids = _contact_ids(body)
    if not any(ids.values()):
        return UNSET  # type: ignore[no-any-return]
    for group in (("id", "external_id"), ("company_id", "company_external_id")):
        if not any(ids[name] for name in group):
            ids |= {name: call.given_contact.get(name, "") for name in group}
    return ContactHint(**ids)


def _kept(body: Mapping[str, Any]) -> dict[str, Any]:
    """The vendor's document, kept whole but for the names that are ours to say."""
    return {name: value for name, value in body.items() if name not in OURS}
