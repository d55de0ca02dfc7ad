"""From the order to the end: what a client that polls sees, what it may do meanwhile, and what the exchange was asked."""

from __future__ import annotations

import pytest

from calls import ledger
from calls.dialects.voipnow import views
from calls.models import Call, Origination
from tests.calls.dialects.voipnow.asking import RINGS_ON, TALKS_ON, order, refusal, sample
from tests.make import make_line

pytestmark = pytest.mark.django_db(transaction=True)


def view_of(api, call):
    [entry] = api.entry(call["links"]["self"])
    return entry["phoneCallView"][0]


def test_the_vendors_flow_poll_until_answered_then_hang_up(api, clock):
    call = api.created(destination=TALKS_ON)
    seen = []
    while 5 not in seen:
        seen.append(view_of(api, call)["status"])
        clock.shift(0.5)
        assert len(seen) < 20
    assert seen == sorted(seen)
    assert {3, 4, 5} <= set(seen)
    assert view_of(api, call)["disposition"] == 0
    clock.shift(7)
    assert api.delete(call["links"]["self"]).status_code == 200
    assert api.entry(call["links"]["self"]) == []
    row = Origination.objects.get()
    assert (row.state, row.disposition) == ("ended", "answered")
    assert row.billable_ms >= 7000


@pytest.mark.parametrize(
    ("name", "user"), [("overview", "@me"), ("public_numbers", "@me"), ("as_administrator", "1"), ("sandbox", "1")]
)
def test_the_pages_requests_are_answered_and_end(api, clock, name, user):
    call = api.created(sample(name), f"/uapi/phoneCalls/{user}/simple")
    clock.shift(4)
    assert view_of(api, call)["status"] == 5
    clock.shift(6)
    assert api.entry(call["links"]["self"]) == []
    ended = Call.objects.get()
    assert (ended.source, ended.disposition, ended.talk_ms) == ("voipnow", "answered", 5000)


def test_what_a_call_tells(api, ann, clock):
    call = api.created(order(nonce="MTIz", callerId="John Doe <+46701111111>", source=["0003*210", "5550101"]))
    clock.shift(4)
    [entry] = api.entry(call["links"]["self"])
    [view] = entry.pop("phoneCallView")
    assert entry == {
        "id": call["id"],
        "extension": "0003*210",
        "ownerId": str(ann.memberships.get().number),
        "ownerName": "Ann Lee",
        "published": "2026-03-02T09:00:00Z",
        "answered": "2026-03-02T09:00:02Z",
        "nonce": "MTIz",
        "link": call["link"],
        "links": call["links"],
    }
    assert view == {
        "id": "00",
        "extension": "0003*210",
        "source": ["0003*210", "5550101"],
        "destination": [TALKS_ON],
        "flow": 4,
        "status": 5,
        "ringing": "2026-03-02T09:00:01Z",
        "callerId": "John Doe <+46701111111>",
        "callerIdDestination": "<0003*210>",
        "recording": True,
        "answered": "2026-03-02T09:00:02Z",
        "parked": False,
        "onHold": False,
        "disposition": 0,
    }


def test_a_call_inside_is_a_local_one(api):
    call = api.created(sample("sandbox"), "/uapi/phoneCalls/1/simple")
    assert view_of(api, call)["flow"] == 2


def test_a_call_that_rings_is_cancelled(api, clock):
    call = api.created(destination=RINGS_ON)
    clock.shift(3)
    assert view_of(api, call)["status"] == 4
    assert api.delete(call["links"]["self"]).status_code == 200
    assert Origination.objects.get().disposition == "cancelled"


def test_hold_and_back(api, clock):
    call = api.created()
    clock.shift(4)
    for action, is_held in (("OnHold", True), ("OnHold", True), ("OffHold", False)):
        answer = api.put(call["links"]["self"], {"action": action, "phoneCallViewId": "00"})
        assert answer.json()["phoneCallView"][0]["onHold"] is is_held
    assert Call.objects.get().hold_count == 1


def test_a_call_erased_before_the_answer_is_made_is_not_found(api, clock, monkeypatch):
    call = api.created()
    clock.shift(4)
    monkeypatch.setattr(views, "act", lambda call, action, body: ledger.remove(call))
    answer = api.put(call["links"]["self"], {"action": "OnHold", "phoneCallViewId": "00"})
    assert answer.status_code == 404


def test_a_call_that_nobody_has_answered_cannot_be_held(api):
    call = api.created(destination=RINGS_ON)
    refusal(api.put(call["links"]["self"], {"action": "OnHold", "phoneCallViewId": "00"}), "pc_phonecall_invalid")


@pytest.mark.parametrize("action", ["OnHold", "Transfer"])
def test_a_call_that_is_not_in_the_system_cannot_be_changed(api, action):
    for path in ("/uapi/phoneCalls/@me/@self/c3e92a04ff422a7a0b9f", "/uapi/phoneCalls/@me/@self/nothing"):
        refusal(api.put(path, {"action": action, "sendCallTo": "210"}), "pc_phonecall_invalid")


def test_a_view_the_call_does_not_have(api, clock):
    call = api.created()
    clock.shift(4)
    refusal(api.put(call["links"]["self"], {"action": "OnHold", "phoneCallViewId": "07"}), "pc_phonecallview_invalid")


class TestTransfer:
    @pytest.fixture
    def talking(self, api, clock):
        call = api.created(order(), "/uapi/phoneCalls/@me/simple?allowPublicTransfer=true")
        clock.shift(4)
        return call["links"]["self"]

    def test_our_party_leaves_and_the_new_one_is_a_view_of_its_own(self, api, talking, clock):
        body = {"action": "Transfer", "sendCallTo": "+46702000202", "transferFromNumber": "210"}
        assert api.put(talking, body).status_code == 200
        clock.shift(4)
        [entry] = api.entry(talking)
        transferred = entry["phoneCallView"][1]
        assert (transferred["id"], transferred["destination"], transferred["status"]) == ("01", ["+46702000202"], 5)

    @pytest.mark.parametrize(
        ("parties", "leaver"),
        [
            ({}, "source"),
            ({"transferFromNumber": "0003*210"}, "source"),
            ({"transferFromNumber": "210"}, "source"),
            ({"transferFromNumber": "070-200 02 01"}, "destination"),
            ({"transferNumber": "0003*210"}, "destination"),
            ({"transferNumber": TALKS_ON}, "source"),
        ],
    )
    def test_who_leaves(self, api, talking, parties, leaver):
        assert api.put(talking, {"action": "Transfer", "sendCallTo": "0003*00", **parties}).status_code == 200
        left = [leg.role for leg in Call.objects.get().legs.all() if leg.ended_at]
        assert left == [leaver]

    @pytest.mark.parametrize("to", [None, "", {}, "nonsense", True, "+1900555", "+4412345678901234"])
    def test_where_it_cannot_go(self, api, talking, to):
        refusal(api.put(talking, {"action": "Transfer", "sendCallTo": to}), "pc_sendcallto_invalid")

    def test_a_party_that_is_not_there(self, api, talking):
        body = {"action": "Transfer", "sendCallTo": "0003*00", "transferFromNumber": "5559999"}
        refusal(api.put(talking, body), "pc_transfernumber_invalid")

    def test_a_public_number_needs_leave(self, api, clock):
        address = api.created()["links"]["self"]
        clock.shift(4)
        refusal(api.put(address, {"action": "Transfer", "sendCallTo": "+46702000202"}), "pc_transfer_invalid")


@pytest.mark.parametrize(
    "action", ["StartRecording", "StopRecording", "PickUp", "BargeIn", "UnPark", "Whisper", "Monitor", "TransferToVoicemail"]
)
def test_what_no_exchange_here_does_is_the_vendors_501(api, action):
    address = api.created()["links"]["self"]
    refusal(api.put(address, {"action": action, "phoneCallViewId": "00"}), "request_not_implemented", 501)


def test_all_calls_of_an_extension_cannot_be_changed_at_once(api):
    refusal(api.put("/uapi/phoneCalls/@me/210", {"action": "OnHold"}), "request_not_implemented", 501)


class TestHangUp:
    def test_every_call_of_an_extension(self, api, acme, ann):
        make_line(acme, "220", agent=ann.agents.get(), is_phone_terminal=True)
        first, second, third = (api.created(extension=extension)["id"] for extension in ("210", "0003*210", "220"))
        ended = api.delete("/uapi/phoneCalls/@me/210").json()
        assert {call["id"] for call in ended} == {first, second}
        assert [call["id"] for call in api.delete("/uapi/phoneCalls/@me/@self/").json()] == [third]
        assert api.delete("/uapi/phoneCalls/@me/@self").status_code == 204

    def test_a_whole_organizations_calls_are_not_ended_at_once(self, org, admin, api):
        call = api.created()
        for program in (org, admin):
            refusal(program.delete("/uapi/phoneCalls/@me/@self"), "user_invalid")
        assert [ended["id"] for ended in org.delete("/uapi/phoneCalls/ann/@self").json()] == [call["id"]]

    @pytest.mark.parametrize("number", ["0702000201", "%2B46702000201", "210", "0003*210"])
    def test_by_the_number_of_a_party(self, api, number):
        address = api.created()["links"]["self"]
        assert api.delete(f"{address}?phoneNumber=5559999").status_code == 204
        assert len(api.entry(address)) == 1
        assert api.delete(f"{address}?phoneNumber={number}").status_code == 200

    def test_a_wrong_extension_hangs_up_nothing(self, api, acme):
        make_line(acme, "220")
        call = api.created(extension="210")
        for extension in ("220", "999", "3215551081"):
            assert api.delete(f"/uapi/phoneCalls/@me/{extension}/{call['id']}").status_code == 204
        assert len(api.entry(call["links"]["self"])) == 1


class TestCallback:
    PATH = "/uapi/phoneCalls/@me/callback"

    def test_rings_the_public_number_and_connects_it(self, api, clock):
        call = api.created(order(source=["0701234567"]), self.PATH)
        clock.shift(4)
        view = view_of(api, call)
        assert (view["source"], view["status"]) == (["0701234567"], 5)

    @pytest.mark.parametrize("source", [["0003*210"], ["210"], ["0701234567", "0701234568"], []])
    def test_rings_nothing_else(self, api, source):
        refusal(api.post(order(source=source), self.PATH), "pc_source_invalid")

    def test_names_its_extension(self, api):
        refusal(api.post(order(extension=None, source=["0701234567"]), self.PATH), "extension_invalid")


def test_conferences_are_not_offered(api):
    response = api.post(order(), "/uapi/phoneCalls/@me/conferenceInvite?number=3&pin=2233")
    refusal(response, "request_not_implemented", 501)
    assert not Call.objects.exists()
