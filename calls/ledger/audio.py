"""The audio of calls: announced, refused, kept, linked, removed, and who listened."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from calls import events, failpoints
from calls.choices import EventKind, RecordingKind, RecordingState, RemovalReason, Source, UploadMode
from calls.drafts import CallDraft
from calls.errors import CallConflict, CallNotFound, InvalidCall, OnHold
from calls.ledger.expecting import expect_from_link
from calls.ledger.judging import check_facts
from calls.ledger.recording import record
from calls.ledger.retaining import retain_until
from calls.models import Call, CallEvent, PlayableCopy, Recording
from calls.recordings import storage
from calls.recordings.errors import AudioRefused
from calls.recordings.probing import Probe
from calls.recordings.storage import StoredObject
from tenants.models import Tenant, User

SAME_PLAY = timedelta(minutes=10)  # requests for parts of a file that belong to one play or download


@dataclass(frozen=True, kw_only=True)
class Audio:
    """Audio that is kept: its object, and what probing said of it."""

    stored: StoredObject
    probe: Probe

    @property
    def columns(self) -> dict[str, Any]:
        """The same as a recording's row tells it."""
        return {
            "storage_key": self.stored.key,
            "size_bytes": self.stored.size,
            "md5": self.stored.md5,
            "sha256": self.stored.sha256,
            **dataclasses.asdict(self.probe),
        }


def announce(tenant: Tenant, call: Call | None = None) -> Recording:
    """Expect audio, of a call that is in the log or of one that will enter with it."""
    return Recording.objects.create(tenant=tenant, call=call)


def note_uploading(recording: Recording) -> None:
    """Say that bytes are coming in."""
    Recording.objects.filter(pk=recording.pk).advance(RecordingState.UPLOADING)


def refuse_audio(recording: Recording, refused: AudioRefused) -> None:
    """Say why what came was not taken; better audio may still come."""
    rows = Recording.objects.filter(pk=recording.pk)
    why = {"refusal": refused.code, "refusal_detail": refused.message[:300]}
    if not rows.advance(RecordingState.REFUSED, **why):
        rows.filter(state=RecordingState.REFUSED).update(**why, updated_at=timezone.now())


def give_up_audio(recording: Recording) -> None:
    """Say that announced audio will not come any more."""
    Recording.objects.filter(pk=recording.pk).advance(RecordingState.EXPIRED)


def file_audio(recording: Recording, audio: Audio, *, draft: CallDraft, actor: User | None = None) -> Recording:
    """Log a call together with its audio; the recording that keeps it.

    A call that is in the log by its external id takes the audio if it has none. Where it has these very bytes, its recording is
    the answer and the object of ``audio`` is superfluous. Raises ``InvalidCall``, and ``CallConflict`` where it has others.
    """
    with transaction.atomic():
        heard = dataclasses.replace(draft, heard_ms=audio.probe.duration_ms)
        recorded = record(recording.tenant, heard, actor=actor)
        call = recorded.call
        if not recorded.created:
            call = _locked(call)
            if (first := call.recordings.playable().current().first()) is not None:
                return _same_or_conflict(first, recording, audio)
        _keep(recording, audio, call)
        _note_audio(call, is_new=recorded.created)
        _tell(call, EventKind.RECORDING_STORED, recording, actor, {"mode": UploadMode.CALL.value}, source=draft.source)
        return recording


def add_audio(
    recording: Recording, audio: Audio, *, call: Call, replaces: bool = False, actor: User | None = None, source: str = ""
) -> Recording:
    """Keep audio for a call that is in the log, beside what it has or in its place. What it replaces is kept until retention.

    Raises ``CallNotFound`` where the call is gone.
    """
    with transaction.atomic():
        call = _locked(call)
        replaced = []
        if replaces:
            old = Recording.objects.filter(call=call, is_current=True).playable()
            replaced = [str(key) for key in old.values_list("pk", flat=True)]
            old.update(is_current=False, replaced_at=timezone.now(), updated_at=timezone.now())
        _keep(recording, audio, call)
        _note_audio(call)
        mode = UploadMode.REPLACE if replaces else UploadMode.ATTACH
        _tell(call, EventKind.RECORDING_STORED, recording, actor, {"mode": mode.value, "replaced": replaced}, source=source)
        return recording


def link_audio(call: Call, url: str, *, actor: User | None = None, fetches: bool | None = None) -> Recording:
    """Note that a call's audio is kept elsewhere; with ``fetches`` have it brought here, as the tenant wishes where it is None.

    Raises ``InvalidCall`` for what is no web address, ``CallNotFound``.
    """
    try:
        check_facts({"recording_url": url or None})
    except InvalidCall as error:
        raise InvalidCall.field("url", next(iter(error.fields.values()))) from error
    if not url:
        raise InvalidCall.field("url", "Must be an http or https address.")
    with transaction.atomic():
        call = _locked(call)
        recording = Recording.objects.create(
            tenant_id=call.tenant_id,
            call=call,
            kind=RecordingKind.LINK,
            state=RecordingState.STORED,
            url=url,
            stored_at=timezone.now(),
        )
        Call.objects.filter(pk=call.pk).update(
            recording_url=call.recording_url or url, version=F("version") + 1, updated_at=timezone.now()
        )
        _tell(call, EventKind.RECORDING_LINKED, recording, actor)
        if call.tenant.fetches_links if fetches is None else fetches:
            expect_from_link(call, url)
        return recording


def remove_audio(
    recording: Recording,
    *,
    actor: User | None = None,
    reason: RemovalReason = RemovalReason.PERSON,
    due_at: datetime | None = None,
) -> bool:
    """Remove what is kept of a recording, or its link; the call and the recording's row stay. Whether it went just now.

    With ``due_at`` it stays where its time is not over by then. Raises ``OnHold``. Its object goes after the transaction; where
    that fails the sweep finds it.
    """
    with transaction.atomic():
        call = _locked(recording.call) if recording.call is not None else None
        row = Recording.objects.select_for_update(of=("self",)).filter(pk=recording.pk).first()
        if row is None or not row.may_become(RecordingState.DELETED):
            return False
        if due_at is not None and (row.retain_until is None or row.retain_until > due_at):
            return False
        if row.is_on_hold:
            raise OnHold("A legal hold keeps this audio. Switch it off first.")
        gone = {"removed_at": timezone.now(), "removal_reason": reason, "storage_key": "", "peaks": None}
        Recording.objects.filter(pk=row.pk).advance(RecordingState.DELETED, **gone)
        if call is not None:
            link: dict[str, Any] = {"recording_url": ""} if _is_link_of(row, call) else {}
            _note_audio(call, **link)
            _tell(call, EventKind.RECORDING_REMOVED, row, actor, {"reason": str(reason)})
        copies = PlayableCopy.objects.filter(recording=row)
        keys = [row.storage_key, *copies.values_list("storage_key", flat=True)]
        copies.delete()
        for key in filter(None, keys):
            _drop_after_commit(key)
        return True


def _drop_after_commit(key: str) -> None:
    transaction.on_commit(lambda: _drop_object(key), robust=True)  # Django cannot name a partial where it logs its error


def _is_link_of(row: Recording, call: Call) -> bool:
    """Whether this is the link the call itself tells; what was fetched from there is a thing of its own."""
    return row.kind == RecordingKind.LINK and row.url == call.recording_url


def hold_audio(recording: Recording, *, is_on_hold: bool, actor: User | None = None) -> bool:
    """Set or lift the legal hold of stored audio; whether that changed anything. The timeline tells who did."""
    with transaction.atomic():
        list(Call.objects.select_for_update(of=("self",)).filter(recordings=recording.pk).values_list("pk"))  # as who erases it
        rows = Recording.objects.playable().filter(pk=recording.pk, is_on_hold=not is_on_hold)
        if not rows.update(is_on_hold=is_on_hold, updated_at=timezone.now()):
            return False
        if recording.call is not None:
            kind = EventKind.RECORDING_HELD if is_on_hold else EventKind.RECORDING_RELEASED
            _tell(recording.call, kind, recording, actor)
        return True


def note_heard(recording: Recording, *, actor: User, kind: EventKind, is_part: bool = False, source: str = Source.API) -> None:
    """Leave a trace of who played or downloaded audio.

    A part belongs to the same play as one before it within ten minutes, or within the time the recording lasts.
    """
    call = recording.call
    if call is None:
        return
    if not is_part:
        _tell(call, kind, recording, actor, source=source)
    elif not _heard_already(recording, call, actor, kind):
        with transaction.atomic(), suppress(CallNotFound):  # erased since: it has no trace any more
            _locked(call)  # players ask for two parts at once
            if not _heard_already(recording, call, actor, kind):
                _tell(call, kind, recording, actor, source=source)


def _heard_already(recording: Recording, call: Call, actor: User, kind: EventKind) -> bool:
    since = timezone.now() - max(SAME_PLAY, timedelta(milliseconds=recording.duration_ms or 0))
    heard = CallEvent.objects.filter(call_id=call.pk, kind=kind, actor=actor, happened_at__gte=since)
    return heard.filter(data__recording=str(recording.pk)).exists()


def _drop_object(key: str) -> None:
    failpoints.reach("audio.row_deleted")
    storage.delete(key)


def note_analysis(recording: Recording, heard: Mapping[str, Any]) -> None:
    """Keep what was heard in stored audio (``recordings.analysis``); nothing, where listening was not possible."""
    rows = Recording.objects.filter(pk=recording.pk, state=RecordingState.STORED)
    rows.update(**heard, analysed_at=timezone.now(), updated_at=timezone.now())


def _locked(call: Call) -> Call:
    locked = Call.objects.select_for_update(of=("self",)).select_related("tenant").filter(pk=call.pk).first()
    if locked is None:
        raise CallNotFound("There is no such call.")
    return locked


def _keep(recording: Recording, audio: Audio, call: Call) -> None:
    """Make the announced recording the one that keeps the audio. The row of one that has ended meanwhile does not move."""
    kept = {"stored_at": timezone.now(), "retain_until": retain_until(call)}
    facts = {**audio.columns, **kept, "call": call, "refusal": "", "refusal_detail": ""}
    if not Recording.objects.filter(pk=recording.pk).advance(RecordingState.STORED, **facts):
        raise CallConflict("This audio is not expected any more.")
    recording.refresh_from_db()


def _same_or_conflict(first: Recording, recording: Recording, audio: Audio) -> Recording:
    if first.sha256 != audio.stored.sha256:
        raise CallConflict("The call is in the log already with other audio. Add to it or replace it.")
    Recording.objects.filter(pk=recording.pk).advance(RecordingState.ABSENT, call=first.call, is_current=False)
    return first


def _note_audio(call: Call, *, is_new: bool = False, **columns: Any) -> None:
    """Let the call say whether audio of it is kept."""
    has_audio = Recording.objects.filter(call=call, is_current=True).playable().exists()
    version = call.version if is_new else F("version") + 1
    Call.objects.filter(pk=call.pk).update(has_audio=has_audio, version=version, updated_at=timezone.now(), **columns)
    call.has_audio = has_audio


def _tell(
    call: Call,
    kind: EventKind,
    recording: Recording,
    actor: User | None,
    data: Mapping[str, Any] | None = None,
    *,
    source: str = "",
) -> None:
    told = {"recording": str(recording.pk), **(data or {})}
    events.write(events.event_of(call, kind, actor=actor, source=source, data=told))
