"""A FoneNumber's callbacks: set, read back, replaced and ended; and told of every call of the number, whatever its door."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls import dialer, ledger, webhooks
from calls.choices import Direction, Disposition, EndpointKind
from calls.drafts import PartyDraft
from calls.models import Delivery, Line, WebhookEndpoint
from tenants.choices import Role, Scope
from tests.calls.dialects.fonestorm.asking import FONENUMBER, FORM, TO, called, refusal, sample, send
from tests.calls.webhooks.receiver import receiver
from tests.make import make_call, make_center, make_line, make_tenant, make_token, make_user

pytestmark = pytest.mark.django_db(transaction=True)

NOTHING = {"url": "", "method": ""}
URL = "https://hooks.example.com/cb"


def notify(client, token, which="send", **fields):
    body = {"fonenumber": FONENUMBER, "method": "JSON", "url": URL, **fields}
    body = {name: value for name, value in body.items() if value is not None}
    return send(client, token, "POST", f"/v2/calls/{which}_notify", body)


def voice(client, token):
    document = send(client, token, "GET", f"/v2/fonenumbers/{FONENUMBER}").json()["fonenumber"]
    assert document["call_options"] == document["voice_options"]
    return document["voice_options"]


@pytest.mark.parametrize(("which", "other"), [("send", "receive"), ("receive", "send")])
def test_the_pages_request_sets_one_callback_and_leaves_the_other(client, token, line, which, other):
    answer = send(client, token, "POST", f"/v2/calls/{which}_notify", sample("page_notify"))
    assert answer.status_code == 200, answer.content
    told = {"url": "https://requestb.in/1h8v9c01", "method": "JSON"}
    assert answer.json()["callback"] == told
    options = answer.json()["fonenumber"]["voice_options"]
    assert options == {f"{which}_notify": told, f"{other}_notify": NOTHING} == voice(client, token)


@pytest.mark.parametrize("method", ["json", "Json", " GET", "post"])
def test_a_method_is_taken_in_any_case(client, token, line, method):
    assert notify(client, token, method=method).json()["callback"]["method"] == method.strip().upper()


@pytest.mark.parametrize("method", ["PUT", "", None, 5, [], "GET POST"])
def test_other_methods_are_refused(client, token, line, method):
    assert refusal(notify(client, token, method=method), 400).startswith("method:")
    assert voice(client, token)["send_notify"] == NOTHING


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example.com", "not a url", "", None, "https://", "//hooks.example.com", "javascript:alert(1)", 5, {},
        "https://{{from}}.example.com/", "https://hooks.example.com:{{to}}/", "https://u:p@hooks.example.com/",
        "https://hooks.example.com/{{to", "http://127.0.0.1/", "http://[::1]/", "http://2130706433/", "http://169.254.169.254/",
        "https://hooks.example.com/" + "x" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_address_outside_is_refused_and_changes_nothing(client, token, line, url):
    before = notify(client, token).json()["callback"]
    assert refusal(notify(client, token, url=url), 400).startswith("url:")
    assert voice(client, token)["send_notify"] == before


def test_addresses_may_hold_tokens(client, token, line):
    url = f"{URL}/{{{{uid}}}}?recipient={{{{to}}}}&caller={{{{from}}}}&odd={{{{none}}}}"
    assert notify(client, token, method="GET", url=url).json()["callback"] == {"url": url, "method": "GET"}


def test_a_second_one_replaces_the_first(client, token, line):
    notify(client, token, url_username="ann", url_password="one")
    second = notify(client, token, method="POST", url=f"{URL}/2").json()["callback"]
    assert voice(client, token)["send_notify"] == second == {"url": f"{URL}/2", "method": "POST"}
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.username, endpoint.password) == ("", "")


def test_the_password_is_never_told(client, token, line):
    answers = [notify(client, token, url_username="ann", url_password="s3cr3t-word")]
    answers += [send(client, token, "GET", f"/v2/fonenumbers{path}") for path in ("?filter=all", f"/{FONENUMBER}")]
    assert all(b"s3cr3t" not in answer.content and b"ann" not in answer.content for answer in answers)
    assert "s3cr3t" not in str(WebhookEndpoint.objects.values().get())
    assert WebhookEndpoint.objects.get().password == "s3cr3t-word"


def test_a_form_that_names_the_user_twice_means_the_password_by_the_second(client, token, line):
    fields = [("fonenumber", FONENUMBER), ("method", "JSON"), ("url", URL), ("url_username", "u"), ("url_username", "p")]
    answer = send(client, token, "POST", "/v2/calls/send_notify", urlencode(fields), content_type=FORM)
    assert answer.status_code == 200
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.username, endpoint.password) == ("u", "p")


def test_another_accounts_number_is_not_there_and_stays_as_it_is(client, token):
    make_line(make_tenant("other", country="US"), FONENUMBER)
    refusal(notify(client, token), 404)
    refusal(notify(client, token, type="None", url=None), 404)
    assert not WebhookEndpoint.objects.exists()


def test_an_unknown_number_becomes_the_accounts_only_with_an_address_that_may_be_called(client, token, acme):
    refusal(notify(client, token, url="http://127.0.0.1/"), 400)
    assert not Line.objects.exists()
    assert notify(client, token).status_code == 200
    assert Line.objects.get().tenant == acme


@pytest.mark.parametrize("word", ["None", "none"])
def test_type_none_ends_it(client, token, line, word):
    notify(client, token)
    notify(client, token, "receive")
    answer = notify(client, token, type=word, url="", method=None)
    assert answer.json()["callback"] == NOTHING
    assert voice(client, token) == {"send_notify": NOTHING, "receive_notify": {"url": URL, "method": "JSON"}}


def test_unknown_fields_are_ignored(client, token, line):
    assert notify(client, token, type="Callback", more={"x": [1]}).status_code == 200


def test_who_may_only_read_sets_none(client, acme, ann, line):
    reader = make_token(acme, ann, scope=Scope.READ)
    refusal(notify(client, reader), 403)
    assert not WebhookEndpoint.objects.exists()


def test_all_numbers_with_their_callbacks_cost_the_same_queries(client, token, acme):
    def queries(count):
        for number in range(Line.objects.count(), count):
            made = make_line(acme, f"321555{2000 + number}")
            WebhookEndpoint.objects.create(
                tenant=acme, line=made, kind=EndpointKind.SEND_CALLBACK, format="fonestorm_json", url=URL
            )
        with CaptureQueriesContext(connection) as captured:
            assert len(send(client, token, "GET", "/v2/fonenumbers?filter=all").json()["fonenumbers"]) == count
        return len(captured)

    queries(2)
    assert queries(2) == queries(50)


# What receivers get


@pytest.fixture
def hook(settings):
    settings.CALLHUB_OUTBOUND_ALLOW = ["127.0.0.0/8"]
    settings.CALLHUB_OUTBOUND_PORTS = ["1-65535"]
    with receiver() as kept:
        yield kept


def tell(tenant):
    webhooks.fan_out(tenant.pk)
    webhooks.deliver()


def run_to_its_end(call, clock):
    """Let the simulator play the call."""
    for _ in range(60):
        clock.shift(1)
        dialer.advance_simulated()
        call.refresh_from_db()
        if call.state == "ended":
            return
    raise AssertionError("the call does not end")


def test_a_call_is_told_at_its_beginning_and_at_its_end(client, token, line, acme, hook, clock):
    notify(client, token, url=hook.url)
    call = called(client, token, {"tts": "Hello"})
    tell(acme)
    [begin] = hook.got
    assert (begin.method, begin.headers["content-type"]) == ("POST", "application/json")
    common = {"uid": str(call.pk), "account_code": "acme", "direction": "OUTBOUND", "from": FONENUMBER, "to": TO, "type": "VOICE"}
    assert json.loads(begin.body) == {**common, "status": "BEGIN"}
    run_to_its_end(call, clock)
    tell(acme)
    end = json.loads(hook.got[1].body)
    assert end == {**common, "status": "END", "disposition": "ANSWERED", "billable_seconds": -(-call.talk_ms // 1000)}
    assert end["billable_seconds"] > 0
    assert len(hook.got) == 2


def test_a_form_has_the_same_fields(client, token, line, acme, hook):
    notify(client, token, method="POST", url=hook.url)
    call = called(client, token, {"tts": "Hello"})
    tell(acme)
    [begin] = hook.got
    assert (begin.method, begin.headers["content-type"]) == ("POST", "application/x-www-form-urlencoded")
    fields = parse_qs(begin.body.decode())
    assert (fields["status"], fields["uid"], fields["to"]) == (["BEGIN"], [str(call.pk)], [TO])


def called_by(acme, number, **facts):
    """A call the number got, or made where its direction is told."""
    way = facts.pop("direction", Direction.INBOUND)
    ours, theirs = PartyDraft(number=number), PartyDraft(number="+46701234567")
    sides = {"caller": theirs, "callee": ours} if way == Direction.INBOUND else {"caller": ours, "callee": theirs}
    return make_call(acme, remote=PartyDraft(), direction=way, **sides, **facts)


def test_of_get_the_tokens_are_filled_in_and_percent_encoded(client, token, line, acme, hook):
    query = "r={{to}}&s={{status}}&d={{disposition}}&b={{billable_seconds}}&odd={{odd}}"
    notify(client, token, "receive", method="GET", url=f"{hook.url}/{{{{from}}}}/x?{query}")
    called_by(acme, FONENUMBER, seconds=None, duration_ms=65_000, talk_ms=61_200, disposition=Disposition.ANSWERED)
    tell(acme)
    begin, end = (urlsplit(got.path) for got in hook.got)
    assert begin.path.endswith("/%2B46701234567/x")
    assert parse_qs(begin.query, keep_blank_values=True) == {"r": [FONENUMBER], "s": ["BEGIN"], "d": [""], "b": [""], "odd": [""]}
    assert parse_qs(end.query) == {"r": [FONENUMBER], "s": ["END"], "d": ["ANSWERED"], "b": ["62"]}
    assert [(got.method, got.body) for got in hook.got] == [("GET", b"")] * 2


def test_basic_credentials_are_sent(client, token, line, acme, hook):
    notify(client, token, url=hook.url, url_username="ann", url_password="p:w ü")
    called(client, token, {"tts": "Hello"})
    tell(acme)
    scheme, _, credentials = hook.got[0].headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(credentials).decode()) == ("Basic", "ann:p:w ü")


def test_a_callback_that_leads_inside_by_now_is_not_sent_and_spoils_no_call(client, token, line, acme, hook, settings):
    notify(client, token, url=hook.url)
    settings.CALLHUB_OUTBOUND_ALLOW = []
    called(client, token, {"tts": "Hello"})
    tell(acme)
    assert hook.got == []
    assert "not" in Delivery.objects.get().log.get().error


def test_a_receiver_that_is_down_spoils_no_call(client, token, line, acme, hook):
    hook.says(500)
    notify(client, token, url=hook.url)
    called(client, token, {"tts": "Hello"})
    tell(acme)
    assert Delivery.objects.get().state == "pending"


@pytest.mark.parametrize(
    ("disposition", "detail", "told"),
    [
        (Disposition.NO_ANSWER, "", "NO_ANSWER"),
        (Disposition.BUSY, "", "BUSY"),
        (Disposition.CANCELLED, "", "CANCEL"),
        (Disposition.REJECTED, "", "REJECTED"),
        (Disposition.FAILED, "404", "FAILED:404"),
    ],
)
def test_how_a_call_came_out_is_told_in_the_vendors_words(client, token, line, acme, hook, disposition, detail, told):
    notify(client, token, "receive", url=hook.url)
    called_by(acme, FONENUMBER, disposition=disposition, disposition_detail=detail)
    tell(acme)
    end = json.loads(hook.got[1].body)
    assert (end["disposition"], end["billable_seconds"], end["direction"]) == (told, 0, "INBOUND")


def test_each_callback_hears_of_its_own_way_and_number_alone(client, token, line, acme, hook):
    make_line(acme, "3215551082")
    notify(client, token, "send", url=f"{hook.url}/send")
    notify(client, token, "receive", url=f"{hook.url}/receive")
    for direction in (Direction.INBOUND, Direction.OUTBOUND):
        called_by(acme, FONENUMBER, direction=direction)
        called_by(acme, "3215551082", direction=direction)
    tell(acme)
    assert sorted(urlsplit(got.path).path for got in hook.got) == ["/hook/receive"] * 2 + ["/hook/send"] * 2


def test_a_call_removed_at_once_is_told_no_more(client, token, line, acme, hook):
    notify(client, token, url=hook.url)
    call = called(client, token, {"tts": "Hello"})
    tell(acme)
    dialer.hang_up(call.origination)
    ledger.remove(call)
    tell(acme)
    assert json.loads(hook.got[0].body)["status"] == "BEGIN"


@pytest.mark.parametrize("written", ["{{ to }}", "{{to }}", "%7B%7Bto%7D%7D", "%7b%7b%20to%20%7d%7d", "{{+to+}}"])
def test_tokens_are_read_as_the_vendors_clients_write_them(client, token, line, written):
    answer = notify(client, token, method="GET", url=f"{URL}?to={written}")
    assert answer.status_code == 200, answer.content
    assert answer.json()["callback"]["url"] == URL + "?to={{to}}"


# Between two numbers of the account


def test_a_call_inside_the_house_is_made_by_one_number_and_received_by_the_other(client, token, acme, line):
    other = make_line(acme, "3215551111")
    for number in (FONENUMBER, "3215551111"):
        for which in ("send", "receive"):
            notify(client, token, which, fonenumber=number, url=f"{URL}/{which}/{number}")
    parties = {"caller": PartyDraft(number=FONENUMBER), "callee": PartyDraft(number="3215551111")}
    call = make_call(acme, remote=PartyDraft(), direction=Direction.INTERNAL, **parties)
    webhooks.fan_out(acme.pk)
    sent = {(row.endpoint.url, json.loads(row.body)["direction"]) for row in Delivery.objects.filter(call_id=call.pk)}
    assert sent == {(f"{URL}/send/{FONENUMBER}", "OUTBOUND"), (f"{URL}/receive/3215551111", "INBOUND")}
    assert other.pk != call.line_id


# Records of the account's calls


def cdr_notify(client, token, **fields):
    body = {"method": "JSON", "url": URL, **fields}
    return send(client, token, "POST", "/v2/accounts/cdr_notify", body)


def test_call_records_are_sent_of_every_call_at_its_end(client, token, acme, line):
    answer = cdr_notify(client, token, account_id=str(acme.pk), username="u", password="secret")
    assert answer.status_code == 200, answer.content
    assert answer.json()["account"]["cdr_notify_url"] == URL
    assert b"secret" not in answer.content
    make_call(acme, direction=Direction.INBOUND, disposition=Disposition.ANSWERED)
    webhooks.fan_out(acme.pk)
    [delivery] = Delivery.objects.all()
    assert json.loads(delivery.body)["status"] == "END"


def test_the_last_address_for_call_records_counts_and_none_ends_them(client, token, acme):
    cdr_notify(client, token, account_id=acme.slug)
    cdr_notify(client, token, account_id=acme.slug, url=f"{URL}/2")
    assert [row.url for row in WebhookEndpoint.objects.all()] == [f"{URL}/2"]
    cdr_notify(client, token, account_id=acme.slug, type="None")
    assert not WebhookEndpoint.objects.exists()


def test_call_records_of_another_account_cannot_be_set(client, token):
    other = make_tenant("other")
    refusal(cdr_notify(client, token, account_id=str(other.pk)), 404)
    refusal(cdr_notify(client, token), 400)
    assert not WebhookEndpoint.objects.exists()


def test_only_managers_of_the_whole_account_set_call_records(client, acme):
    for person in (make_user(acme, Role.AGENT), make_user(acme, Role.OWNER, center=make_center(acme))):
        refusal(cdr_notify(client, make_token(acme, person), account_id=acme.slug), 403)
