"""Each field of each answer of the five vendors has the type its page, or the vendor's own client, gives it.

Every table is one document: its fields and what their values are. A field that is in no table, or never came, fails as well.
The call that is asked for has fractions in all of its lengths: what is an integer on a page must be one here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from calls.choices import Disposition, LegRole, WebhookEvent
from calls.drafts import InteractionDraft, LegDraft, PartyDraft
from calls.models import Call
from calls.webhooks.payloads.base import Fact
from calls.webhooks.payloads.fonestorm import document_of
from contacts.matching import AgentHint
from tests.calls.dialects.contract import basic
from tests.calls.dialects.world import EXTENSION, FONENUMBER, START, THEIRS, end_of_order, on_disk, world
from tests.calls.recordings.audio import tone, wav
from tests.make import PASSWORD, make_call, make_center, make_company, make_contact, make_recording

__all__ = ["on_disk", "world"]
pytestmark = pytest.mark.django_db(transaction=True)

TEXT, FLAG, WHOLE, NUMBER = "text", "flag", "whole", "number"
DATES = {
    "calln": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "hostedsuite": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "planhat": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "xml_schema": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
}
TYPES = {TEXT: (str,), FLAG: (bool,), WHOLE: (int,), NUMBER: (int, float)}


def fields(kind: str, names: str, under: str = "") -> dict[str, str]:
    """These fields, all of one kind."""
    return {under + name: kind for name in names.split()}


# Planhat

PLANHAT_STAMPS = {**fields(TEXT, "_id name"), **fields("planhat", "createDate updateDate")}
PLANHAT_CALL = {
    **fields(TEXT, "_id nr phUserId userId phCompanyId companyId phAgentId agentId agentName direction record"),
    **fields("planhat", "start end createDate"),
    **fields(WHOLE, "__v"),
    **fields(NUMBER, "waiting"),
}

# CallN

CALLN_CALL = {
    **fields(WHOLE, "id durationseconds answerdelayms rating audiolengthbytes"),
    **fields("calln", "startdatetime startdatetimeutc"),
    **fields(TEXT, "direction directiontype subject notes audiomd5hash tags[]"),
}
CALLN_SIDES = fields(TEXT, "callerphonenumber callername destinationphonenumber destinationname")
CALLN_NEWER = {
    **CALLN_CALL,
    **fields(TEXT, "callid type typediscardedreason telephonyplatform clientoperatingsystem clientservername location"),
    **fields(TEXT, "audiourl audiocontenttype"),
    **{
        f"{side}.{name}": kind
        for side in ("caller", "destination")
        for name, kind in fields(TEXT, "phonenumber name macaddress mediaendpoint keypresses[].key").items()
    },
    **fields(WHOLE, "caller.keypresses[].timems"),
}
CALLN_AUDIT = {**fields(WHOLE, "id"), **fields("calln", "datetime datetimeutc"), **fields(TEXT, "action username description")}

# FoneStorm

FONESTORM_NOTIFY = ("receive_notify", "send_notify")
FONENUMBER_OBJECT = {
    **fields(TEXT, "fonenumber state rate_center is_active sms_options.sms_enabled sms_options.mms_enabled"),
    **fields(TEXT, "type email device forward url url_method", "sms_options.receive."),
    **{
        name: TEXT
        for options in ("sms_options", "voice_options", "call_options", "fax_options")
        for notify in FONESTORM_NOTIFY
        for name in fields(TEXT, "url method", f"{options}.{notify}.")
    },
}
FONESTORM_CALLBACK = fields(TEXT, "uid account_code direction status from to type")

# VoipNow

VOIPNOW_SELF = fields(TEXT, "link.self links.self")
VOIPNOW_HEAD = {**fields(TEXT, "id extension ownerId ownerName nonce"), **fields("xml_schema", "published answered")}
VOIPNOW_VIEW = {
    **fields(TEXT, "id extension callerId callerIdDestination"),
    **fields(WHOLE, "flow disposition"),
    **fields(FLAG, "recording"),
    **fields("xml_schema", "answered"),
}
VOIPNOW_CALL = {
    **VOIPNOW_HEAD,
    **VOIPNOW_SELF,
    **{f"phoneCallView[].{name}": kind for name, kind in VOIPNOW_VIEW.items()},
    **fields(TEXT, "source[] destination[]", "phoneCallView[]."),
    **fields(WHOLE, "status", "phoneCallView[]."),
    **fields(FLAG, "parked onHold", "phoneCallView[]."),
    **fields("xml_schema", "ringing", "phoneCallView[]."),
}
VOIPNOW_RECORD = {
    **VOIPNOW_HEAD,
    **{f"phoneCallView[].{name}": kind for name, kind in VOIPNOW_VIEW.items()},
    **fields(TEXT, "source destination", "phoneCallView[]."),
    **fields(WHOLE, "duration", "phoneCallView[]."),
}
VOIPNOW_PAGE = {**fields(WHOLE, "startIndex itemsPerPage totalResults"), **fields(FLAG, "filtered sorted")}
VOIPNOW_STATISTICS = fields(WHOLE, "type total answered busy failed unanswered unknown unallowed", "phoneCallStat[].")

# HostedSuite

HOSTEDSUITE_CALL = {
    **fields(TEXT, "Id ClientId ClientName CenterId CallerName CallerNumber TransferToName TransferToNumber Notes AnsweredBy"),
    **fields(TEXT, "Server ScreenPop FlagNotes Type CompletedFormIds[] Interactions[].Type Interactions[].Description"),
    **fields("hostedsuite", "StartTime Interactions[].StartTime"),
    **fields(NUMBER, "DurationInSeconds RingTimeInSeconds HoldTimeInSeconds TalkTimeInSeconds TransferTimeInSeconds"),
    **fields(NUMBER, "WorkTimeInSeconds"),
    **fields(WHOLE, "HoldCount"),
    **fields(FLAG, "Flagged"),
}
HOSTEDSUITE_ROW = {**fields(TEXT, "Id Name ThirdPartyAccountId"), **fields("hostedsuite", "DateLastModified")}
HOSTEDSUITE_CONTACT = {
    **HOSTEDSUITE_ROW,
    **fields(TEXT, "ClientId ClientName FirstName LastName Information"),
    **fields(TEXT, "PhoneNumbers[].Number EmailAddresses[].EmailAddress"),
}
HOSTEDSUITE_REFUSAL = {
    **fields(TEXT, "ErrorCode Message", "ResponseStatus."),
    **fields(TEXT, "ErrorCode FieldName Message", "ResponseStatus.Errors[]."),
}
CREDENTIALS = {"CustomerName": "acme", "UserName": "ann", "Password": PASSWORD}


@dataclass(frozen=True)
class Answer:
    """How an answer is got, and its table."""

    ask: Callable[[Asker], Any]
    table: dict[str, str]
    is_list: bool = False

    @property
    def expected(self) -> dict[str, str]:
        return {f"[].{name}" if self.is_list else name: kind for name, kind in self.table.items()}


@dataclass
class Asker:
    """Asks each vendor's API as its clients do, of a log with one call that has everything."""

    world: Any
    call: Call

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        data = b"" if body is None else json.dumps(body).encode()
        sent = {"content_type": "application/json", "headers": {name.title(): value for name, value in headers.items()}}
        return json.loads(self.world.client.generic(method, path, data, **sent).content)

    def bearer(self, method: str, path: str, body: Any = None) -> Any:
        return self.send(method, path, body, authorization=f"Bearer {self.world.token}")

    def calln(self, method: str, path: str, body: Any = None) -> Any:
        return self.send(method, path, body, authorization=basic("ann", PASSWORD)["Authorization"])

    def fonestorm(self, method: str, path: str, body: Any = None) -> Any:
        return self.send(method, path, body, token=self.world.token)

    def hostedsuite(self, path: str, **body: Any) -> Any:
        return self.send("POST", path, {**CREDENTIALS, **body})

    def ordered(self) -> dict[str, Any]:
        """A new call of VoipNow's, as it is answered."""
        view = {"source": [EXTENSION], "destination": [THEIRS], "callerId": "Ann <5550100>"}
        body = {"extension": EXTENSION, "phoneCallView": [view], "nonce": "n"}
        return self.bearer("POST", "/uapi/phoneCalls/@me/simple", body)

    def talking(self) -> str:
        """The address of a call of VoipNow's that is answered."""
        [call] = self.ordered()
        self.world.clock.shift(4)
        return f"/uapi/phoneCalls/@me/@self/{call['id']}"

    def history(self) -> dict[str, Any]:
        self.ordered()
        end_of_order(self.world)
        return self.bearer("GET", "/uapi/cdr/?filterBy=source&filterValue=0003*210")

    def audio(self) -> Any:
        key = self.calln("POST", "/api/call", {"startdatetimeutc": "2026-03-02 9:00:00"})["tempcallid"]
        headers = {**basic("ann", PASSWORD), "Content-Range": "chunk 1/1"}
        return self.world.client.put(f"/api/callaudio/{key}", wav(tone(5)), content_type="audio/wav", headers=headers).json()

    def number(self) -> int:
        return self.calln("GET", "/api/call")[0]["id"]

    def callback(self, event_type: WebhookEvent) -> Any:
        call = Call.objects.get(pk=self.call.pk)
        fact = Fact(tenant=call.tenant, event_type=event_type, happened_at=START, call_id=call.pk, call=call, sequence=1)
        return json.loads(json.dumps(document_of(fact)))


NOTIFY = {"fonenumber": FONENUMBER, "method": "JSON", "url": "https://hooks.example.com/x"}
ANSWERS = {
    "planhat list": Answer(lambda to: to.bearer("GET", "/calls"), PLANHAT_CALL, is_list=True),
    "planhat call": Answer(lambda to: to.bearer("GET", f"/calls/{to.call.pk.hex[:24]}"), PLANHAT_CALL),
    "planhat removed": Answer(
        lambda to: to.bearer("DELETE", f"/calls/{to.call.pk.hex[:24]}"), fields(WHOLE, "n ok deletedCount")
    ),
    "planhat companies": Answer(
        lambda to: to.bearer("GET", "/companies"), {**PLANHAT_STAMPS, **fields(TEXT, "externalId")}, is_list=True
    ),
    "planhat endusers": Answer(
        lambda to: to.bearer("GET", "/endusers"),
        {**PLANHAT_STAMPS, **fields(TEXT, "externalId email phone companyId companyName")},
        is_list=True,
    ),
    "planhat lean": Answer(
        lambda to: to.bearer("GET", "/leancompanies?externalId=c-1"), fields(TEXT, "_id name externalId"), is_list=True
    ),
    "calln announced": Answer(
        lambda to: to.calln("POST", "/api/call", {"startdatetimeutc": "2026-03-02 9:00:00"}), fields(TEXT, "tempcallid")
    ),
    "calln audio": Answer(lambda to: to.audio(), fields(TEXT, "status")),
    "calln list": Answer(lambda to: to.calln("GET", "/api/call"), {**CALLN_CALL, **CALLN_SIDES}, is_list=True),
    "calln call": Answer(lambda to: to.calln("GET", f"/api/call/{to.number()}"), {**CALLN_CALL, **CALLN_SIDES}),
    "calln newer list": Answer(lambda to: to.calln("GET", "/api/v2/call"), CALLN_NEWER, is_list=True),
    "calln newer call": Answer(lambda to: to.calln("GET", f"/api/v2/call/{to.number()}"), CALLN_NEWER),
    "calln audits": Answer(lambda to: to.calln("GET", f"/api/callaudits/{to.number()}"), CALLN_AUDIT, is_list=True),
    "calln token": Answer(
        lambda to: to.calln("GET", "/api/userauthtoken"), {**fields(TEXT, "token"), **fields("xml_schema", "expiry")}
    ),
    "calln refusal": Answer(lambda to: to.calln("POST", "/api/call", {}), fields(TEXT, "message")),
    "fonestorm token": Answer(
        lambda to: to.send("POST", "/v2/auth", {"username": "ann", "password": PASSWORD}), fields(TEXT, "auth.token")
    ),
    "fonestorm call": Answer(
        lambda to: to.fonestorm("POST", "/v2/calls", {"fonenumber": FONENUMBER, "to": THEIRS, "tts": "Hi"}),
        fields(TEXT, "call.id"),
    ),
    "fonestorm notify": Answer(
        lambda to: to.fonestorm("POST", "/v2/calls/send_notify", NOTIFY),
        {**{f"fonenumber.{name}": TEXT for name in FONENUMBER_OBJECT}, **fields(TEXT, "callback.url callback.method")},
    ),
    "fonestorm number": Answer(
        lambda to: to.fonestorm("GET", "/v2/fonenumbers/3215551081"),
        {f"fonenumber.{name}": TEXT for name in FONENUMBER_OBJECT},
    ),
    "fonestorm begin": Answer(lambda to: to.callback(WebhookEvent.CALL_CREATED), FONESTORM_CALLBACK),
    "fonestorm end": Answer(
        lambda to: to.callback(WebhookEvent.CALL_ENDED),
        {**FONESTORM_CALLBACK, **fields(TEXT, "disposition"), **fields(WHOLE, "billable_seconds")},
    ),
    "fonestorm refusal": Answer(
        lambda to: to.fonestorm("POST", "/v2/calls", {}), {**fields(TEXT, "error message"), **fields(WHOLE, "status_code")}
    ),
    "voipnow created": Answer(lambda to: to.ordered(), {**fields(TEXT, "id extension"), **VOIPNOW_SELF}, is_list=True),
    "voipnow list": Answer(
        lambda to: to.talking() and to.bearer("GET", "/uapi/phoneCalls/@me/@self"),
        {**{f"entry[].{name}": kind for name, kind in VOIPNOW_CALL.items()}, **VOIPNOW_PAGE},
    ),
    "voipnow held": Answer(
        lambda to: to.bearer("PUT", to.talking(), {"action": "OnHold"}),
        {**VOIPNOW_CALL, **fields(TEXT, "phoneCallView[].holder")},
    ),
    "voipnow ended": Answer(lambda to: to.bearer("DELETE", to.talking()), fields(TEXT, "id extension"), is_list=True),
    "voipnow history": Answer(
        lambda to: to.history(),
        {**{f"entry[].{name}": kind for name, kind in VOIPNOW_RECORD.items()}, **VOIPNOW_PAGE, **VOIPNOW_STATISTICS},
    ),
    "voipnow refusal": Answer(
        lambda to: to.bearer("POST", "/uapi/phoneCalls/@me/simple", {}), fields(TEXT, "error.code error.message")
    ),
    "hostedsuite calls": Answer(
        lambda to: to.hostedsuite("/api/calls"),
        {
            **{f"Items[].{name}": kind for name, kind in HOSTEDSUITE_CALL.items()},
            **fields(WHOLE, "Page TotalCount TotalPages"),
        },
    ),
    "hostedsuite call": Answer(lambda to: to.hostedsuite("/api/calls/update", Id=str(to.call.pk), Notes="n"), HOSTEDSUITE_CALL),
    "hostedsuite person": Answer(
        lambda to: to.hostedsuite("/api/authenticate"),
        {**fields(FLAG, "Authenticated"), **fields(TEXT, "UserType Name CompanyName UserId")},
    ),
    "hostedsuite clients": Answer(
        lambda to: to.hostedsuite("/api/clients"), {**HOSTEDSUITE_ROW, **fields(TEXT, "Information")}, is_list=True
    ),
    "hostedsuite centers": Answer(lambda to: to.hostedsuite("/api/centers"), HOSTEDSUITE_ROW, is_list=True),
    "hostedsuite contacts": Answer(lambda to: to.hostedsuite("/api/contacts"), HOSTEDSUITE_CONTACT, is_list=True),
    "hostedsuite allowance": Answer(
        lambda to: to.hostedsuite("/api/call-allowance/balance"),
        {**fields(TEXT, "ClientId ClientName"), **fields(WHOLE, "CallCount"), **fields(NUMBER, "UsedSeconds UsedMinutes")},
        is_list=True,
    ),
    "hostedsuite refusal": Answer(lambda to: to.hostedsuite("/api/calls", StartDate="soon"), HOSTEDSUITE_REFUSAL),
}


@pytest.fixture
def asker(world):
    company = make_company(world.acme, name="Client Ltd", external_id="c-1", notes="Since 2019")
    person = {"name": "Erik Berg", "external_id": "e-1", "email": "erik@example.com", "notes": "Likes tea"}
    make_contact(world.acme, THEIRS, company=company, **person)
    center = make_center(world.acme, name="Lund", external_id="l-1")
    agent = world.agent
    agent.external_id = "ann"
    agent.save()
    at = START + timedelta(seconds=30)
    to = PartyDraft(number="0003*211", name="Bo")
    call = make_call(
        world.acme,
        started_at=START,
        seconds=None,
        ended_at=START + timedelta(milliseconds=90_500),
        ring_ms=5_250,
        hold_ms=1_500,
        hold_count=1,
        work_ms=700,
        disposition=Disposition.ANSWERED,
        caller=PartyDraft(number=THEIRS),
        callee=PartyDraft(number=EXTENSION),
        remote=PartyDraft(),
        agent=AgentHint(external_id="ann"),
        center_id=str(center.pk),
        tags=("vip",),
        notes="n",
        is_flagged=True,
        flag_notes="f",
        screen_pop="s",
        completed_forms=("f-1",),
        recording_url="https://rec.example/1.mp3",
        facts={"server": "pbx", "rating": 4, "callee_dtmf": "1", "caller_keypresses": [{"timems": 1200, "key": "1"}]},
        legs=(LegDraft(role=LegRole.TRANSFER, party=to, started_at=at, answered_at=at + timedelta(milliseconds=2_500)),),
        interactions=(InteractionDraft(happened_at=START, summary="Menu", description="Chose 2"),),
    )
    make_recording(call)
    return Asker(world, call)


@pytest.mark.parametrize("name", ANSWERS)
def test_every_field_has_the_documented_type(asker, name):
    answer = ANSWERS[name]
    seen = list(leaves(answer.ask(asker)))
    assert {path: value for path, value in seen if not is_of(answer.expected.get(path), value)} == {}
    assert {path for path, _ in seen} == set(answer.expected)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a document with its path; the places of a list are one. Empty lists have none."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for member in value:
            yield from leaves(member, f"{path}[]")
    else:
        yield path, value


def is_of(kind: str | None, value: Any) -> bool:
    """Whether a value is what the table says; null never is."""
    if kind in DATES:
        return isinstance(value, str) and re.fullmatch(DATES[kind], value) is not None
    return kind is not None and type(value) in TYPES[kind]
