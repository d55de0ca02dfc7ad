"""The second generation: statuses that speak, two sides apart, what became of the audio."""

from __future__ import annotations

import json

import pytest

from calls.choices import Direction, Disposition, RecordingState
from calls.models import Call, Recording, Upload
from tests.calls.dialects.calln.asking import ask, listed, md5, refusal, sample, send, speech
from tests.make import make_call, make_line

pytestmark = pytest.mark.django_db


def newer(**changes):
    return json.dumps({**json.loads(sample("newer")), **changes})


def announce(client, body=None, method="POST"):
    answer = ask(client, method, "/api/v2/call", newer() if body is None else body)
    assert (answer.status_code, answer.content) == (206, b""), answer.content
    return answer["Temporary-Call-ID"]


def send_newer(client, key, data, span="chunk 1/1"):
    return ask(client, "PUT", f"/api/v2/callaudio/{key}", data, content_type="audio/wav", headers={"Content-Range": span})


def test_announces_sends_and_reads_a_call(client, ann, acme):
    make_line(acme, "0398765432")
    audio, key = speech(5), announce(client)
    assert (send_newer(client, key, audio[:9], "chunk 1/*").status_code) == 206
    assert (send_newer(client, key, audio[9:], "chunk 2/2").status_code) == 200
    [item] = listed(client, path="/api/v2/call")
    assert item == {
        **item,
        "callid": "b7c1-44@pbx1", "type": "recorded", "typediscardedreason": "", "answerdelayms": 4000, "direction": "incoming",
        "startdatetimeutc": "2024-02-01 08:00:05", "durationseconds": 9, "notes": "Called about the invoice", "location": "Perth",
        "telephonyplatform": "Asterisk", "clientoperatingsystem": "Windows Server 2019", "clientservername": "pbx1",
        "audiocontenttype": "audio/wav", "audiomd5hash": md5(audio), "audiourl": f"http://testserver/api/v2/callaudio/{item['id']}",
    }  # fmt: skip
    assert item["caller"] == {
        "phonenumber": "0409111222", "name": "Ann", "macaddress": "00:11:22:33:44:55", "mediaendpoint": "10.0.0.5:4000",
        "keypresses": [{"timems": 1200, "key": "1"}, {"timems": 1900, "key": "#"}],
    }  # fmt: skip
    assert item["destination"]["phonenumber"] == "0398765432"
    assert ask(client, "GET", f"/api/v2/call/{item['id']}").json() == item
    heard = ask(client, "GET", item["audiourl"].removeprefix("http://testserver"))
    assert b"".join(heard.streaming_content) == audio
    assert Call.objects.get().talk_ms == 5000


def test_both_generations_take_each_others_ids_and_show_each_others_calls(client, ann):
    assert send(client, announce(client), speech()).json() == {"status": "complete"}
    assert listed(client)[0]["callername"] == "Ann"


@pytest.mark.parametrize("name", ["connectdatetimeutc", "connecteddatetimeutc"])
@pytest.mark.parametrize("sides", [list, dict])
def test_takes_both_spellings_of_the_page(client, ann, name, sides):
    side = {"phonenumber": "0409111222"}
    body = {"startdatetimeutc": "2024-02-01 08:00:05", name: "2024-02-01 08:00:06", "caller": [side] if sides is list else side}
    send_newer(client, announce(client, json.dumps(body), "PUT"), speech())
    call = Call.objects.get()
    assert (call.ring_ms, call.caller_raw) == (1000, "0409111222")


@pytest.mark.parametrize("empty", ["", None])
def test_needs_no_audio_of_a_call_nobody_answered(client, ann, empty):
    answer = ask(client, "POST", "/api/v2/call", newer(connectdatetimeutc=empty))
    assert (answer.status_code, answer.content) == (200, b"")
    assert "Temporary-Call-ID" not in answer
    assert not Upload.objects.exists()
    [item] = listed(client, path="/api/v2/call")
    assert (item["type"], item["durationseconds"]) == ("unanswered", 0)
    assert "audiourl" not in item


def test_needs_no_audio_of_a_call_that_has_it(client, ann):
    send_newer(client, announce(client), speech())
    assert ask(client, "POST", "/api/v2/call", newer()).status_code == 200
    assert Call.objects.count() == Upload.objects.count() == 1


def test_finds_a_call_by_the_exchanges_own_id(client, ann, acme):
    make_call(acme)
    send_newer(client, announce(client), speech())
    [item] = listed(client, "voipcallid=b7c1-44%40pbx1", path="/api/v2/call")
    assert item["callid"] == "b7c1-44@pbx1"
    assert listed(client, "voipcallid=x", path="/api/v2/call") == []


def test_says_what_became_of_the_audio(client, ann, acme):
    kinds = {
        "recorded": make_call(acme, recording_url="https://example.com/a.mp3"),
        "unanswered": make_call(acme, disposition=Disposition.BUSY),
        "discarded": make_call(acme, direction=Direction.OUTBOUND),
        "uploading": make_call(acme),
    }
    Recording.objects.create(tenant=acme, call=kinds["uploading"], state=RecordingState.UPLOADING)
    Recording.objects.create(tenant=acme, call=kinds["discarded"], state=RecordingState.DELETED)
    shown = listed(client, path="/api/v2/call")
    assert [item["type"] for item in shown] == list(kinds)
    assert [item["typediscardedreason"] for item in shown] == ["", "", "The audio was removed.", ""]


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"startdatetimeutc": ""}, "startdatetimeutc"), ({"connectdatetimeutc": "soon"}, "connecteddatetimeutc"),
        ({"connectdatetimeutc": "2024-02-01 08:00:04"}, "connecteddatetimeutc"), ({"caller": "0409111222"}, "caller"),
        ({"destination": [1]}, "destination"), ({"caller": {"phonenumber": []}}, "phonenumber"),
        ({"caller": {"keypresses": {"key": "1"}}}, "keypresses"), ({"caller": {"keypresses": [1]}}, "keypresses"),
        ({"callid": "x" * 201}, "callid"), ({"notes": {}}, "notes"), ({"caller": {"phonenumber": "1" * 129}}, "callerphone"),
    ],
)  # fmt: skip
def test_says_which_field_is_wrong_and_keeps_nothing(client, ann, changes, word):
    assert word in refusal(ask(client, "POST", "/api/v2/call", newer(**changes)), 400)
    assert not Upload.objects.exists()
    assert not Call.objects.exists()


def test_a_repeat_that_tells_otherwise_is_refused(client, ann):
    send_newer(client, announce(client), speech())
    Recording.objects.all().delete()
    Call.objects.update(has_audio=False)
    refusal(ask(client, "POST", "/api/v2/call", newer(startdatetimeutc="2024-02-01 08:00:00")), 400)


def test_the_older_generation_shows_a_missed_call_of_the_newer(client, ann):
    ask(client, "POST", "/api/v2/call", newer(connectdatetimeutc=""))
    [item] = listed(client)
    assert "audiomd5hash" not in item
    assert item["callerphonenumber"] == "0409111222"
