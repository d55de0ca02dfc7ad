"""Rules of tags in the admin: owners make them, see what they would have tagged, and have past calls tagged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from calls import batches
from calls.models import CallBatch, Tag, TagRule
from tests.make import make_call, make_center, make_line, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db
RULES = "/admin/calls/tagrule/"


@pytest.fixture
def tenant():
    return make_tenant()


@pytest.fixture
def tag(tenant):
    return Tag.objects.create(tenant=tenant, name="mobile")


@pytest.fixture
def owner(tenant):
    return signed_in(staff(tenant, "owner"))


def make_rule(tag, **conditions):
    return TagRule.objects.create(tenant=tag.tenant, tag=tag, **(conditions or {"direction": "inbound"}))


def page_of(rule, name="change"):
    return f"{RULES}{rule.pk}/{name}/"


def lately(days=1):
    return timezone.now() - timedelta(days=days)


def test_an_owner_writes_a_rule_as_people_write(owner, tenant, tag):
    line = make_line(tenant, "+4640500600", name="Reception")
    form = {
        "tag": tag.pk,
        "is_active": "on",
        "line": line.pk,
        "number_prefix": "0046 (70)-1",
        "least_ms": "1:35",
        "most_ms": "600",
    }
    answer = owner.post(f"{RULES}add/", form, follow=True)
    rule = TagRule.objects.get()
    assert (rule.tenant, rule.number_prefix, rule.least_ms, rule.most_ms) == (tenant, "+46701", 95_000, 600_000)
    text = answer.content.decode()
    assert answer.redirect_chain == [(page_of(rule), 302)]
    assert 'value="1:35"' in text
    assert "The rule tags calls from now on." in text
    said = owner.get(RULES).content.decode()
    for words in ("mobile", "over", "Reception", "number begins with +46701", "lasted at least 1:35", "lasted at most 10:00"):
        assert words in said, words


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({}, "Tell at least one condition"),
        ({"number_prefix": "070"}, "Begin with “+”"),
        ({"number_prefix": "+46' OR 1=1"}, "Begin with “+”"),
        ({"least_ms": "soon"}, "Write seconds, such as 95"),
        ({"least_ms": "10", "most_ms": "9"}, "No call lasts at least longer than it lasts at most."),
        ({"direction": "sideways"}, "sideways"),
    ],
)
def test_what_is_no_rule_is_refused_in_words(owner, tag, told, said):
    answer = owner.post(f"{RULES}add/", {"tag": tag.pk, "is_active": "on", **told})
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not TagRule.objects.exists()


def test_its_page_tells_how_many_calls_of_the_last_30_days_it_would_have_tagged(owner, tenant, tag):
    for days in (1, 2, 40):
        make_call(tenant, started_at=lately(days))
    make_call(tenant, "+4733123456", started_at=lately())
    make_call(make_tenant(), started_at=lately())
    make_call(tenant, started_at=lately(), tags=("mobile",))
    for is_active in (True, False):
        rule = make_rule(tag, number_prefix="+4670", is_active=is_active)
        past = owner.get(page_of(rule)).context["past"]
        assert (past["fitting"], past["untagged"]) == (3, 2)


def test_past_calls_are_tagged_as_a_batch_that_can_be_undone(owner, tenant, tag, django_capture_on_commit_callbacks):
    calls = [make_call(tenant, started_at=lately(days)) for days in (1, 40)]
    other = make_call(tenant, "+4733123456", started_at=lately())
    theirs = make_call(make_tenant(), started_at=lately())
    rule = make_rule(tag, number_prefix="+4670")

    def tagged():
        return [call.tags.filter(pk=tag.pk).exists() for call in (*calls, other, theirs)]

    def press(**form):
        with django_capture_on_commit_callbacks():
            answer = owner.post(page_of(rule, "past"), form)
        for batch in CallBatch.objects.unfinished():
            assert batches.work(batch.pk, seconds=60)
        return answer

    assert "/batch/" in press(span="30d").url
    assert tagged() == [True, False, False, False]
    press(span="all")
    assert tagged() == [True, True, False, False]
    assert press(span="all").url == page_of(rule)
    batch = CallBatch.objects.order_by("created_at").last()
    batches.undo(batch, rings=False)
    assert batches.work(batch.pk, seconds=60)
    assert tagged() == [True, False, False, False]


def test_only_owners_of_the_whole_tenant_change_rules(tenant, tag):
    rule, form = make_rule(tag), {"tag": tag.pk, "direction": "outbound"}
    center = make_center(tenant)
    people = [(staff(tenant, "manager"), 200), (staff(tenant, "agent"), 403), (staff(tenant, "viewer"), 403)]
    people += [(staff(tenant, "owner", center=center), 403), (staff(make_tenant(), "owner"), 200)]
    for person, sees in people:
        client = signed_in(person)
        assert client.get(RULES).status_code == sees
        client.post(f"{RULES}add/", form)
        client.post(page_of(rule), form)
        assert client.post(page_of(rule, "delete"), {"post": "yes"}).status_code in (302, 403)
        assert client.post(page_of(rule, "past"), {"span": "all"}).status_code in (403, 404)
    assert list(TagRule.objects.values_list("direction", flat=True)) == ["inbound"]
    assert not CallBatch.objects.exists()


def test_a_rule_takes_no_tag_or_line_of_another_tenant(owner, tag):
    other = make_tenant()
    theirs = Tag.objects.create(tenant=other, name="theirs")
    line = make_line(other, "+4640500600", name="their line")
    for form in ({"tag": theirs.pk, "direction": "inbound"}, {"tag": tag.pk, "line": line.pk}):
        assert owner.post(f"{RULES}add/", form).status_code == 200
    assert not TagRule.objects.exists()


def test_lists_and_pages_take_the_same_queries_with_2_and_50_rules(owner, tenant):
    counts = []
    for rules in (2, 50):
        for number in range(TagRule.objects.count(), rules):
            tag = Tag.objects.create(tenant=tenant, name=f"tag {number}")
            make_rule(tag, line=make_line(tenant, f"+464050{number:04}"))
        for address in (RULES, page_of(TagRule.objects.first()), "/admin/calls/tag/"):
            with CaptureQueriesContext(connection) as queries:
                assert owner.get(address).status_code == 200
            counts.append(len(queries))
    assert counts[:3] == counts[3:]
