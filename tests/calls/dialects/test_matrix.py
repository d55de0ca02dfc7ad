"""Logged by each of six ways, read by each of six: every reader has the same call, in its own words.

A way logs a call between Ann, who has the extension 0003*210, and +46701234567. A reader returns what its API tells of it under
common names; what it has no word for is left out. HostedSuite's API makes no calls: its way is a call its phone system logged.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import pytest

from calls.choices import Disposition, LegRole, Source, WebhookEvent
from calls.drafts import LegDraft, PartyDraft
from calls.models import Call
from calls.webhooks.payloads.base import Fact
from calls.webhooks.payloads.fonestorm import document_of
from calls.webhooks.payloads.native import full
from contacts.matching import AgentHint
from tests.calls.dialects.contract import basic
from tests.calls.dialects.world import EXTENSION, FONENUMBER, START, THEIRS, end_of_order, on_disk, world
from tests.calls.recordings.audio import tone, wav
from tests.make import PASSWORD, make_call

__all__ = ["on_disk", "world"]
pytestmark = pytest.mark.django_db(transaction=True)


# The six ways; each returns what is true of its call


def by_planhat(world):
    times = {"start": "2026-03-02T09:00:00.000Z", "end": "2026-03-02T09:02:00.000Z", "waiting": 10}
    who = {"nr": THEIRS, "direction": "in", "phAgentId": str(world.agent.pk), "record": "https://rec.example/1.mp3"}
    world.post("/calls", {**times, **who})
    return {"goes_out": False, "caller": THEIRS, "ring": 10, "talk": 110, "duration": 120, "linked": True, "agent": "Ann Lee"}


def by_planhat_without_direction(world):
    """The page's own example says no direction either."""
    times = {"start": "2026-03-02T09:00:00.000Z", "end": "2026-03-02T09:02:00.000Z", "waiting": 10}
    world.post("/calls", {**times, "nr": THEIRS, "agentId": "987qwe"})
    return {"goes_out": False, "is_undirected": True, "caller": THEIRS, "ring": 10, "talk": 110, "duration": 120}


def by_calln(world):
    body = {"startdatetimeutc": "2026-03-02 9:00:00", "callerphone": THEIRS, "destinationphone": EXTENSION}
    headers = basic("ann", PASSWORD)
    key = world.post("/api/call", body, headers=headers).json()["tempcallid"]
    sent = {"headers": {**headers, "Content-Range": "chunk 1/1"}, "content_type": "audio/wav"}
    assert world.client.put(f"/api/callaudio/{key}", wav(tone(5)), **sent).status_code == 200
    return {"goes_out": False, "caller": THEIRS, "callee": EXTENSION, "ring": 0, "talk": 5, "duration": 5, "stored": True}


def by_fonestorm(world):
    body = {"fonenumber": FONENUMBER, "to": THEIRS, "tts": "Your order is ready."}
    world.post("/v2/calls", body, headers={"token": world.token})
    end_of_order(world)
    return {"goes_out": True, "caller": FONENUMBER, "callee": THEIRS, "agent": "Ann Lee"}


def by_voipnow(world):
    view = {"source": [EXTENSION], "destination": [THEIRS]}
    world.post("/uapi/phoneCalls/@me/simple", {"extension": EXTENSION, "phoneCallView": [view]})
    end_of_order(world)
    return {"goes_out": True, "caller": EXTENSION, "callee": THEIRS, "agent": "Ann Lee"}


def by_hostedsuite(world):
    at = START + timedelta(seconds=60)
    to = PartyDraft(number="0003*211")
    handed_over = LegDraft(role=LegRole.TRANSFER, party=to, started_at=at, answered_at=at + timedelta(seconds=5))
    draft = {
        "caller": PartyDraft(number=THEIRS),
        "callee": PartyDraft(number=EXTENSION),
        "remote": PartyDraft(),
        "agent": AgentHint(id=str(world.agent.pk)),
        "disposition": Disposition.ANSWERED,
        "ring_ms": 8_000,
        "hold_ms": 12_000,
        "hold_count": 2,
        "legs": (handed_over,),
    }
    make_call(world.acme, source=Source.HOSTEDSUITE, started_at=START, seconds=90, **draft)
    said = {"goes_out": False, "caller": THEIRS, "callee": EXTENSION, "agent": "Ann Lee"}
    lengths = {"ring": 8, "talk": 65, "duration": 90, "hold": 12, "transfer": 5}
    return {**said, **lengths, "holds": 2, "target": "0003*211"}


def by_our_api(world):
    times = {"started_at": "2026-03-02T09:00:00Z", "ended_at": "2026-03-02T09:01:00Z"}
    body = {**times, "direction": "internal", "caller": EXTENSION, "callee": "0003*211", "disposition": "busy"}
    world.post("/api/v1/calls/", {**body, "agent": str(world.agent.pk)})
    return {"goes_out": True, "caller": EXTENSION, "callee": "0003*211", "talk": 0, "duration": 60}


# The six readers; each returns what it tells


def in_planhat(world, call):
    [document] = world.client.get("/calls", headers=world.bearer).json()
    shown = {"remote": document["nr"], "recorded": "record" in document}
    if "waiting" in document:
        shown["ring"] = document["waiting"]
    shown["is_undirected"] = "direction" not in document and not call.caller_raw
    if "direction" in document:
        shown["goes_out"] = document["direction"] == "out"
    start, end = (datetime.fromisoformat(document[name]) for name in ("start", "end"))
    return {**shown, "duration": (end - start).total_seconds()}


def in_calln(world, call):
    [item] = world.client.get("/api/call", headers=basic("ann", PASSWORD)).json()
    return {
        "caller": item["callerphonenumber"],
        "callee": item["destinationphonenumber"],
        "goes_out": item["direction"] in ("outgoing", "internal"),
        "is_undirected": item["direction"] == "unknown",
        "ring": item["answerdelayms"] / 1000,
        "duration": item["durationseconds"],
        "stored": "audiomd5hash" in item,
    }


def in_fonestorm(world, call):
    shown = document_of(fact_of(call))
    assert (shown["disposition"] == "ANSWERED") is (shown["billable_seconds"] > 0)
    goes_out = shown["direction"] == "OUTBOUND"
    return {"caller": shown["from"], "callee": shown["to"], "goes_out": goes_out, "talk": shown["billable_seconds"]}


def in_voipnow(world, call):
    [entry] = world.client.get("/uapi/cdr/", headers=world.bearer).json()["entry"]
    [view] = entry["phoneCallView"]
    return {
        "caller": view["source"],
        **({"callee": view["destination"]} if "destination" in view else {}),
        "goes_out": view["flow"] in (2, 4),
        "talk": view["duration"],
        "recorded": view["recording"],
    }


def in_hostedsuite(world, call):
    body = {"CustomerName": "acme", "UserName": "ann", "Password": PASSWORD}
    [item] = world.post("/api/calls", body, headers={}).json()["Items"]
    return {
        "caller": item["CallerNumber"],
        "target": item.get("TransferToNumber"),
        "goes_out": item["Type"] == "Outgoing",
        "hold": item["HoldTimeInSeconds"],
        "holds": item["HoldCount"],
        "transfer": item["TransferTimeInSeconds"],
        "ring": item["RingTimeInSeconds"],
        "talk": item["TalkTimeInSeconds"],
        "duration": item["DurationInSeconds"],
        "agent": item.get("AnsweredBy"),
    }


def in_our_api(world, call):
    document = world.client.get(f"/api/v1/calls/{call.pk}/?expand=legs", headers=world.bearer).json()
    sent = json.loads(json.dumps(full(fact_of(call))["data"]["call"]))
    shared = sent.keys() & document.keys() - {"match"}
    assert {name: sent[name] for name in shared} == {name: document[name] for name in shared}
    return {
        "caller": document["caller"]["number"],
        "callee": document["callee"]["number"],
        "remote": document["remote"]["number"],
        "goes_out": document["direction"] in ("outbound", "internal"),
        "is_undirected": document["direction"] == "unknown",
        "hold": document["hold"] or 0,
        "holds": document["hold_count"],
        "transfer": document["transfer"] or 0,
        "ring": document["ring"] or 0,
        "talk": document["talk"],
        "duration": document["duration"],
        "recorded": document["has_recording"],
        "linked": bool(document["recording_url"]),
    }


def fact_of(call):
    return Fact(tenant=call.tenant, event_type=WebhookEvent.CALL_ENDED, happened_at=START, call_id=call.pk, call=call, sequence=1)


WAYS = [by_planhat, by_planhat_without_direction, by_calln, by_fonestorm, by_voipnow, by_hostedsuite, by_our_api]
READERS = [in_planhat, in_calln, in_fonestorm, in_voipnow, in_hostedsuite, in_our_api]


@pytest.mark.parametrize("read", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize("log", WAYS, ids=lambda way: way.__name__)
def test_every_reader_has_the_same_call(world, log, read):
    truth = truth_of(world, log)
    shown = read(world, Call.objects.get())
    differing = {name: (value, truth[name]) for name, value in shown.items() if not is_same(value, truth[name])}
    assert differing == {}


def truth_of(world, log):
    """All that is true of the call of a way: what it said, and what follows from that."""
    said = log(world)
    call = Call.objects.get()
    silent = {"callee": "", "linked": False, "stored": False, "is_undirected": False, "agent": None}
    said = {**silent, **dict.fromkeys(("ring", "hold", "holds", "transfer"), 0), **said}
    talked = (call.talk_ms or 0) / 1000
    said = {"talk": talked, "duration": (call.duration_ms or 0) / 1000, **said}
    if log in (by_fonestorm, by_voipnow):  # the simulator says how long it rang and whether it recorded
        said |= {"ring": (call.ring_ms or 0) / 1000, "stored": call.has_audio}
    remote = said["callee"] if said["goes_out"] else said["caller"]
    target = said["callee"] if said["goes_out"] else None
    return {"target": target, **said, "remote": remote, "recorded": said["linked"] or said["stored"]}


def is_same(shown, truth):
    """Whether a reader tells the truth: numbers in any spelling, lengths to the second."""
    if isinstance(truth, bool) or not isinstance(truth, str | int | float):
        return shown == truth
    if isinstance(truth, str):
        return plain(shown) == plain(truth)
    return abs(shown - truth) < 1


def plain(text):
    """The last nine digits of a number; an extension, a name and nothing as they are."""
    return text if "*" in text or not any(letter.isdigit() for letter in text) else re.sub("[^0-9]", "", text)[-9:]
