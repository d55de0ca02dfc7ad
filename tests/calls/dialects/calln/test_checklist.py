"""What the vendor's page promises, in its order, and the page's own requests."""

from __future__ import annotations

import base64
import gzip
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from calls.choices import Direction
from calls.models import Call, Upload
from tenants.models import DepositMonth
from tests.calls.dialects.calln.asking import (
    FORM,
    NAME,
    announce,
    ask,
    call_body,
    listed,
    md5,
    refusal,
    sample,
    send,
    speech,
    upload,
)
from tests.make import make_call, make_line, make_tenant, make_user

pytestmark = pytest.mark.django_db


def test_takes_the_pages_body_with_single_quotes(client, ann):
    answer = ask(client, "POST", "/api/call", sample("page_example"))
    assert answer.status_code == 200
    assert isinstance(answer.json()["tempcallid"], str)
    assert len(answer.json()["tempcallid"]) == 32


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("content_type", ["application/json", FORM, "text/plain", ""])
@pytest.mark.parametrize("body", [sample("page_example"), call_body()], ids=["single", "double"])
def test_takes_it_by_put_in_double_quotes_and_under_any_content_type(client, ann, method, content_type, body):
    assert ask(client, method, "/api/call", body, content_type=content_type).status_code == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "JSON body"),
        ("  \n", "JSON body"),
        ("startdatetimeutc=2013-10-09", "JSON body"),
        ("{}", "startdatetimeutc"),
        ('{"startdatetimeutc": ""}', "startdatetimeutc"),
        ('{"startdatetimeutc": null}', "startdatetimeutc"),
        ('{"startdatetimeutc": "yesterday"}', "startdatetimeutc"),
        ('{"startdatetimeutc": "2013-10-09"}', "startdatetimeutc"),
        ('{"startdatetimeutc": "2013-1-9 10:00"}', "startdatetimeutc"),
        ('{"startdatetimeutc": "2013-02-30 10:00"}', "startdatetimeutc"),
        ('{"startdatetimeutc": "1969-12-31 23:59:59"}', "startdatetimeutc"),
        (sample("no_date"), "startdatetimeutc"),
    ],
)
def test_says_what_is_wrong_with_the_body(client, ann, body, words):
    assert words in refusal(ask(client, "POST", "/api/call", body, content_type=FORM), 400)
    assert not Upload.objects.exists()


def test_refuses_missing_and_wrong_credentials(client, ann):
    for answer in (
        client.post("/api/call", call_body(), content_type="application/json"),
        ask(client, "POST", "/api/call", call_body(), password="wrong"),
        ask(client, "POST", "/api/call", call_body(), user="nobody@mail.example@acme.calln.com"),
    ):
        assert refusal(answer, 401) == "Unauthorized"
        assert answer["WWW-Authenticate"].startswith("Basic ")


def test_takes_two_at_signs_in_the_name_and_colons_in_the_password(client, acme):
    user = make_user(acme, username=NAME)
    user.set_password("a:right::password:")
    user.save()
    assert NAME.count("@") == 2
    assert ask(client, "POST", "/api/call", call_body(), password="a:right::password:").status_code == 200


def test_answers_406_in_clear_even_to_wrong_credentials(client, ann, settings):
    settings.CALLHUB_REQUIRE_TLS = True
    assert refusal(ask(client, "POST", "/api/call", call_body(), password="wrong"), 406) == "SSL must be used"
    assert ask(client, "POST", "/api/call", call_body(), secure=True).status_code == 200


def test_says_the_quota_where_it_is_used_up(client, ann, acme):
    acme.monthly_deposits = 1
    acme.save()
    announce(client)
    message = refusal(ask(client, "POST", "/api/call", call_body()), 403)
    assert message == "account has reached monthly deposit quota of 1"
    assert Upload.objects.count() == 1
    assert DepositMonth.objects.get().used == 1


def test_refuses_a_resellers_call_whose_number_nobody_has(client, ann, acme):
    make_line(make_tenant("client", parent=acme, country="AU"), "0298765432")
    message = refusal(answer := ask(client, "POST", "/api/call", call_body()), 405)
    assert "Your reseller account has no clients with that phone number" in message
    assert "UnmatchedAssociatedAccount" in message
    assert "Allow" not in answer
    assert not Upload.objects.exists()


def test_files_it_under_the_account_for_unmatched_numbers(client, ann, acme):
    acme.unmatched_account = make_tenant("fallback", parent=acme, country="AU")
    acme.save()
    upload(client)
    assert Call.objects.get().tenant == acme.unmatched_account


def test_takes_any_number_from_an_account_without_clients(client, ann, acme):
    upload(client)
    assert Call.objects.get().tenant == acme


def test_does_not_show_a_call_before_its_audio(client, ann):
    announce(client)
    assert listed(client) == []
    assert not Call.objects.exists()


def test_shows_the_call_with_the_checksum_of_its_audio(client, ann):
    audio = speech(2.0)
    answer = send(client, announce(client), audio, content_type="audio/mpeg")
    assert (answer.status_code, answer.json()) == (200, {"status": "complete"})
    [item] = listed(client)
    assert item["callerphonenumber"] == "0409123456"
    assert (item["audiomd5hash"], item["audiolengthbytes"], item["durationseconds"]) == (md5(audio), len(audio), 2)


def test_completes_with_the_last_chunk_of_an_unknown_total(client, ann):
    audio, key = speech(), announce(client)
    first = send(client, key, audio[:7000], "chunk 1/*")
    assert (first.status_code, first.json()) == (200, {"status": "incomplete"})
    assert listed(client) == []
    assert send(client, key, audio[7000:], "chunk 2/2").json() == {"status": "complete"}
    assert listed(client)[0]["audiomd5hash"] == md5(audio)


@pytest.mark.parametrize(
    ("headers", "content_type", "words"),
    [
        ({"Content-Range": "chunk 1/2"}, "", "Content-Type header not provided"),
        ({"Content-Range": "chunk 1/2"}, "audio/ogg", "audio/mpeg or audio/wav"),
        ({}, "audio/wav", "Content-Range header not provided"),
        ({"Content-Range": "bytes 0-1/2"}, "audio/wav", "start with chunk"),
        ({"Content-Range": "chunk 1"}, "audio/wav", "form"),
        ({"Content-Range": "chunk"}, "audio/wav", "form"),
        ({"Content-Range": "chunk 1/2/3"}, "audio/wav", "form"),
        ({"Content-Range": "chunk 0/2"}, "audio/wav", "1 or more"),
        ({"Content-Range": "chunk -1/2"}, "audio/wav", "1 or more"),
        ({"Content-Range": "chunk x/2"}, "audio/wav", "integer"),
        ({"Content-Range": "chunk 1.5/2"}, "audio/wav", "integer"),
        ({"Content-Range": "chunk 1/x"}, "audio/wav", "integer"),
        ({"Content-Range": "chunk 3/2"}, "audio/wav", "total"),
        ({"Content-Range": f"chunk {'9' * 30}/*"}, "audio/wav", "integer"),
        ({"Content-Range": "chunk 1/2", "Content-Encoding": "br"}, "audio/wav", "gzip"),
    ],
)
def test_says_which_header_of_a_chunk_is_wrong(client, ann, headers, content_type, words):
    key = announce(client)
    answer = ask(client, "PUT", f"/api/callaudio/{key}", speech(), content_type=content_type, headers=headers)
    assert words in refusal(answer, 400)
    assert send(client, key, speech()).json() == {"status": "complete"}


def test_refuses_another_total(client, ann):
    audio, key = speech(), announce(client)
    send(client, key, audio[:100], "chunk 1/3")
    assert "total" in refusal(send(client, key, audio[100:], "chunk 2/2"), 400)


def test_unknown_foreign_and_expired_ids_are_the_same_404(client, ann, acme):
    make_user(make_tenant("other"), username="olga")
    foreign, expired, misspelt = (announce(client) for _ in range(3))
    answers = [
        send(client, uuid.uuid4().hex, speech()),
        send(client, "312947621348675456t8234", speech()),
        send(client, foreign, speech(), user="olga"),
        send(client, misspelt.upper(), speech()),
        send(client, misspelt[:-1], speech()),
    ]
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        answers.append(send(client, expired, speech()))
    assert {refusal(answer, 404) for answer in answers} == {"Temporary callid not found"}
    assert len({answer.content for answer in answers}) == 1
    assert not Call.objects.exists()


@pytest.mark.parametrize("parts", [1, 3])
def test_undoes_gzip_before_it_hashes(client, ann, parts):
    audio, key = speech(), announce(client)
    step = -(-len(audio) // parts)
    for number in range(parts):
        chunk = gzip.compress(audio[number * step : (number + 1) * step])
        answer = send(client, key, chunk, f"chunk {number + 1}/{parts}", headers={"Content-Encoding": "gzip"})
    assert answer.json() == {"status": "complete"}
    assert listed(client)[0]["audiomd5hash"] == md5(audio)


@pytest.mark.parametrize(
    "body",
    [
        """{"startdatetimeutc": "2013-10-09 15:23:54", "destinationphone'": "103"}""",
        r"""{'startdatetimeutc': '2013-10-09 15:23:54', 'destinationphone\'': '103'}""",
        """{"startdatetimeutc": "2013-10-09 15:23:54", "destinationphone": "", "destinationphone'": 103}""",
        """{"startdatetimeutc": "2013-10-09 15:23:54", "destinationphonenumber": "103", "destinationphone'": ""}""",
        """{"StartDateTimeUTC": "2013-10-09 15:23:54", "DestinationPhone'": "103"}""",
    ],
)
def test_takes_the_lists_spelling_of_the_destinations_phone(client, ann, body):
    upload(client, body)
    assert listed(client)[0]["destinationphonenumber"] == "103"


@pytest.mark.parametrize(("own_zone", "local"), [("", "2013-10-10 02:23:54"), ("America/New_York", "2013-10-09 11:23:54")])
def test_shows_the_start_in_utc_and_in_the_users_zone(client, ann, own_zone, local):
    ann.time_zone = own_zone
    ann.save()
    upload(client, sample("page_example"))
    [item] = listed(client)
    assert (item["startdatetimeutc"], item["startdatetime"]) == ("2013-10-09 15:23:54", local)


def test_shows_100_by_default_and_1000_at_most(client, ann, acme):
    for _ in range(1002):
        make_call(acme)
    assert len(listed(client)) == 100
    assert len(listed(client, "maxresults=7")) == 7
    assert len(listed(client, "maxresults=5000")) == 1000


def test_shows_only_ids_after_the_one_named(client, ann, acme):
    for _ in range(3):
        make_call(acme)
    ids = [item["id"] for item in listed(client)]
    assert ids == sorted(ids)
    assert all(isinstance(number, int) for number in ids)
    assert [item["id"] for item in listed(client, f"afterid={ids[0]}")] == ids[1:]
    assert listed(client, f"afterid={ids[2]}") == []


@pytest.mark.parametrize("number", ["1", "0", "-1", "x", "9" * 19, "9" * 40, "1.0", "%D9%A1", str(uuid.UUID(int=7))])
def test_answers_404_to_an_unknown_id(client, ann, acme, number):
    make_call(acme)
    listed(client)
    for path in ("/api/call", "/api/v2/call", "/api/callaudits", "/api/callaudio"):
        assert refusal(ask(client, "GET", f"{path}/{number}"), 404)


@pytest.mark.parametrize("name", ["Pat O'Brien", 'Ann "Annie" & Söner <b>', "Ægir 日本 🎧", "\\back\\slash", "tab\tin"])
def test_names_survive_a_round_trip(client, ann, name):
    upload(client, call_body(callername=name, destinationname=name))
    [item] = listed(client)
    assert (item["callername"], item["destinationname"]) == (name, name)
    assert ask(client, "GET", f"/api/call/{item['id']}").json() == item


@pytest.mark.parametrize(
    "body", ["{'a':" * 100_000, "{'a':'" + "x" * 300_000 + "'}", "['" * 100_000, "{'startdatetimeutc':" + "[" * 33]
)
def test_refuses_deep_and_huge_bodies(client, ann, body):
    assert ask(client, "POST", "/api/call", body).status_code in (400, 413)


def test_the_pages_curl_gives_a_tempcallid_and_three_chunks_make_the_call(client, ann):
    """Header and body as curl sends them."""
    credentials = base64.b64encode(f"{NAME}:a-right-password".encode()).decode()
    answer = client.generic(
        "POST", "/api/call", sample("page_example").encode(), content_type=FORM, headers={"Authorization": f"Basic {credentials}"}
    )
    key, audio = answer.json()["tempcallid"], speech(3.25)
    thirds = [audio[:20_000], audio[20_000:40_000], audio[40_000:]]
    answers = [send(client, key, chunk, f"chunk {number}/3").json() for number, chunk in enumerate(thirds, 1)]
    assert answers == [{"status": "incomplete"}, {"status": "incomplete"}, {"status": "complete"}]
    [item] = listed(client)
    assert item["durationseconds"] == 3
    assert item["audiomd5hash"] == md5(audio)
    assert (item["callername"], item["destinationname"]) == ("fred", "bill")
    heard = ask(client, "GET", f"/api/callaudio/{item['id']}")
    assert b"".join(heard.streaming_content) == audio


def test_takes_every_sample_of_the_page(client, ann, acme):
    make_line(acme, "0398765432")
    upload(client, sample("single_quotes"))
    upload(client, sample("unpadded_hour"))
    upload(client, sample("with_offset"))
    first, second, third = listed(client)
    assert (first["startdatetimeutc"], first["direction"]) == ("2024-02-01 08:00:05", "incoming")
    assert (second["startdatetimeutc"], second["destinationphonenumber"]) == ("2017-04-12 01:14:32", "103")
    assert second["callername"] == "Pat O'Brien"
    assert (third["startdatetimeutc"], third["direction"]) == ("2024-02-01 08:00:05", "outgoing")
    call = Call.objects.get(callee_raw="0398765432")
    assert call.facts == {"server": "pbx1", "location": "Perth"}
    assert call.document == json.loads(sample("single_quotes").replace("'", '"'))


@pytest.mark.parametrize(
    ("caller", "callee", "direction"),
    [
        ("0312345678", "0409123456", Direction.OUTBOUND),
        ("+61409123456", "+61 3 1234 5678", Direction.INBOUND),
        ("103", "0312345678", Direction.INTERNAL),
        ("0409123456", "0409999999", Direction.UNKNOWN),
        ("", "", Direction.UNKNOWN),
    ],
)
def test_tells_the_direction_by_the_accounts_own_lines(client, ann, acme, caller, callee, direction):
    make_line(acme, "0312345678")
    make_line(acme, "103")
    upload(client, call_body(callerphone=caller, destinationphone=callee))
    assert Call.objects.get().direction == direction
