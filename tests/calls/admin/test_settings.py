"""The settings: what each card says, who sees them, and tokens made where a vendor's program is connected."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from calls.arrivals import arrivals_of
from calls.dialects.urls import GUIDES
from calls.models import DialPlan, DoNotCall, RetentionRule, Tag
from tenants import oauth
from tenants.choices import Scope
from tenants.models import ApiToken, Membership
from tests.make import (
    make_agent,
    make_call,
    make_center,
    make_endpoint,
    make_line,
    make_operator,
    make_tenant,
    make_token,
    make_user,
)
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
PAGE = "/admin/settings/"
CONNECT = "/admin/settings/connect/"
PAGES = (PAGE, CONNECT, *(f"{CONNECT}{vendor}/" for vendor in GUIDES))


@pytest.fixture
def tenant():
    return make_tenant("lund", name="Lund AB", time_zone="Europe/Stockholm", open_ingest=True)


@pytest.fixture
def owner(tenant):
    return staff(tenant, "owner", username="eva")


@pytest.fixture
def client(owner):
    return signed_in(owner)


def text_of(client, address=PAGE):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


# What the cards say


def test_an_empty_tenant_is_told_where_to_begin(client):
    text = text_of(client)
    for words in (
        "Lund AB · Europe/Stockholm",
        "Open: calls are taken at /lund/calls without credentials.",
        "No vendor&#x27;s program has been here yet.",
        "0 tokens open doors",
        "Owner: 1",
        "0 lines",
        "Audio is kept until a person removes it.",
        "None yet: nobody is told of calls.",
    ):
        assert words in text, words


def test_every_card_says_how_things_stand(client, tenant, owner):
    center = make_center(tenant)
    staff(tenant, "agent", center=center)
    staff(tenant, "viewer")
    make_token(tenant, owner)
    make_token(tenant, owner, revoked_at="2026-01-01T00:00:00Z")
    oauth.make_app(tenant, name="CRM", user=owner)
    make_line(tenant, "+4640500600", is_phone_terminal=True)
    make_line(tenant, "210", is_active=False)
    make_agent(tenant)
    make_endpoint(tenant)
    make_endpoint(tenant, state="disabled")
    DialPlan.objects.create(tenant=tenant, countries=["SE", "NO"])
    DoNotCall.objects.create(tenant=tenant, number="+46701112244", e164="+46701112244", match_key="701112244")
    RetentionRule.objects.create(tenant=tenant, days=30)
    RetentionRule.objects.create(tenant=tenant, kind="voicemail")
    Tag.objects.create(tenant=tenant, name="sale")
    tenant.digest_hour, tenant.monthly_deposits = 7, 100
    tenant.save()
    text = text_of(client)
    for words in (
        "1 token opens doors · 1 revoked or expired · 1 OAuth application",
        "Owner: 1 · Agent: 1 · Viewer: 1 · 1 sees one center only",
        "1 agent · 1 center",
        "2 lines · 1 telephone · 1 switched off",
        "Calls to SE, NO · 1 number not to call",
        "Every call: 30 days · Voicemail: until a person removes it",
        "Uploads this month: 0 / 100",
        "1 tag",
        "Active: 1 · Disabled: 1",
        "Missed calls are mailed daily at 7:00.",
    ):
        assert words in text, words


def test_every_link_leads_somewhere(client):
    import re

    for address in PAGES:
        for link in set(re.findall(r'<a class="ch-(?:link|button)[^"]*" href="([^"]+)"', text_of(client, address))):
            assert client.get(link.replace("&amp;", "&"), follow=True).status_code == 200, (address, link)


def test_tags_lead_to_their_rules_and_to_outcomes(client):
    content = text_of(client).partition('class="ch-settings"')[2]
    assert reverse("admin:calls_tagrule_changelist") in content
    assert reverse("admin:calls_outcome_changelist") in content


def test_the_navigation_leads_there(client):
    text = text_of(client, "/admin/")
    assert f'href="{PAGE}"' in text
    assert f'href="{CONNECT}"' in text


def test_a_request_shows_that_a_program_is_connected(client, tenant, owner):
    assert "No request yet." in text_of(client, CONNECT)
    token = make_token(tenant, owner)
    body = {"nr": "+46701234567", "agentId": "a", "start": "2026-03-02T09:00:00Z"}
    client.post("/calls", body, content_type="application/json", headers={"Authorization": f"Bearer {token}"})
    assert list(arrivals_of(tenant)) == ["planhat"]
    assert "Have been here: Planhat" in text_of(client)
    assert "The last request came" in text_of(client, CONNECT)
    text = text_of(client, f"{CONNECT}planhat/")
    assert "The first request came" in text
    [call] = (
        client.get(reverse("admin:calls_call_changelist"), {"period": "all", "source__exact": "planhat"})
        .context["cl"]
        .result_list
    )
    assert call.source == "planhat"


def test_what_is_not_ready_is_said(client, tenant):
    assert "no line with a public number yet" in text_of(client, f"{CONNECT}fonestorm/")
    assert "no telephone yet" in text_of(client, f"{CONNECT}voipnow/")
    tenant.open_ingest = False
    tenant.save()
    assert "The open address is closed" in text_of(client, f"{CONNECT}planhat/")
    assert "Closed: every call needs credentials." in text_of(client)


# Tokens


def test_a_token_is_shown_once_and_kept_nowhere(client, tenant, owner):
    address = f"{CONNECT}hostedsuite/"
    assert "YOUR_TOKEN" in text_of(client, address)
    answer = client.post(address)
    token = ApiToken.objects.get()
    assert (token.tenant, token.user, token.name, token.scope) == (tenant, owner, "HostedSuite", Scope.WRITE)
    assert "no-store" in answer.headers["Cache-Control"]
    assert token.prefix in answer.content.decode()
    assert "YOUR_TOKEN" not in answer.content.decode()
    for page in (
        address,
        PAGE,
        reverse("admin:tenants_apitoken_changelist"),
        reverse("admin:tenants_apitoken_history", args=[token.pk]),
    ):
        assert f"{token.prefix}_" not in text_of(client, page), page


def test_managers_look_and_owners_make_tokens(tenant):
    manager = signed_in(staff(tenant, "manager"))
    text = text_of(manager, f"{CONNECT}planhat/")
    assert "Owners make tokens." in text
    assert "Make a token" not in text
    assert manager.post(f"{CONNECT}planhat/").status_code == 403
    assert "tokens open doors" not in text_of(manager)
    assert not ApiToken.objects.exists()


# Who sees them


@pytest.mark.parametrize("role", ["agent", "viewer"])
def test_others_than_owners_and_managers_do_not(tenant, role):
    client = signed_in(staff(tenant, role))
    for address in PAGES:
        assert client.get(address).status_code == 403, address
        assert client.post(address).status_code == 403, address
    assert f'href="{PAGE}"' not in client.get("/admin/").content.decode()


def test_nor_who_is_limited_to_a_center_or_a_member_of_nothing(tenant):
    limited = signed_in(staff(tenant, "owner", center=make_center(tenant)))
    nobody = signed_in(make_user(is_staff=True))
    for address in PAGES:
        assert limited.get(address).status_code == nobody.get(address).status_code == 403, address
        assert limited.post(address).status_code == 403, address


def test_another_tenants_are_none(client):
    other = make_tenant("umea")
    for named in (other.pk, "0190d3b0-0000-7000-8000-000000000000", "x", ""):
        for address in PAGES:
            assert client.get(address, {"tenant": str(named)}).status_code == 404, (address, named)
    assert client.post(f"{CONNECT}planhat/?tenant={other.pk}").status_code == 404
    assert client.get(f"{CONNECT}nobody/").status_code == 404


def test_who_runs_several_chooses_one(tenant, owner):
    other = make_tenant("umea", name="Umea AB")
    Membership.objects.create(tenant=other, user=owner, role="manager")
    client = signed_in(owner)
    for address in PAGES:
        assert "Whose settings?" in text_of(client, address), address
        assert "Umea AB" in text_of(client, f"{address}?tenant={other.pk}"), address
    assert client.post(f"{CONNECT}planhat/").status_code == 400
    assert client.post(f"{CONNECT}planhat/?tenant={other.pk}").status_code == 403  # a manager there
    assert client.post(f"{CONNECT}planhat/?tenant={tenant.pk}").status_code == 200
    assert ApiToken.objects.get().tenant == tenant


def test_an_operator_sees_every_tenants(tenant):
    make_tenant("umea")
    client = signed_in(make_operator())
    assert "Lund AB" in text_of(client)
    assert "Europe/Stockholm" in text_of(client, f"{PAGE}?tenant={tenant.pk}")
    assert client.get(f"{PAGE}?tenant=nonsense").status_code == 404


def test_two_rows_cost_what_fifty_cost(client, tenant, owner):
    costs = []
    for count in (2, 48):
        for number in range(count):
            staff(tenant, "agent")
            make_token(tenant, owner)
            make_line(tenant, f"+46405{count:02}{number:03}", is_phone_terminal=True)
            make_center(tenant)
            make_endpoint(tenant)
            Tag.objects.create(tenant=tenant, name=f"tag {count} {number}")
            make_call(tenant)
        for address in PAGES:
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            costs.append(len(queries))
    assert costs[: len(PAGES)] == costs[len(PAGES) :]
    assert max(costs) <= 24
