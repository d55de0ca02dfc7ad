"""Recordings of the demo's latest answered calls, kept, probed and listened to the way any sender's are."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings

from calls import ledger, uploads
from calls.choices import Direction, Disposition, Source
from calls.demo import voices
from calls.demo.cast import Cast
from calls.drafts import CallDraft, PartyDraft
from calls.models import Call
from calls.recordings import analysis, probing, storage
from calls.recordings.errors import AudioRefused
from calls.recordings.jail import JailTrouble
from calls.recordings.probing import Probe
from tenants.authentication import Principal

HOUR_S = 3600
PER_TENANT = 20
_QUIET_S = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """One made-up recording; its parts follow each other."""

    seconds: int
    channels: int
    parts: Sequence[bytes]

    def file(self) -> Stream:
        """The file, from its beginning."""
        return Stream(voices.wav(self.parts, self.channels))


class Stream:
    """Pieces of bytes, read like a file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most ``size``."""
        if not self._left:
            self._left = memoryview(next(self._pieces, b""))
        chunk, self._left = self._left[:size], self._left[size:]
        return bytes(chunk)


@lru_cache(maxsize=1)
def scenes() -> list[Scene]:
    """What is recorded again and again, in stereo but for one; then a line without a word, then an hour."""
    told = [(31, 1), (48, 2), (22, 3), (57, 4)]
    short = [Scene(seconds=s, channels=2, parts=[voices.mulaw(voices.conversation(s, seed))]) for s, seed in told]
    mono = voices.conversation(36, 5).sum(axis=0, keepdims=True)
    return [
        *short,
        Scene(seconds=36, channels=1, parts=[voices.mulaw(mono)]),
        Scene(seconds=_QUIET_S, channels=1, parts=[voices.mulaw(voices.hum(_QUIET_S))]),
        Scene(seconds=HOUR_S, channels=1, parts=_an_hour()),
    ]


def _an_hour() -> list[bytes]:
    """A long meeting: lively, subdued and silent half-minutes."""
    lively = voices.conversation(30, 6, pauses=False).sum(axis=0, keepdims=True)
    moods = [voices.mulaw(sound) for sound in (lively, lively * np.float32(0.4), lively * np.float32(0.7), voices.hum(30))]
    order = random.Random(6).choices(range(4), weights=[4, 3, 4, 2], k=HOUR_S // 30)  # noqa: S311 - a made-up meeting
    return [moods[number] for number in order]


class Listening:
    """Finds out, while the calls are being logged, what each scene is and what can be heard in it: once, for all its files."""

    def __init__(self) -> None:
        pool = ThreadPoolExecutor(2)
        self._found: dict[Scene, Future[Any]] = {scene: pool.submit(_listen, scene) for scene in reversed(scenes())}
        pool.shutdown(wait=False)

    def facts_of(self, scene: Scene) -> tuple[Probe, dict[str, Any] | None]:
        """What it is, and what can be heard; None where that has to be found out in the background."""
        found: tuple[Probe, dict[str, Any] | None] = self._found[scene].result()
        return found


def cast_scenes(drafts: Sequence[CallDraft], now: datetime, *, with_hour: bool) -> tuple[list[CallDraft], dict[str, Scene]]:
    """The drafts, of which the latest answered ones now last as long as their recording; the scenes by external id."""
    *usual, quiet, hour = scenes()
    order = [usual[number % len(usual)] for number in range(PER_TENANT - 2)]
    chosen: dict[str, Scene] = {}
    for draft in reversed(drafts):
        if not _may_be_recorded(draft, now):
            continue
        if with_hour and hour not in chosen.values() and draft.started_at < now - timedelta(hours=2):
            chosen[draft.external_id] = hour
        elif quiet not in chosen.values() and len(chosen) == 3:
            chosen[draft.external_id] = quiet
        elif order and draft.started_at < now - timedelta(minutes=3):
            chosen[draft.external_id] = order.pop(0)
        if len(chosen) == PER_TENANT:
            break
    fitted = [_lasting(draft, chosen[draft.external_id].seconds) if draft.external_id in chosen else draft for draft in drafts]
    return fitted, chosen


def record_scenes(cast: Cast, chosen: dict[str, Scene], listening: Listening) -> int:
    """Keep the recordings of a tenant's calls, one that is no good and one that has not come yet; how many are kept."""
    calls = Call.objects.for_tenant(cast.tenant).filter(external_id__in=chosen).select_related("tenant")
    for call in calls:
        _record(call, chosen[call.external_id], listening)
    _refused(cast)
    _announced(cast)
    return len(calls)


def _may_be_recorded(draft: CallDraft, now: datetime) -> bool:
    is_plain = draft.disposition == Disposition.ANSWERED and draft.direction in (Direction.INBOUND, Direction.OUTBOUND)
    return is_plain and draft.ended_at is not None and not draft.legs and not draft.hold_ms and draft.is_verified


def _lasting(draft: CallDraft, seconds: int) -> CallDraft:
    """The same call with a talk of so many seconds."""
    end = draft.started_at + timedelta(milliseconds=draft.ring_ms or 0, seconds=seconds)
    told = tuple(replace(one, happened_at=end) if one.summary == "Hung up" else one for one in draft.interactions)
    return replace(draft, ended_at=end, interactions=told)


def _record(call: Call, scene: Scene, listening: Listening) -> None:
    probe, heard = listening.facts_of(scene)
    stored = storage.put(scene.file(), call.tenant, 2**30)
    recording = ledger.announce(call.tenant, call)
    ledger.add_audio(recording, ledger.Audio(stored=stored, probe=probe), call=call, source=call.source)
    if heard is not None:
        ledger.note_analysis(recording, heard)


def _listen(scene: Scene) -> tuple[Probe, dict[str, Any] | None]:
    settings.CALLHUB_SPOOL_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=settings.CALLHUB_SPOOL_DIR, prefix="demo-", suffix=".wav") as file:
        stream = scene.file()
        while chunk := stream.read(1024 * 1024):
            file.write(chunk)
        file.flush()
        probe = probing.probe(Path(file.name))
        try:
            return probe, vars(analysis.analyse(Path(file.name), probe.duration_ms))
        except JailTrouble:  # a machine that is too busy just now
            return probe, None


def _refused(cast: Cast) -> None:
    """A web page where audio should be: what an exchange sends whose recording server is down."""
    call = Call.objects.for_tenant(cast.tenant).filter(disposition=Disposition.ANSWERED, has_audio=False).newest_first().first()
    if call is None:
        return
    recording = ledger.announce(cast.tenant, call)
    spool = storage.Spool.create()
    try:
        spool.append(0, Stream([b"<!DOCTYPE html><title>503 Service Unavailable</title>" * 20]), limit_bytes=10_000)
        probing.probe(spool.path)
    except AudioRefused as refused:
        ledger.refuse_audio(recording, refused)
    finally:
        spool.discard()


def _announced(cast: Cast) -> None:
    """A call whose exchange has said what it was, and not yet sent what was heard."""
    owner = cast.logins[0]
    principal = Principal(tenant=cast.tenant, user=owner.user, role=owner.role)
    said = PartyDraft(number=cast.strangers[0])
    started_at = Call.objects.for_tenant(cast.tenant).newest_first().values_list("started_at", flat=True)[0]
    draft = CallDraft(source=Source.CALLN, started_at=started_at, direction=Direction.INBOUND, remote=said)
    uploads.open_ticket(cast.tenant, principal, Source.CALLN, draft=draft)
