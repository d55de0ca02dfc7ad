"""Writing a call as the vendor's ``CallRecordInfo``, and its siblings. Null members are left out, as the framework does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from calls.choices import MISSED, Direction
from calls.dialects.hostedsuite.search import Found
from calls.dialects.hostedsuite.vocabulary import TYPE_OF
from calls.models import Call, CallEvent
from contacts.models import Company
from tenants.authentication import Principal


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
    caller, callee = _sides(call)
    record = {
        "Id": str(call.pk),
        "ClientId": _id(call.company_id),
        "ClientName": call.company.name if call.company else None,
        "CenterId": _id(call.center_id),
        "StartTime": _local(call.started_at, zone),
        "CallerName": caller[0],
        "CallerNumber": caller[1],
        "TransferToName": callee[0],
        "TransferToNumber": callee[1],
        "Notes": call.notes,
        "DurationInSeconds": _seconds(call.duration_ms),
        "RingTimeInSeconds": _seconds(call.ring_ms),
        "HoldTimeInSeconds": _seconds(call.hold_ms),
        "HoldCount": call.hold_count,
        "Interactions": _interactions(call.interactions, zone),  # type: ignore[attr-defined] # by with_everything_shown
        "AnsweredBy": _answered_by(call),
        "Server": server if isinstance(server := call.facts.get("server"), str) else None,
        "TalkTimeInSeconds": _seconds(call.talk_ms),
        "TransferTimeInSeconds": _seconds(call.transfer_ms),
        "ScreenPop": call.screen_pop or None,
        "CompletedFormIds": call.completed_forms or None,
        "Flagged": call.is_flagged,
        "FlagNotes": call.flag_notes or None,
        "Type": TYPE_OF.get(Direction(call.direction)),
        "WorkTimeInSeconds": _seconds(call.work_ms),
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


def user_info(principal: Principal) -> dict[str, Any]:
    """The signed-in person as ``UserInfo``."""
    return {
        "Authenticated": True,
        "UserType": principal.role.title(),
        "Name": str(principal.user),
        "CompanyName": principal.tenant.name,
        "UserId": str(principal.user.pk),
    }


def _sides(call: Call) -> tuple[tuple[str | None, str | None], tuple[str | None, str | None]]:
    """Name and number of the caller and of who was called; the contact's name stands in for one that was not told.

    Where it is not known which way the call went and one party is known, that one is the caller.
    """
    remote_name = call.remote_name or (call.contact.name if call.contact else "")
    caller = [call.caller_name, call.caller_e164 or call.caller_raw]
    callee = [call.callee_name, call.callee_e164 or call.callee_raw]
    if call.direction == Direction.UNKNOWN and not any(caller):
        caller, callee = [remote_name, call.remote_e164 or call.remote_raw], ["", ""]
    remote = callee if call.direction == Direction.OUTBOUND else caller
    if call.direction in TYPE_OF:
        remote[0] = remote[0] or remote_name
    return (caller[0] or None, caller[1] or None), (callee[0] or None, callee[1] or None)


def _answered_by(call: Call) -> str | None:
    if call.disposition in MISSED:
        return None
    return (call.agent.name if call.agent else call.agent_name) or None


def _interactions(events: Iterable[CallEvent], zone: ZoneInfo) -> list[dict[str, Any]] | None:
    rows = [
        {
            "StartTime": _local(event.happened_at, zone),
            "Type": event.summary,
            "Description": event.data.get("description", ""),
        }
        for event in events
    ]
    return rows or None


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _seconds(milliseconds: int | None) -> int | float:
    whole, rest = divmod(milliseconds or 0, 1000)
    return (milliseconds or 0) / 1000 if rest else whole


def _id(key: object) -> str | None:
    return str(key) if key else None


def _known(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}
