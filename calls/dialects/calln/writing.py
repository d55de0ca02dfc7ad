"""From a call to CallN's documents of it, in both generations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from calls.choices import MISSED, Direction, EventKind, RecordingState
from calls.dialects.calln.moments import written
from calls.dialects.calln.vocabulary import ACTIONS, DIRECTION_WORDS
from calls.models import Call, CallEvent, Line, Recording
from tenants.models import Tenant

_UNDER_WAY = (RecordingState.EXPECTED, RecordingState.UPLOADING)


def call_document(call: Call, zone: ZoneInfo) -> dict[str, Any]:
    """One call, read through ``search.with_everything_shown``; ``startdatetime`` in ``zone``, lengths in seconds."""
    caller, callee = _sides(call)
    return {
        **_head(call, zone),
        "callerphonenumber": caller[1],
        "callername": caller[0],
        "destinationphonenumber": callee[1],
        "destinationname": callee[0],
        **_tail(call),
    }


def newer_document(call: Call, zone: ZoneInfo, audio_address: Callable[[Call], str]) -> dict[str, Any]:
    """One call as the second generation shows it, its two sides apart and what became of its audio."""
    (caller_name, caller_number), (callee_name, callee_number) = _sides(call)
    kind, reason = _type(call)
    audio = _audio(call)
    return {
        **_head(call, zone),
        "callid": call.external_id,
        "type": kind,
        "typediscardedreason": reason,
        "caller": _side(call, "caller", caller_name, caller_number),
        "destination": _side(call, "callee", callee_name, callee_number),
        "telephonyplatform": _fact(call, "platform"),
        "clientoperatingsystem": _fact(call, "operating_system"),
        "clientservername": _fact(call, "server"),
        "location": _fact(call, "location"),
        **_tail(call),
        **({"audiourl": audio_address(call), "audiocontenttype": audio.mime} if audio else {}),
    }


def audits(events: Iterable[CallEvent], zone: ZoneInfo) -> list[dict[str, Any]]:
    """What happened to a call, the first thing first."""
    return [
        {
            "id": event.pk,
            "datetime": written(event.happened_at, zone),
            "datetimeutc": written(event.happened_at, UTC),
            "action": ACTIONS.get(EventKind(event.kind), event.get_kind_display().lower()),
            "username": event.actor.username if event.actor else "",
            "description": event.summary,
        }
        for event in events
    ]


def client(tenant: Tenant) -> dict[str, Any]:
    """One account of a reseller."""
    return {
        "id": str(tenant.pk),
        "name": tenant.name,
        "domainname": tenant.slug,
        "timezone": tenant.time_zone,
        "country": tenant.country,
        "monthlydepositquota": tenant.monthly_deposits,
    }


def handset(line: Line) -> dict[str, Any]:
    """One line, with the account it belongs to."""
    return {
        "id": str(line.pk),
        "clientid": str(line.tenant_id),
        "phonenumber": line.number,
        "name": line.name,
        "handsetgroup": line.center.name if line.center else "",
    }


def _head(call: Call, zone: ZoneInfo) -> dict[str, Any]:
    direction = DIRECTION_WORDS[Direction(call.direction)]
    return {
        "id": call.number,
        "startdatetime": written(call.started_at, zone),
        "startdatetimeutc": written(call.started_at, UTC),
        "durationseconds": _seconds(call.duration_ms),
        "answerdelayms": call.ring_ms or 0,
        "direction": direction,
        "directiontype": direction,
    }


def _tail(call: Call) -> dict[str, Any]:
    audio = _audio(call)
    return {
        "subject": call.outcome,
        "notes": call.notes,
        "rating": rating if type(rating := call.facts.get("rating")) is int else 0,
        "tags": sorted(tag.name for tag in call.tags.all()),
        **({"audiomd5hash": audio.md5, "audiolengthbytes": audio.size_bytes} if audio else {}),
    }


def _sides(call: Call) -> tuple[tuple[str, str], tuple[str, str]]:
    """Name and number of the caller and of who was called, as they were told; the contact's name stands in for one untold.

    Where it is not known which way the call went and one party is known, that one is the caller.
    """
    remote_name = call.remote_name or (call.contact.name if call.contact else "")
    caller, callee = [call.caller_name, call.caller_raw], [call.callee_name, call.callee_raw]
    if call.direction == Direction.UNKNOWN and not any(caller + callee):
        caller = [remote_name, call.remote_raw]
    outside = {Direction.INBOUND: caller, Direction.OUTBOUND: callee}.get(Direction(call.direction))
    if outside is not None:
        outside[:] = outside[0] or remote_name, outside[1] or call.remote_raw
    return (caller[0], caller[1]), (callee[0], callee[1])


def _side(call: Call, prefix: str, name: str, number: str) -> dict[str, Any]:
    return {
        "phonenumber": number,
        "name": name,
        "macaddress": _fact(call, f"{prefix}_mac"),
        "mediaendpoint": _fact(call, f"{prefix}_media_endpoint"),
        "keypresses": _fact(call, f"{prefix}_dtmf"),
    }


def _fact(call: Call, name: str) -> str:
    value = call.facts.get(name)
    return value if isinstance(value, str) else ""


def _type(call: Call) -> tuple[str, str]:
    """What became of the call's audio, and why there is none of a call that was talked on."""
    if call.has_recording:
        return "recorded", ""
    if any(recording.state in _UNDER_WAY for recording in _recordings(call)):
        return "uploading", ""
    if call.disposition in MISSED:
        return "unanswered", ""
    gone = next((recording for recording in _recordings(call) if recording.state == RecordingState.DELETED), None)
    return "discarded", "The audio was removed." if gone else "No audio was sent."


def _audio(call: Call) -> Recording | None:
    """The audio the call is heard by, where it is kept here."""
    return next((recording for recording in _recordings(call) if recording.is_playable), None)


def _recordings(call: Call) -> list[Recording]:
    recordings: list[Recording] = call.audio  # type: ignore[attr-defined] # by with_everything_shown
    return recordings


def _seconds(milliseconds: int | None) -> int | float:
    whole, rest = divmod(milliseconds or 0, 1000)
    return (milliseconds or 0) / 1000 if rest else whole
