"""Links whose audio is to be kept here: a recording that is expected, and when it is due."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from callhub import doorbell
from calls.choices import RecordingKind
from calls.models import Call, Recording, RecordingFetch


def expect_from_links(calls: Iterable[Call]) -> None:
    """Expect the audio the links of these calls lead to; to be called in the transaction that wrote the links.

    A link that is fetched already, or was, is not fetched again.
    """
    links = [(call, call.recording_url) for call in calls if call.recording_url]
    wanted = {(call.pk, url): call for call, url in links}
    if not wanted:
        return
    known = Recording.objects.filter(call_id__in=[key for key, _ in wanted], kind=RecordingKind.AUDIO).exclude(url="")
    for pair in known.values_list("call_id", "url"):
        wanted.pop(pair, None)
    _expect(wanted.items())


def expect_from_link(call: Call, url: str) -> None:
    """The same for one link that is not the call's own."""
    if not Recording.objects.filter(call=call, kind=RecordingKind.AUDIO, url=url).exists():
        _expect([((call.pk, url), call)])


def ring_for_link(recording: Recording) -> None:
    """Have the audio of a link fetched, once the present transaction is committed."""
    from calls.tasks import fetch_link  # late: the tasks call the ledger

    doorbell.ring(fetch_link, str(recording.pk))


def _expect(wanted: Iterable[tuple[tuple[object, str], Call]]) -> None:
    recordings = [Recording(tenant_id=call.tenant_id, call=call, url=url) for (_, url), call in wanted]
    if not recordings:
        return
    Recording.objects.bulk_create(recordings)
    now = timezone.now()
    RecordingFetch.objects.bulk_create([RecordingFetch(recording=recording, due_at=now) for recording in recordings])
    for recording in recordings:
        ring_for_link(recording)
