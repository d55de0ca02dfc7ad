"""Writing a call as the vendor's ``CallRecordInfo``, and its siblings. Null members are left out, as the framework does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from calls.choices import Direction
from calls.dialects.hostedsuite.listing import Allowance
from calls.dialects.hostedsuite.search import Found
from calls.dialects.hostedsuite.vocabulary import INTERACTION_TYPES, TYPE_OF
from calls.life import Life, Party, life_of, seconds
from calls.models import Call
from contacts.models import Company, Contact
from tenants.authentication import Principal
from tenants.models import Center


def list_of(found: Found, zone: ZoneInfo) -> dict[str, Any]:
    """The envelope of a list of calls."""
    return {
        "Items": [call_record(call, zone) for call in found.calls],
        "Page": found.page,
        "TotalCount": found.total,
        "TotalPages": found.pages,
    }


def call_record(call: Call, zone: ZoneInfo) -> dict[str, Any]:
    """One call, read through ``search.with_everything_shown``; times in ``zone``, lengths in seconds."""
    life = life_of(call)
    target = _target(life)
    record = {
        "Id": str(call.pk),
        "ClientId": _id(call.company_id),
        "ClientName": call.company.name if call.company else None,
        "CenterId": _id(call.center_id),
        "StartTime": _local(call.started_at, zone),
        "CallerName": life.caller_name or None,
        "CallerNumber": life.caller.international or None,
        "TransferToName": target.name or None,
        "TransferToNumber": target.international or None,
        "Notes": call.notes,
        "DurationInSeconds": seconds(call.duration_ms or 0),
        "RingTimeInSeconds": seconds(call.ring_ms or 0),
        "HoldTimeInSeconds": seconds(call.hold_ms or 0),
        "HoldCount": call.hold_count,
        "Interactions": _interactions(life, zone),
        "AnsweredBy": life.answered_by or None,
        "Server": server if isinstance(server := call.facts.get("server"), str) else None,
        "TalkTimeInSeconds": seconds(call.talk_ms or 0),
        "TransferTimeInSeconds": seconds(call.transfer_ms or 0),
        "ScreenPop": call.screen_pop or None,
        "CompletedFormIds": [str(form) for form in call.completed_forms] or None,
        "Flagged": call.is_flagged,
        "FlagNotes": call.flag_notes or None,
        "Type": TYPE_OF[life.goes_out],
        "WorkTimeInSeconds": seconds(call.work_ms or 0),
    }
    return _known(record)


def client(company: Company, zone: ZoneInfo) -> dict[str, Any]:
    """One company as ``ClientInfo``."""
    return _known(
        {
            "Id": str(company.pk),
            "DateLastModified": _local(company.updated_at, zone),
            "Name": company.name,
            "Information": company.notes or None,
            "ThirdPartyAccountId": company.external_id or None,
        }
    )


def center(row: Center, zone: ZoneInfo) -> dict[str, Any]:
    """One center as ``CenterInfo``."""
    return _known(
        {
            "Id": str(row.pk),
            "DateLastModified": _local(row.updated_at, zone),
            "Name": row.name,
            "ThirdPartyAccountId": row.external_id or None,
        }
    )


def contact(row: Contact, zone: ZoneInfo) -> dict[str, Any]:
    """One contact as ``ContactInfo``; the last word of a name that has several is the last name."""
    first, _, last = row.name.rpartition(" ")
    return _known(
        {
            "Id": str(row.pk),
            "DateLastModified": _local(row.updated_at, zone),
            "ClientId": _id(row.company_id),
            "ClientName": row.company.name if row.company else None,
            "FirstName": first or last,
            "LastName": last if first else None,
            "Name": row.name,
            "Information": row.notes or None,
            "ThirdPartyAccountId": row.external_id or None,
            "PhoneNumbers": [{"Number": number.e164 or number.raw} for number in row.numbers.all()],
            "EmailAddresses": [{"EmailAddress": row.email}] if row.email else [],
        }
    )


def allowance(row: Allowance) -> dict[str, Any]:
    """What a client's calls come to. Nothing is agreed with clients here, so no balance is left of it."""
    return {
        "ClientId": str(row.client.pk),
        "ClientName": row.client.name,
        "CallCount": row.calls,
        "UsedSeconds": seconds(row.billed_ms),
        "UsedMinutes": round(row.billed_ms / 60_000, 2),
    }


def user_info(principal: Principal) -> dict[str, Any]:
    """The signed-in person as ``UserInfo``."""
    return {
        "Authenticated": True,
        "UserType": principal.role.title(),
        "Name": str(principal.user),
        "CompanyName": principal.tenant.name,
        "UserId": str(principal.user.pk),
    }


def _target(life: Life) -> Party:
    """Where the call was sent on to; of one that went out or is undirected, who was called.

    An incoming call that was not sent on has no target: the number it came in by is none.
    """
    if life.transfers:
        leg = life.transfers[-1]
        return Party(number=leg.number_raw, e164=leg.number_e164, name=leg.name)
    is_shown = life.goes_out or life.call.direction == Direction.UNKNOWN or life.call.transfer_ms
    return replace(life.callee, name=life.callee_name) if is_shown else Party()


def _interactions(life: Life, zone: ZoneInfo) -> list[dict[str, Any]] | None:
    rows = [
        {
            "StartTime": _local(one.at, zone),
            "Type": INTERACTION_TYPES[one.what] if one.what else one.summary,
            "Description": one.description,
        }
        for one in life.interactions
    ]
    return rows or None


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _id(key: object) -> str | None:
    return str(key) if key else None


def _known(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}
