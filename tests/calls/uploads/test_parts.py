"""Audio in parts: appended, in numbered chunks of any order, and packed."""

from __future__ import annotations

import gzip
import hashlib
import io

import pytest

from calls import uploads
from calls.errors import CallConflict
from calls.recordings.errors import AudioRefused, OffsetConflict
from calls.uploads import ChunkRefused, Told
from tests.calls.uploads.sending import (
    add,
    fresh,
    open_ticket,
    send_chunk,
    speech,
    spool_names,
)

pytestmark = pytest.mark.django_db

AUDIO, OTHER = speech(), speech(hertz=880.0)


# Appending


def test_appends_until_all_announced_bytes_are_here(tenant):
    ticket = open_ticket(tenant, told=Told(size=len(AUDIO)))
    assert add(ticket, 0, AUDIO[:1000]) == (1000, None)
    assert uploads.received_bytes(fresh(ticket)) == 1000
    size, kept = add(ticket, 1000, AUDIO[1000:])
    assert (size, kept.is_new) == (len(AUDIO), True)
    assert kept.recording.sha256 == hashlib.sha256(AUDIO).hexdigest()
    assert add(ticket, len(AUDIO), b"")[1].recording == kept.recording
    assert spool_names() == []


def test_appends_only_where_it_ended(tenant):
    ticket = open_ticket(tenant, told=Told(size=len(AUDIO)))
    with pytest.raises(OffsetConflict):
        add(ticket, 5, AUDIO)
    add(ticket, 0, AUDIO[:1000])
    with pytest.raises(OffsetConflict) as conflict:
        add(ticket, 0, AUDIO)
    assert conflict.value.size == 1000


def test_more_than_was_announced_adds_nothing(tenant):
    ticket = open_ticket(tenant, told=Told(size=len(AUDIO)))
    add(ticket, 0, AUDIO[:1000])
    with pytest.raises(AudioRefused):
        add(ticket, 1000, AUDIO)
    assert uploads.received_bytes(fresh(ticket)) == 1000


def test_begins_again_after_the_whole_was_refused(tenant):
    ticket = open_ticket(tenant, told=Told(size=len(AUDIO)))
    with pytest.raises(AudioRefused):
        add(ticket, 0, b"x" * len(AUDIO))
    assert uploads.received_bytes(fresh(ticket)) == 0
    assert add(ticket, 0, AUDIO)[1].is_new


def test_finishes_on_request_where_no_size_was_announced(tenant):
    ticket = open_ticket(tenant)
    with pytest.raises(AudioRefused):
        uploads.finish(fresh(ticket))
    add(ticket, 0, AUDIO)
    assert uploads.finish(fresh(ticket)).is_new
    assert not uploads.finish(fresh(ticket)).is_new


# Chunks


def test_chunks_in_any_order_make_the_whole(tenant):
    ticket = open_ticket(tenant)
    a, b, c = AUDIO[:9000], AUDIO[9000:20_000], AUDIO[20_000:]
    assert send_chunk(ticket, 2, None, b) is None
    assert send_chunk(ticket, 1, None, a) is None
    kept = send_chunk(ticket, 3, 3, c)
    assert kept.recording.md5 == hashlib.md5(AUDIO).hexdigest()
    assert kept.call.duration_ms == 2000
    assert spool_names() == []


def test_a_chunk_sent_again_replaces_the_first(tenant):
    ticket = open_ticket(tenant)
    send_chunk(ticket, 1, 2, b"wrong")
    send_chunk(ticket, 1, 2, AUDIO[:9000])
    assert send_chunk(ticket, 2, 2, AUDIO[9000:]).is_new


def test_the_last_chunk_again_gets_the_same_answer(tenant):
    ticket = open_ticket(tenant)
    kept = send_chunk(ticket, 1, 1, AUDIO)
    assert send_chunk(ticket, 1, 1, AUDIO).recording == kept.recording
    with pytest.raises(CallConflict):
        send_chunk(ticket, 1, 1, OTHER)


def test_after_a_refusal_chunks_can_be_put_right(tenant):
    ticket = open_ticket(tenant)
    send_chunk(ticket, 1, None, b"not audio")
    with pytest.raises(AudioRefused):
        send_chunk(ticket, 2, 2, AUDIO[9000:])
    assert send_chunk(ticket, 1, 2, AUDIO[:9000]).is_new


@pytest.mark.parametrize(("number", "total"), [(0, 2), (3, 2), (1, 10_001), (10_001, None)])
def test_a_chunk_that_cannot_be_is_refused(tenant, number, total):
    with pytest.raises(ChunkRefused):
        send_chunk(open_ticket(tenant), number, total, b"x")


def test_the_total_does_not_change(tenant):
    ticket = open_ticket(tenant)
    send_chunk(ticket, 1, 3, b"x")
    with pytest.raises(ChunkRefused):
        send_chunk(ticket, 2, 2, b"x")
    send_chunk(ticket, 3, None, b"x")
    assert len(spool_names()) == 2


def test_chunks_together_stay_below_the_limit(tenant, settings):
    settings.CALLHUB_AUDIO_LIMIT = 10
    ticket = open_ticket(tenant)
    send_chunk(ticket, 1, None, b"x" * 6)
    with pytest.raises(AudioRefused):
        send_chunk(ticket, 2, None, b"x" * 6)
    send_chunk(ticket, 1, None, b"x" * 8)


# gzip


@pytest.mark.parametrize("parts", [1, 3])
def test_gzip_is_undone(parts):
    packed = b"".join(gzip.compress(AUDIO[start::parts]) for start in range(parts))
    stream = uploads.gunzipped(io.BytesIO(packed))
    assert b"".join(iter(lambda: stream.read(1000), b"")) == b"".join(AUDIO[start::parts] for start in range(parts))


def test_a_gzip_bomb_stops_at_the_limit(tenant, settings):
    settings.CALLHUB_AUDIO_LIMIT = 1_000_000
    bomb = uploads.gunzipped(io.BytesIO(gzip.compress(bytes(200_000_000))))
    with pytest.raises(AudioRefused) as refused:
        uploads.receive_whole(open_ticket(tenant), bomb)
    assert refused.value.code == "too_large"


@pytest.mark.parametrize(("body", "code"), [(b"no gzip at all", "not_audio"), (gzip.compress(AUDIO)[:-9], "truncated")])
def test_broken_gzip_is_refused(body, code):
    stream = uploads.gunzipped(io.BytesIO(body))
    with pytest.raises(AudioRefused) as refused:
        list(iter(lambda: stream.read(1000), b""))
    assert refused.value.code == code
