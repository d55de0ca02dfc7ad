"""From a call to CallN's documents of it, in both generations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from calls.choices import MISSED, Direction, EventKind, RecordingState
from calls.dialects.calln.moments import written
from calls.dialects.calln.vocabulary import ACTIONS, DIRECTION_WORDS
from calls.life import CALLEE, CALLER, Life, life_of, whole_seconds
from calls.models import Call, CallEvent, Line, Recording
from tenants.models import Tenant

_UNDER_WAY = (RecordingState.EXPECTED, RecordingState.UPLOADING)


def call_document(call: Call, zone: ZoneInfo) -> dict[str, Any]:
    """One call, read through ``search.with_everything_shown``; ``startdatetime`` in ``zone``."""
    life = life_of(call)
    return {
        **_head(call, zone),
        "callerphonenumber": life.caller.number,
        "callername": life.caller_name,
        "destinationphonenumber": life.callee.number,
        "destinationname": life.callee_name,
        **_tail(life),
    }


def newer_document(call: Call, zone: ZoneInfo, audio_address: Callable[[Call], str]) -> dict[str, Any]:
    """One call as the second generation shows it, its two sides apart and what became of its audio."""
    life = life_of(call)
    kind, reason = _type(life)
    audio = _audio(call)
    return {
        **_head(call, zone),
        "callid": call.external_id,
        "type": kind,
        "typediscardedreason": reason,
        "caller": _side(call, CALLER, life.caller_name, life.caller.number),
        "destination": _side(call, CALLEE, life.callee_name, life.callee.number),
        "telephonyplatform": _fact(call, "platform"),
        "clientoperatingsystem": _fact(call, "operating_system"),
        "clientservername": _fact(call, "server"),
        "location": _fact(call, "location"),
        **_tail(life),
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
        "durationseconds": whole_seconds(call.duration_ms),
        "answerdelayms": call.ring_ms or 0,
        "direction": direction,
        "directiontype": direction,
    }


def _tail(life: Life) -> dict[str, Any]:
    call = life.call
    audio = _audio(call)
    return {
        "subject": call.outcome,
        "notes": call.notes,
        "rating": rating if type(rating := call.facts.get("rating")) is int else 0,
        "tags": sorted(tag.name for tag in call.tags.all()),
        **({"audiomd5hash": audio.md5, "audiolengthbytes": audio.size_bytes} if audio else {}),
    }


def _side(call: Call, prefix: str, name: str, number: str) -> dict[str, Any]:
    return {
        "phonenumber": number,
        "name": name,
        "macaddress": _fact(call, f"{prefix}_mac"),
        "mediaendpoint": _fact(call, f"{prefix}_media_endpoint"),
        "keypresses": _keypresses(call, prefix),
    }


def _keypresses(call: Call, prefix: str) -> list[dict[str, Any]]:
    """The keys as they came; of a source that names no times, the keys alone."""
    given = call.facts.get(f"{prefix}_keypresses")
    if isinstance(given, list):
        return given
    return [{"key": key} for key in _fact(call, f"{prefix}_dtmf")]


def _fact(call: Call, name: str) -> str:
    value = call.facts.get(name)
    return value if isinstance(value, str) else ""


def _type(life: Life) -> tuple[str, str]:
    """What became of the call's audio, and why there is none of a call that was talked on."""
    call = life.call
    if life.has_recording:
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
