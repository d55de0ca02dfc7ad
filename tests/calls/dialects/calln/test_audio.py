"""Audio: chunks in any order, refusals that leave the ticket usable, bodies that end early; downloads."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.handlers.wsgi import WSGIRequest

from calls.body import BodyRefused
from calls.choices import EventKind, Source
from calls.dialects.calln.audio import _body
from calls.models import Call, CallEvent, Recording, Upload, UploadChunk
from calls.recordings.storage.keeping import CHUNK_BYTES
from calls.uploads.sweeping import sweep
from tests.calls.dialects.calln.asking import announce, ask, call_body, listed, md5, refusal, send, speech, upload
from tests.calls.recordings.audio import encoded
from tests.make import make_call, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db
COMPLETE, INCOMPLETE = {"status": "complete"}, {"status": "incomplete"}


def test_chunks_may_come_in_any_order_and_again(client, ann):
    audio, key = speech(), announce(client)
    pieces = {1: audio[:5000], 2: audio[5000:9000], 3: audio[9000:]}
    for number in (3, 1, 3):
        assert send(client, key, pieces[number], f"chunk {number}/3").json() == INCOMPLETE
    send(client, key, b"something else", "chunk 1/3")
    send(client, key, pieces[1], "chunk 1/*")
    assert send(client, key, pieces[2], "Chunk  2 / *").json() == COMPLETE
    assert listed(client)[0]["audiomd5hash"] == md5(audio)


@pytest.mark.parametrize("path", ["/api/callaudio/", "/api/v2/callaudio/"])
def test_a_chunk_whose_answer_was_lost_gets_the_same_answer_and_other_bytes_a_409(client, ann, path):
    audio, key = speech(), announce(client)
    parts = {"chunk 1/2": audio[:5000], "chunk 2/2": audio[5000:]}

    def put(span, data):
        return ask(client, "PUT", path + key, data, content_type="audio/wav", headers={"Content-Range": span})

    last = [put(span, data) for span, data in parts.items()][-1]
    for span in ("chunk 2/2", "chunk 1/2", "chunk 2/*"):
        again = put(span, parts[span.replace("*", "2")])
        assert (again.status_code, again.content) == (last.status_code, last.content) == (200, again.content)
    for span, data in (("chunk 2/2", b"other"), ("chunk 3/3", audio), ("chunk 1/1", audio), ("chunk 2/3", parts["chunk 2/2"])):
        refusal(put(span, data), 409)
    assert [call.recordings.count() for call in Call.objects.all()] == [1]


def test_a_spent_ticket_is_remembered_for_a_week_and_for_its_owner_alone(client, ann, acme):
    key = announce(client)
    send(client, key, speech())
    make_user(make_tenant("other"), username="olga")
    refusal(send(client, key, speech(), user="olga"), 404)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=6, hours=23)):
        sweep()
        assert send(client, key, speech()).json() == COMPLETE
    with time_machine.travel(datetime.now(UTC) + timedelta(days=7, hours=1)):
        sweep()
        refusal(send(client, key, speech()), 404)


@pytest.mark.parametrize("mime", ["audio/mpeg", "audio/mp3", "audio/wav", "audio/x-wav", "audio/wave", "Audio/WAV; rate=8000"])
@pytest.mark.parametrize("name", ["mp3", "mulaw.wav"])
def test_takes_wav_and_mp3_under_each_name_by_what_they_are(client, ann, mime, name):
    audio = encoded(name)
    assert send(client, announce(client), audio, content_type=mime).json() == COMPLETE
    assert listed(client)[0]["audiolengthbytes"] == len(audio)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"not audio at all" * 100, "audio"),
        (b"", "no audio"),
        (speech()[:44], ""),
        (speech()[: len(speech()) // 2], ""),
        (encoded("flac"), "audio must be audio/mpeg or audio/wav"),
    ],
    ids=["text", "nothing", "header", "half", "flac"],
)
def test_after_a_refusal_the_ticket_still_works(client, ann, bad, words):
    key = announce(client)
    assert words in refusal(send(client, key, bad, CONTENT_TYPE="audio/wav"), 400)
    assert not Call.objects.exists()
    assert listed(client) == []
    assert send(client, key, speech()).json() == COMPLETE
    assert len(listed(client)) == 1


def test_refuses_more_bytes_than_allowed_packed_or_not(client, ann, settings):
    settings.CALLHUB_AUDIO_LIMIT = 40_000
    key = announce(client)
    bomb = zlib.compressobj(9, wbits=31)
    swollen = bomb.compress(bytes(10_000_000)) + bomb.flush()
    assert len(swollen) < 40_000
    assert "larger than 40000 bytes" in refusal(send(client, key, swollen, headers={"Content-Encoding": "gzip"}), 400)
    assert "larger than 40000 bytes" in refusal(send(client, key, bytes(40_001)), 400)
    send(client, key, bytes(30_000), "chunk 1/2")
    assert "larger than 40000 bytes" in refusal(send(client, key, bytes(30_000), "chunk 2/2"), 400)
    assert send(client, key, speech(1), "chunk 1/*").json() == INCOMPLETE


@pytest.mark.parametrize("packed", [gzip.compress(speech())[:-20], b"not gzip", speech()])
def test_refuses_gzip_that_is_none_or_ends_early(client, ann, packed):
    key = announce(client)
    assert "gzip" in refusal(send(client, key, packed, headers={"Content-Encoding": "gzip"}), 400)
    assert send(client, key, gzip.compress(speech()), headers={"Content-Encoding": "gzip"}).json() == COMPLETE


def a_request(data, **environ):
    stream = io.BytesIO(data)
    base = {"REQUEST_METHOD": "PUT", "PATH_INFO": "/", "wsgi.input": stream, "CONTENT_TYPE": "audio/wav"}
    return WSGIRequest({**base, **environ})


def read_all(stream):
    return b"".join(iter(lambda: stream.read(CHUNK_BYTES), b""))


def test_a_body_that_ends_early_is_never_taken_for_whole():
    with pytest.raises(BodyRefused):
        read_all(_body(a_request(b"half", CONTENT_LENGTH="8")))
    with pytest.raises(BodyRefused):
        read_all(_body(a_request(gzip.compress(speech())[:-1], CONTENT_LENGTH="100000", HTTP_CONTENT_ENCODING="gzip")))
    assert read_all(_body(a_request(b"all and more", CONTENT_LENGTH="3"))) == b"all"


def test_a_body_without_a_length_is_read_to_its_end():
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert read_all(_body(a_request(b"all of it", **chunked))) == b"all of it"
    assert read_all(_body(a_request(b"not terminated by the server"))) == b""


def test_a_broken_body_leaves_no_chunk(client, ann):
    key = announce(client)
    cut = {"wsgi.input": io.BytesIO(speech()[:100]), "CONTENT_LENGTH": str(len(speech()))}
    answer = send(client, key, b"as above", **cut)
    assert "ended early" in refusal(answer, 400)
    assert not UploadChunk.objects.exists()
    assert send(client, key, speech()).json() == COMPLETE


def test_the_body_is_read_in_pieces_however_long(client, ann, monkeypatch):
    sizes = []
    read = WSGIRequest.read

    def watched(request, *arguments):
        sizes.append(arguments)
        return read(request, *arguments)

    monkeypatch.setattr(WSGIRequest, "read", watched)
    assert send(client, announce(client), speech(240)).json() == COMPLETE
    audio_reads = [size for size, *_ in filter(None, sizes)]
    assert len(audio_reads) > 3
    assert max(audio_reads[1:]) <= CHUNK_BYTES


def test_chunks_are_not_counted_against_the_minute(client, acme, ann, settings):
    audio, key = speech(), announce(client)
    settings.CALLHUB_CALLS_PER_MINUTE = 0
    assert send(client, key, audio[:100], "chunk 1/2").json() == INCOMPLETE
    assert send(client, key, audio[100:], "chunk 2/2").json() == COMPLETE
    refusal(ask(client, "GET", "/api/call"), 429)


def test_tickets_of_other_doors_are_not_found_here(client, ann, acme):
    announce(client)
    Upload.objects.update(door=Source.API)
    refusal(send(client, Upload.objects.get().pk.hex, speech()), 404)


def test_the_log_shows_who_uploaded_and_keeps_the_ticket(client, ann):
    upload(client)
    call = Call.objects.get()
    assert (call.source, call.has_audio, call.is_verified) == (Source.CALLN, True, True)
    assert CallEvent.objects.get(call=call, kind=EventKind.RECORDED).actor == ann
    assert Upload.objects.get().state == "complete"


def test_the_call_leaves_by_the_other_doors_as_well(client, ann, acme):
    upload(client, call_body(callername="fred"), audio=speech(3))
    token = make_token(acme, ann)
    [ours] = client.get("/api/v1/calls/", headers={"Authorization": f"Bearer {token}"}).json()["results"]
    assert (ours["caller"]["name"], ours["duration"], ours["source"]) == ("fred", 3, "calln")
    credentials = {"CustomerName": "acme", "UserName": ann.username, "Password": token}
    [theirs] = client.post("/api/calls", credentials, content_type="application/json").json()["Items"]
    assert (theirs["CallerName"], theirs["CallerNumber"], theirs["DurationInSeconds"]) == ("fred", "+61409123456", 3)
    [planhats] = client.get("/calls", headers={"Authorization": f"Bearer {token}"}).json()
    assert planhats["nr"] == "0409123456"


# Downloads


def test_downloads_whole_and_by_ranges_harmlessly(client, ann):
    audio = speech()
    upload(client, audio=audio)
    path = f"/api/callaudio/{listed(client)[0]['id']}"
    whole = ask(client, "GET", path)
    assert (whole.status_code, whole["Content-Type"], whole["Cache-Control"]) == (200, "audio/wav", "no-store")
    assert whole["X-Content-Type-Options"] == "nosniff"
    assert hashlib.md5(b"".join(whole.streaming_content)).hexdigest() == md5(audio)
    part = ask(client, "GET", path, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part["Content-Range"]) == (206, f"bytes 100-199/{len(audio)}")
    assert b"".join(part.streaming_content) == audio[100:200]
    assert ask(client, "GET", path, headers={"Range": f"bytes={len(audio)}-"}).status_code == 416
    assert int(ask(client, "HEAD", path)["Content-Length"]) == len(audio)


def test_every_download_leaves_a_trace(client, ann):
    upload(client)
    number = listed(client)[0]["id"]
    for headers in ({}, {"Range": "bytes=0-9"}, {"Range": "bytes=10-19"}):
        answer = ask(client, "GET", f"/api/callaudio/{number}", headers=headers)
        b"".join(answer.streaming_content)
    ask(client, "HEAD", f"/api/callaudio/{number}")
    events = CallEvent.objects.filter(kind=EventKind.RECORDING_DOWNLOADED)
    assert [event.actor for event in events] == [ann]
    trail = ask(client, "GET", f"/api/callaudits/{number}").json()
    assert [row["action"] for row in trail] == ["created", "audio stored", "audio downloaded"]
    assert {row["username"] for row in trail} == {ann.username}
    assert set(trail[0]) == {"id", "datetime", "datetimeutc", "action", "username", "description"}


def test_there_is_no_audio_of_a_call_that_has_none(client, ann, acme):
    make_call(acme, recording_url="https://example.com/a.mp3")
    [item] = listed(client)
    assert refusal(ask(client, "GET", f"/api/callaudio/{item['id']}"), 404) == "Audio not found"


def test_another_accounts_audio_is_like_none(client, ann, acme):
    upload(client)
    number = listed(client)[0]["id"]
    make_user(make_tenant("other"), username="olga")
    for path in ("call", "callaudio", "callaudits", "v2/call", "v2/callaudio"):
        refusal(ask(client, "GET", f"/api/{path}/{number}", user="olga"), 404)
    assert listed(client, user="olga") == []


def test_a_recording_whose_file_is_gone_is_our_trouble(client, ann, settings):
    upload(client)
    number = listed(client)[0]["id"]
    Recording.objects.update(storage_key="00/00/nothing")
    answer = ask(client, "GET", f"/api/callaudio/{number}")
    assert answer.status_code == 503
    assert set(answer.json()) == {"message"}
