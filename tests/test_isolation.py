"""No door tells one tenant anything of another: every address, every method, every way to sign in.

The addresses come from the URL resolver itself, so a new one is walked without anybody remembering it; one with a
parameter this test does not know fails.
"""

from __future__ import annotations

import base64
import json
import re
from uuid import uuid4

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.regex_helper import normalize

from calls.choices import Source
from calls.drafts import CallDraft
from calls.models import Call, Delivery, Line, SavedView, Tag, TagRule
from calls.uploads import open_ticket
from contacts.models import AgentExtension
from tenants import oauth
from tenants.authentication import Principal
from tenants.ids import short_id
from tenants.models import ApiToken
from tenants.scoping import TenantOwned
from tests.make import (
    PASSWORD,
    STARTED_AT,
    make_agent,
    make_call,
    make_center,
    make_company,
    make_contact,
    make_endpoint,
    make_line,
    make_recording,
    make_tenant,
    make_token,
    make_user,
)

CANARY = "canary7391"
NOT_A_TENANTS_DOOR = ("admin/", "health/", "static/")
METHODS = ("get", "post", "put", "patch", "delete", "options")
pytestmark = pytest.mark.django_db


def routes(patterns=None, before=""):
    """Every address below the root as (format string, parameter names)."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        regex = before + entry.pattern.regex.pattern.lstrip("^")
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, regex.removesuffix(r"\Z"))
        elif isinstance(entry, URLPattern) and not regex.startswith(NOT_A_TENANTS_DOOR):
            for plain in without_alternatives(regex.replace(r"/?\Z", "")):
                [(form, names), *_rest] = normalize(plain)
                assert form or regex == r"\Z", f"this address cannot be walked: {regex}"
                yield f"/{form}", tuple(names)


def without_alternatives(regex):
    """The regular expression once for each of its ``(?:one|other)``."""
    group = re.search(r"\(\?:([^()]*\|[^()]*)\)", regex)
    if group is None:
        return [regex]
    plain = [regex[: group.start()] + option + regex[group.end() :] for option in group.group(1).split("|")]
    return [form for one in plain for form in without_alternatives(one)]


ROUTES = sorted(set(routes()))


@pytest.fixture
def theirs():
    """Tenant A with one of everything, each row carrying the canary."""
    tenant = make_tenant("their-tenant", open_ingest=False)
    center = make_center(tenant, name=f"Center {CANARY}", external_id=f"{CANARY}-center")
    company = make_company(tenant, name=f"Company {CANARY}", external_id=f"{CANARY}-company")
    contact = make_contact(tenant, "+46701234567", name=f"Contact {CANARY}", external_id=f"{CANARY}-contact", company=company)
    agent = make_agent(tenant, name=f"Agent {CANARY}", external_id=f"{CANARY}-agent", center=center)
    AgentExtension.objects.create(tenant=tenant, agent=agent, number="4711")
    line = make_line(tenant, "+4685550000", name=f"Line {CANARY}")
    tag = Tag.objects.create(tenant=tenant, name=CANARY)
    user = make_user(tenant, username=f"user-{CANARY}")
    make_token(tenant, user)
    call = make_call(tenant, "+46701234567", notes=f"Notes {CANARY}", external_id=f"{CANARY}-call", tags=(CANARY,))
    recording = make_recording(call, f"sound of {CANARY}".encode())
    announced = CallDraft(source=Source.API, started_at=STARTED_AT, notes=f"Notes {CANARY}")
    upload = open_ticket(tenant, Principal(tenant=tenant, user=user, role="owner"), Source.API, draft=announced)
    rows = {"center": center, "company": company, "contact": contact, "agent": agent, "line": line, "tag": tag, "user": user}
    rows |= {"recording": recording, "upload": upload}
    endpoint = make_endpoint(tenant, f"https://{CANARY}.example.com/in", name=f"Hook {CANARY}")
    told = {"event_type": "webhook.test", "body": CANARY.encode(), "due_at": STARTED_AT, "state": "failed"}
    rows |= {"webhook": endpoint, "delivery": Delivery.objects.create(tenant=tenant, endpoint=endpoint, **told)}
    rows["view"] = SavedView.objects.create(tenant=tenant, owner=user, name=f"View {CANARY}", is_shared=True)
    rows["tag_rule"] = TagRule.objects.create(tenant=tenant, tag=tag, line=line)
    return {**rows, "tenant": tenant, "call": call, "token": ApiToken.objects.get(user=user)}


def administrators_token(tenant):
    """The access token of an application that reaches as far as one can."""
    app, client_secret = oauth.make_app(tenant, name="app", level="administrator")
    fields = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": client_secret}
    return oauth.grant(fields).body["access_token"]


@pytest.fixture
def ours():
    """Tenant B and all the ways its people sign in."""
    tenant = make_tenant("our-tenant")
    user = make_user(tenant, username="our-user")
    secret = make_token(tenant, user)
    basic = base64.b64encode(f"{secret}:".encode()).decode()
    person = base64.b64encode(f"our-user:{PASSWORD}".encode()).decode()
    body = {"CustomerName": tenant.slug, "UserName": "our-user", "Password": PASSWORD}
    return {
        "tenant": tenant,
        "ways": [
            ({"HTTP_AUTHORIZATION": f"Bearer {secret}"}, body),
            ({"HTTP_AUTHORIZATION": f"Basic {basic}"}, {}),
            ({"HTTP_AUTHORIZATION": f"Basic {person}"}, {}),
            ({"HTTP_TOKEN": secret}, {}),
            ({"HTTP_AUTHORIZATION": f"Bearer {administrators_token(tenant)}"}, {}),
            ({}, {}),
        ],
    }


def spellings(name, theirs):
    """Tenant A's values for one parameter of an address."""
    rows = [row for row in theirs.values() if hasattr(row, "pk")]
    ids = [str(row.pk) for row in rows] + [short_id(theirs["call"].pk), short_id(theirs["contact"].pk)]
    known = {
        "slug": ["their-tenant"],
        "call_id": [*ids, short_id(theirs["call"].pk, 20), f"{CANARY}-call"],
        "record_id": [*ids, f"extid-{CANARY}-contact", f"extid-{CANARY}-company", f"extid-{CANARY}-agent"],
        "pk": ids,
        "number": ["+4685550000"],
        "user_id": ["@me", "@owner", str(theirs["user"].pk), theirs["user"].username],
        "owner_id": [str(theirs["user"].pk)],
        "extension": ["4711", "@self"],
        "kind": ["simple", "callback", "conferenceInvite"],
        "which": ["send"],
        "name": [f"o-{theirs['call'].pk.hex}"],  # of a spoken message
        "client_id": ids,
        "code": ["not_found"],
        "token": ["A" * 32],  # of an address to try things out: whoever knows one may send there, and nobody can guess one
    }
    assert name in known, f"tell this test what “{name}” stands for in an address"
    return known[name]


def bodies_naming(theirs):
    """Bodies that try to reach tenant A's rows through their ids."""
    ids = {name: str(row.pk) for name, row in theirs.items()}
    return {
        "Id": ids["call"], "CallRecordId": ids["call"], "ClientId": ids["company"], "CenterId": ids["center"], "Notes": "x",
        "contact": ids["contact"], "company": ids["company"], "agent": ids["agent"], "center": ids["center"], "line": ids["line"],
        "phUserId": ids["contact"], "userId": f"{CANARY}-contact", "phAgentId": ids["agent"], "agentId": f"{CANARY}-agent",
        "phCompanyId": ids["company"], "companyId": ids["company"], "externalId": f"{CANARY}-contact", "tenant": ids["tenant"],
        "started_at": "2026-03-02T09:00:00Z", "direction": "in", "nr": "+46701234567",
        "fonenumber": "+4685550000", "to": "+46701234567",
    }  # fmt: skip


def foreign_references():
    """Rows of any model that point at another tenant's row."""
    for model in apps.get_models():
        if not issubclass(model, TenantOwned):
            continue
        for field in model._meta.get_fields():
            if field.many_to_one and issubclass(field.related_model, TenantOwned):
                path = f"{field.name}__tenant"
                for row in model.objects.exclude(**{field.name: None}).select_related(None).values_list("pk", "tenant", path):
                    if row[1] != row[2]:
                        yield model, row


def state_of(tenant):
    """Everything the tenant owns, as one comparable text."""
    rows = []
    for model in apps.get_models():
        if issubclass(model, TenantOwned) and model is not ApiToken:
            rows += [repr(sorted(values.items())) for values in model.objects.filter(tenant=tenant).values()]
    return "\n".join(sorted(rows))


@pytest.mark.parametrize(("form", "names"), ROUTES, ids=[form for form, _ in ROUTES])
def test_no_door_shows_or_touches_another_tenants_rows(client, theirs, ours, form, names):
    client.raise_request_exception = True
    before = state_of(theirs["tenant"])
    values = [spellings(name, theirs) for name in names]
    paths = {
        form % dict(zip(names, (options[i % len(options)] for options in values), strict=True))
        for i in range(max(map(len, values), default=1))
    }
    for headers, credentials in ours["ways"]:
        body = json.dumps({**bodies_naming(theirs), **credentials})
        for path in sorted(paths):
            for method in METHODS:
                send = {} if method in ("get", "options") else {"data": body, "content_type": "application/json"}
                answer = getattr(client, method)(path, **send, **headers)
                text = b"".join(answer.streaming_content) if answer.streaming else answer.content
                assert answer.status_code < 500 or answer.status_code == 501, (method, path, text)
                told = text.decode("utf-8", "replace")
                for sent in bodies_naming(theirs).values():
                    told = told.replace(sent, "")  # an echo of what we sent ourselves tells nothing
                told = told.replace(path, "")
                assert CANARY not in told, (method, path, told)
                assert not re.search(r"their-tenant", told), (method, path, told)
    assert state_of(theirs["tenant"]) == before
    assert not list(foreign_references())


def test_filters_and_searches_by_another_tenants_ids_find_nothing(client, theirs, ours):
    [(headers, _), *_rest] = ours["ways"]
    make_call(ours["tenant"], "+46709999999")
    for name in ("company", "agent", "center", "contact", "line"):
        answer = client.get("/api/v1/calls/", {name: str(theirs[name].pk)}, **headers)
        assert answer.status_code == 400 or answer.json()["results"] == [], name
    for name, value in (("number", "+46701234567"), ("notes", CANARY), ("tag", CANARY), ("external_id", f"{CANARY}-call")):
        answer = client.get("/api/v1/calls/", {name: value}, **headers)
        assert answer.json().get("results") == [] or answer.status_code == 400, name


def test_a_foreign_id_is_answered_like_an_absent_one(client, theirs, ours):
    [(headers, _), *_rest] = ours["ways"]
    absent, foreign = str(uuid4()), str(theirs["call"].pk)
    for address in ("/api/v1/calls/{}/", "/calls/{}"):
        answers = [client.get(address.format(key), **headers) for key in (absent, foreign)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content.replace(absent.encode(), b"") == answers[1].content.replace(foreign.encode(), b"")


def test_the_walk_covers_every_door():
    assert len(ROUTES) >= 40
    assert Call.objects.count() == 0
    assert Line.objects.count() == 0
