"""Rules of tags over the API: what they say, who may read and change them, and past calls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from calls import batches
from calls.models import Call, CallBatch, Tag, TagRule
from tenants.choices import Role, Scope
from tests.calls.api.client import BODY, ApiClient, faults_of
from tests.make import make_call, make_center, make_line

LONG = {"tag": "long", "direction": "inbound", "min_duration": 60}


@pytest.fixture
def rule(api):
    return api.post("tag-rules", LONG).json()


def tagged(*calls):
    return [call.tags.filter(name="long").exists() for call in calls]


def test_a_rule_made_here_tags_the_next_call_that_fits(api, rule):
    assert api.post("calls", {**BODY, "duration": 61}).json()["tags"] == ["long"]
    assert api.post("calls", {**BODY, "duration": 59}).json()["tags"] == []
    api.patch(f"tag-rules/{rule['id']}", {"is_active": False})
    assert api.post("calls", {**BODY, "duration": 61}).json()["tags"] == []


def test_everything_it_is_told_it_tells_again(api, tenant):
    line = make_line(tenant, "+4640500600", name="Reception")
    told = {
        "tag": "mobile",
        "is_active": True,
        "direction": "outbound",
        "disposition": "answered",
        "line": str(line.pk),
        "number_prefix": "0046 (70)-1",
        "min_duration": 1.5,
        "max_duration": 600,
    }
    made = api.post("tag-rules", told).json()
    assert made.items() >= {**told, "number_prefix": "+46701"}.items()
    row = TagRule.objects.get()
    assert (row.tenant, row.tag.name, row.number_prefix, row.least_ms, row.most_ms) == (tenant, "mobile", "+46701", 1500, 600_000)
    whole = api.get(f"tag-rules/{made['id']}?expand=line&fields=line,tag").json()
    assert (whole["tag"], whole["line"]["name"]) == ("mobile", "Reception")
    emptied = {"direction": "", "disposition": "", "line": None, "number_prefix": "", "max_duration": None}
    assert api.patch(f"tag-rules/{made['id']}", emptied).json().items() >= emptied.items()


def test_its_tag_is_the_tenants_own_in_any_letter_case_or_a_new_one(api, tenant, stranger):
    Tag.objects.create(tenant=stranger.tenant, name="Long")
    mine = Tag.objects.create(tenant=tenant, name="Long")
    made = api.post("tag-rules", {**LONG, "tag": "  lONG "}).json()
    assert (made["tag"], TagRule.objects.get().tag) == ("Long", mine)
    assert api.patch(f"tag-rules/{made['id']}", {"tag": "quite  new"}).json()["tag"] == "quite new"
    assert set(Tag.objects.for_tenant(tenant).values_list("name", flat=True)) == {"Long", "quite new"}


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"tag": "x"}, ""),
        ({"tag": "x", "is_active": False}, ""),
        ({**LONG, "max_duration": 59}, ""),
        ({"direction": "inbound"}, "/tag"),
        ({**LONG, "tag": " "}, "/tag"),
        ({**LONG, "tag": "x" * 61}, "/tag"),
        ({**LONG, "direction": "sideways"}, "/direction"),
        ({**LONG, "disposition": 7}, "/disposition"),
        ({**LONG, "min_duration": "soon"}, "/min_duration"),
        ({**LONG, "min_duration": -1}, "/min_duration"),
        ({**LONG, "number_prefix": "070"}, "/number_prefix"),
        ({**LONG, "number_prefix": "+46' OR 1=1"}, "/number_prefix"),
        ({**LONG, "line": "0195a3c2-0000-7000-8000-000000000000"}, "/line"),
        ({**LONG, "nonsense": 1}, "/nonsense"),
    ],
)
def test_what_is_no_rule_is_refused_by_name(api, told, fault):
    response = api.post("tag-rules", told)
    assert (response.status_code, faults_of(response)) == (400, {fault})
    assert not TagRule.objects.exists()


def test_the_last_condition_cannot_be_taken_away(api):
    made = api.post("tag-rules", {"tag": "in", "direction": "inbound"}).json()
    response = api.patch(f"tag-rules/{made['id']}", {"direction": ""})
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert "Tell at least one condition" in response.json()["detail"]
    assert api.get(f"tag-rules/{made['id']}").json()["direction"] == "inbound"


def test_only_who_read_the_newest_changes_it(api, rule):
    address = f"tag-rules/{rule['id']}"
    old = api.get(address)["ETag"]
    assert api.patch(address, {"min_duration": 90}, If_Match=old).status_code == 200
    for answer in (api.patch(address, {"min_duration": 120}, If_Match=old), api.delete(address, If_Match=old)):
        assert (answer.status_code, answer.json()["code"]) == (412, "changed_meanwhile")
    assert TagRule.objects.get().least_ms == 90_000


def test_the_same_key_again_makes_no_second_rule(api):
    first, again = (api.post("tag-rules", LONG, Idempotency_Key="one") for _ in range(2))
    assert (again.json(), again["Idempotency-Replayed"]) == (first.json(), "true")
    assert TagRule.objects.count() == 1


def test_managers_of_the_whole_tenant_read_and_its_owners_alone_change(api, tenant, rule):
    center = make_center(tenant)
    people = [
        (ApiClient(tenant, Role.MANAGER), 200),
        (ApiClient(tenant, Role.OWNER, Scope.READ), 200),
        (ApiClient(tenant, Role.AGENT), 403),
        (ApiClient(tenant, Role.VIEWER), 403),
        (ApiClient(tenant, Role.OWNER, center=center), 403),
    ]
    one = f"tag-rules/{rule['id']}"
    for client, sees in people:
        assert {client.get(path).status_code for path in ("tag-rules", one, f"{one}/past")} == {sees}
        writes = (client.post("tag-rules", LONG), client.patch(one, {"is_active": False}), client.delete(one))
        assert {answer.status_code for answer in (*writes, client.post(f"{one}/past", {}))} == {403}
    assert list(TagRule.objects.values_list("is_active", flat=True)) == [True]


def test_anothers_rule_is_no_rule(api, stranger, rule):
    one = f"tag-rules/{rule['id']}"
    assert stranger.get("tag-rules").json()["results"] == []
    answers = [stranger.get(one), stranger.get(f"{one}/past"), stranger.post(f"{one}/past", {"span": "all"})]
    answers += [stranger.patch(one, {"is_active": False}), stranger.delete(one)]
    assert {answer.status_code for answer in answers} == {404}
    line = make_line(stranger.tenant, "+4640500600")
    assert faults_of(api.patch(one, {"line": str(line.pk)})) == {"/line"}
    assert TagRule.objects.get().is_active


def test_filters_narrow_the_list_and_pages_give_each_rule_once(api, tenant):
    line = make_line(tenant, "+4640500600")
    bodies = [LONG, {"tag": "busy", "disposition": "busy"}, {"tag": "desk", "line": str(line.pk), "is_active": False}]
    ids = [api.post("tag-rules", body).json()["id"] for body in bodies]

    def found(query):
        return [row["id"] for row in api.get(f"tag-rules?{query}").json()["results"]]

    assert found("tag=LONG") == found("direction=inbound,outbound") == ids[:1]
    assert found("disposition=busy") == ids[1:2]
    assert found(f"line={line.pk}") == found("is_active=false") == ids[2:]
    first = api.get("tag-rules?page_size=2&sort=-created_at").json()
    second = api.get(first["next"].split("/api/v1/")[1]).json()
    assert [row["id"] for page in (first, second) for row in page["results"]] == ids[::-1]
    assert faults_of(api.get("tag-rules?sort=name")) == {"sort"}


# Past calls


@pytest.fixture
def calls(tenant):
    """Two of lately and one of long ago that fit the rule, one that is too short, one that has the tag."""
    lately, long_ago = timezone.now() - timedelta(days=2), timezone.now() - timedelta(days=40)
    fitting = [make_call(tenant, started_at=at, seconds=90) for at in (lately, lately, long_ago)]
    has_it = make_call(tenant, started_at=lately, seconds=90, tags=("long",))
    return [*fitting, make_call(tenant, started_at=lately, seconds=30), has_it]


def test_tells_how_many_past_calls_it_would_have_tagged(api, calls, rule):
    past = f"tag-rules/{rule['id']}/past"
    assert api.get(past).json() == {"span": "30d", "fitting": 3, "untagged": 2, "is_exact": True}
    assert api.get(f"{past}?span=all").json() == {"span": "all", "fitting": 4, "untagged": 3, "is_exact": True}
    assert faults_of(api.get(f"{past}?span=year")) == {"span"}
    assert faults_of(api.get(f"{past}?x=1")) == {"x"}


def test_counts_no_further_than_lists_do(api, calls, rule, monkeypatch):
    monkeypatch.setattr("calls.api.views.rules.COUNTED", 1)
    past = api.get(f"tag-rules/{rule['id']}/past?span=all").json()
    assert past == {"span": "all", "fitting": 1, "untagged": 1, "is_exact": False}


def test_past_calls_get_the_tag_in_the_background_and_it_can_be_undone(api, calls, rule, stranger):
    theirs = make_call(stranger.tenant, seconds=90)
    past = f"tag-rules/{rule['id']}/past"
    response = api.post(past, {})
    assert (response.status_code, response.json()) == (202, {"span": "30d", "count": 2})
    [batch] = CallBatch.objects.all()
    assert batch.user == api.user
    assert batches.work(batch.pk, seconds=60)
    assert tagged(*calls, theirs) == [True, True, False, False, True, False]
    assert api.post(past, {"span": "30d"}).json()["count"] == 0
    assert api.post(past, {"span": "all"}).json()["count"] == 1
    batch.refresh_from_db()
    batches.undo(batch, rings=False)
    assert batches.work(batch.pk, seconds=60)
    assert tagged(*calls) == [False, False, False, False, True]
    assert Call.objects.get(pk=calls[0].pk).version > calls[0].version


@pytest.mark.parametrize("body", [{"span": "year"}, {"span": None}, {"x": 1}, [], 7])
def test_asks_of_past_calls_that_cannot_be_are_refused(api, calls, rule, body):
    assert api.post(f"tag-rules/{rule['id']}/past", body).status_code == 400
    assert not CallBatch.objects.exists()
