"""What each act does to one call, and what takes it back. Both by the ledger."""

from __future__ import annotations

from typing import Any

from calls import ledger
from calls.choices import MatchState, RecordingState
from calls.drafts import CallChanges
from calls.models import Call
from calls.models.batch import BatchAct
from tenants.models import User


def do(act: str, call: Call, value: dict[str, Any], actor: User | None) -> tuple[dict[str, Any], int] | None:
    """Do it to a call that is locked; what it was before and the version it has now, None where it was so already.

    Raises ``CallError``.
    """
    if act == BatchAct.ERASE_AUDIO:
        return _erase(call, actor)
    before = _before(act, call)
    changed = ledger.amend(call, _changes(act, before, value), actor=actor)
    return (before, changed.version) if changed.version != call.version else None


def take_back(act: str, call: Call, before: dict[str, Any], version: int, actor: User | None) -> None:
    """Make a call what it was before. Raises ``CallChanged`` where it was changed since, and what else ``amend`` raises."""
    ledger.amend(call, _restoring(act, before), actor=actor, expected_version=version)


def _erase(call: Call, actor: User | None) -> tuple[dict[str, Any], int] | None:
    audio = list(call.recordings.filter(state=RecordingState.STORED))
    gone = [recording for recording in audio if ledger.remove_audio(recording, actor=actor)]
    return ({}, call.version) if gone else None


def _before(act: str, call: Call) -> dict[str, Any]:
    if act in (BatchAct.TAG, BatchAct.UNTAG):
        return {"tags": sorted(tag.name for tag in call.tags.all())}
    if act in (BatchAct.FLAG, BatchAct.UNFLAG):
        return {"is_flagged": call.is_flagged, "flag_notes": call.flag_notes}
    if act == BatchAct.OUTCOME:
        return {"outcome": call.outcome}
    chosen = call.match_state == MatchState.CHOSEN
    return {"is_chosen": chosen, "contact": str(call.contact_id) if call.contact_id else None}


def _changes(act: str, before: dict[str, Any], value: dict[str, Any]) -> CallChanges:
    match act:
        case BatchAct.TAG:
            there = {name.lower() for name in before["tags"]}
            added = [] if value["tag"].lower() in there else [value["tag"]]
            return CallChanges(tags=(*before["tags"], *added))
        case BatchAct.UNTAG:
            return CallChanges(tags=tuple(name for name in before["tags"] if name.lower() != value["tag"].lower()))
        case BatchAct.FLAG:
            return CallChanges(is_flagged=True, flag_notes=value["note"] or before["flag_notes"])
        case BatchAct.UNFLAG:
            return CallChanges(is_flagged=False, flag_resolution=value.get("resolution", ""))
        case BatchAct.OUTCOME:
            return CallChanges(outcome=value["outcome"])
    return CallChanges(chosen_contact=value["contact"])


def _restoring(act: str, before: dict[str, Any]) -> CallChanges:
    if act == BatchAct.CONTACT:
        return CallChanges(chosen_contact=before["contact"]) if before["is_chosen"] else CallChanges(forgets_choice=True)
    if "tags" in before:
        return CallChanges(tags=tuple(before["tags"]))
    return CallChanges(**before)
