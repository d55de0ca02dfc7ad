"""What is done to many calls of the list: who may, which calls, asking first, following, undoing; and the export."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls import batches, ledger
from calls.choices import Direction, RecordingState
from calls.drafts import CallChanges
from calls.models import Call, CallBatch
from calls.models.batch import BatchAct, BatchState
from calls.models.view import Column
from calls.transfer.table import safe
from tests.make import STARTED_AT, make_call, make_center, make_contact, make_operator, make_recording, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db

LIST = "/admin/calls/call/"
ALL = LIST + "?period=all"


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


@pytest.fixture
def agent(tenant):
    return signed_in(staff(tenant, "agent"))


@pytest.fixture
def manager(tenant):
    return signed_in(staff(tenant, "manager"))


def pick(client, act, calls, address=ALL, **told):
    """Choose an action for calls of the list; the answer."""
    keys = [str(call.pk) for call in calls]
    return client.post(address, {"action": f"bulk_{act}", "_selected_action": keys, "index": 0, **told})


def ask(client, act, calls, value, **told):
    """The same, and begin with what the page asks for; the answer, which leads on."""
    page = pick(client, act, calls, **told)["Location"]
    assert client.get(page).status_code == 200
    return client.post(page, value)


def fresh(call):
    return Call.objects.get(pk=call.pk)


# Doing


def test_flags_the_chosen_calls_and_says_so_with_a_way_to_undo(agent, tenant):
    calls = [make_call(tenant) for _ in range(3)]
    answer = ask(agent, "flag", calls[:2], {"note": "Call back"})
    assert answer["Location"] == ALL
    text = agent.get(answer["Location"]).content.decode()
    assert "2 calls changed." in text
    batch = CallBatch.objects.get()
    assert f"{LIST}batch/{batch.pk}/" in text
    assert [(fresh(call).is_flagged, fresh(call).flag_notes) for call in calls] == [(True, "Call back")] * 2 + [(False, "")]

    ledger.amend(calls[0], CallChanges(notes="since"))
    page = agent.get(f"{LIST}batch/{batch.pk}/").content.decode()
    assert "Undo" in page
    answer = agent.post(f"{LIST}batch/{batch.pk}/undo")
    text = agent.get(answer["Location"]).content.decode()
    assert "1 call undone. 1 was changed since and stays as it is." in text
    assert [fresh(call).is_flagged for call in calls] == [True, False, False]


def test_the_whole_filter_is_chosen_and_not_only_the_page(agent, tenant, monkeypatch):
    monkeypatch.setattr("calls.admin.call.CallAdmin.list_per_page", 2)
    calls = [make_call(tenant) for _ in range(5)]
    other = make_call(tenant, direction=Direction.OUTBOUND)
    ask(agent, "tag", calls[:1], {"tag": "offer"}, address=ALL + "&direction__exact=inbound", select_across="1")
    assert CallBatch.objects.get().total == 5
    assert all(fresh(call).tags.count() == 1 for call in calls)
    assert fresh(other).tags.count() == 0


def test_more_than_can_be_done_at_once_is_refused(agent, tenant, monkeypatch):
    monkeypatch.setattr("calls.admin.bulk.MOST", 2)
    monkeypatch.setattr("calls.batches.orders.MOST", 2)
    calls = [make_call(tenant) for _ in range(3)]
    answer = agent.get(pick(agent, "flag", calls)["Location"])
    assert "calls at once. Narrow the list." in answer.content.decode()
    assert not CallBatch.objects.exists()


def test_many_are_worked_off_in_the_background_and_followed(agent, tenant, monkeypatch):
    monkeypatch.setattr("calls.admin.bulk.AT_ONCE", 2)
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)
    calls = [make_call(tenant) for _ in range(3)]
    answer = ask(agent, "outcome", calls, {"outcome": "sold"})
    batch = CallBatch.objects.get()
    page = f"{LIST}batch/{batch.pk}/"
    assert answer["Location"] == page
    assert "0 of 3" in agent.get(page).content.decode()
    assert agent.get(page + "news").json() == {"is_over": False, "done": 0, "total": 3, "says": "0 of 3"}
    batches.work(batch.pk, seconds=0)
    assert agent.get(page + "news").json()["says"] == "1 of 3"
    batches.work(batch.pk, seconds=60)
    assert agent.get(page + "news").json()["is_over"]
    assert "3 calls changed." in agent.get(page).content.decode()


def test_a_contact_is_assigned_out_of_the_tenants_own(agent, tenant):
    contact, theirs = make_contact(tenant, name="Åsa Öberg"), make_contact(make_tenant())
    call = make_call(tenant)
    page = pick(agent, "contact", [call])["Location"]
    assert "Select a valid choice" in agent.post(page, {"contact": str(theirs.pk)}).content.decode()
    assert agent.post(page, {"contact": str(contact.pk)}).status_code == 302
    assert fresh(call).contact == contact


@pytest.mark.parametrize(
    ("act", "value"),
    [
        ("tag", {}),
        ("tag", {"tag": "x" * 61}),
        ("untag", {"tag": "7"}),
        ("contact", {"contact": "x"}),
        ("outcome", {"outcome": "x" * 61}),
    ],
)
def test_what_cannot_be_is_asked_again(agent, tenant, act, value):
    page = pick(agent, act, [make_call(tenant)])["Location"]
    answer = agent.post(page, value)
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert CallBatch.objects.get().state == BatchState.DRAFT


def test_audio_is_erased_after_asking_by_managers_alone(agent, manager, tenant):
    call = make_call(tenant)
    recording = make_recording(call)
    assert "bulk_erase_audio" not in agent.get(ALL).content.decode()
    pick(agent, "erase_audio", [call])
    assert not CallBatch.objects.exists()
    page = pick(manager, "erase_audio", [call])["Location"]
    assert "nothing brings it back" in manager.get(page).content.decode()
    recording.refresh_from_db()
    assert recording.state == RecordingState.STORED
    manager.post(page)
    recording.refresh_from_db()
    assert recording.state == RecordingState.DELETED


def test_viewers_change_and_export_nothing(tenant):
    viewer, call = signed_in(staff(tenant, "viewer")), make_call(tenant)
    text = viewer.get(ALL).content.decode()
    assert "bulk_" not in text
    assert "export_selected" not in text
    pick(viewer, "flag", [call])
    assert not CallBatch.objects.exists()
    assert viewer.post(LIST + "export/", {"back": "period=all"}).status_code == 403


def test_a_batch_is_its_makers_alone(agent, manager, tenant):
    batch = batches.draft(tenant, [make_call(tenant).pk], act=BatchAct.FLAG, user=staff(tenant, "agent"))
    for client in (agent, manager, signed_in(staff(make_tenant(), "owner"))):
        for page in ("", "news"):
            assert client.get(f"{LIST}batch/{batch.pk}/{page}").status_code == 404
        for page in ("", "undo"):
            assert client.post(f"{LIST}batch/{batch.pk}/{page}", {"note": ""}).status_code == 404
    assert CallBatch.objects.get().state == BatchState.DRAFT


def test_calls_of_several_tenants_are_not_one_batch(tenant):
    operator = signed_in(make_operator())
    calls = [make_call(tenant), make_call(make_tenant())]
    answer = operator.get(pick(operator, "flag", calls)["Location"])
    assert "several tenants" in answer.content.decode()
    assert not CallBatch.objects.exists()


def test_calls_out_of_reach_are_not_among_the_chosen(tenant):
    center = make_center(tenant)
    here, there, theirs = make_call(tenant, center_id=str(center.pk)), make_call(tenant), make_call(make_tenant())
    user = staff(tenant, "agent", center=center)
    ask(signed_in(user), "flag", [here, there, theirs], {"note": ""})
    assert CallBatch.objects.get().total == 1
    assert [fresh(call).is_flagged for call in (here, there, theirs)] == [True, False, False]


# The export


def rows_of(answer):
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:])))


def export(client, back="period=all", columns=Column.values):
    return rows_of(client.post(LIST + "export/", {"back": back, "column": list(columns)}))


def test_unread_exports_are_few(agent, tenant, settings):
    settings.CALLHUB_STREAMS = 4  # a person has a quarter of them
    make_call(tenant)
    unread = agent.post(LIST + "export/", {"back": "period=all"})
    refused = agent.post(LIST + "export/", {"back": "period=all"}, follow=True)
    assert "Too many exports are running" in refused.content.decode()
    assert len(rows_of(unread)) == 1
    assert len(export(agent)) == 1


def test_the_file_has_the_calls_of_the_list_in_its_order(agent, tenant, monkeypatch):
    monkeypatch.setattr("calls.admin.call.CallAdmin.list_per_page", 2)
    for number in range(5):
        make_call(tenant, f"+4670000000{number}", started_at=STARTED_AT + timedelta(hours=number), seconds=60 + number)
    make_call(tenant, direction=Direction.OUTBOUND)
    make_call(make_tenant())
    query = "period=all&direction__exact=inbound&duration_from=61"
    listed = agent.get(f"{LIST}?{query}&p=2")
    told = export(agent, f"{query}&p=2")
    assert len(told) == listed.context["cl"].result_count == 4
    assert [row["number"] for row in told] == [f"+4670000000{number}" for number in (4, 3, 2, 1)]


@time_machine.travel(datetime(2026, 7, 2, 10, 0, tzinfo=UTC), tick=False)
def test_times_are_the_readers_and_lengths_seconds(tenant):
    contact = make_contact(tenant, "+46701234567", name="Åsa Öberg")
    make_call(
        tenant, "070-123 45 67", started_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC), seconds=65, ring_ms=2500, is_flagged=True,
        tags=("b", "a"), outcome="sold", notes="two\nlines, and a comma",
    )  # fmt: skip
    [row] = export(signed_in(staff(tenant, "agent")), "period=today")
    assert row["started (Europe/Stockholm)"] == "2026-07-02 00:30:00+02:00"
    assert (row["duration (seconds)"], row["ring (seconds)"], row["talk (seconds)"]) == ("65", "2.5", "62.5")
    assert (row["other party"], row["number"], row["tags"]) == (contact.name, "+46701234567", "a, b")
    assert (row["flag"], row["outcome"], row["notes"]) == ("yes", "sold", "two\nlines, and a comma")
    [row] = export(signed_in(staff(tenant, "agent", time_zone="America/New_York")), "period=yesterday")
    assert row["started (America/New_York)"] == "2026-07-01 18:30:00-04:00"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+cmd|' /C calc'!A0", "-2", "@SUM(1)", "＝1+1", "＋1", "－1", "＠SUM(1)", '"=1+1', "'=1+1"]
)
def test_no_cell_is_taken_for_a_formula(agent, tenant, text):
    make_call(tenant, "+46701234567", notes=text, outcome=text[:60].strip(), external_id=text.strip())
    [row] = export(agent)
    assert row["notes"] == f"'{text}"
    assert not row["external id"].startswith(("=", "+", "-", "@"))
    assert row["number"] == "+46701234567"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("x;=1+1", "x;'=1+1"),  # a new cell where semicolons separate them
        ("x\n=1+1", "x\n'=1+1"),
        ("x\t ＝1+1", "x\t' ＝1+1"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("call +46701112233; then +46 70 111", "call +46701112233; then +46 70 111"),
        ("+46701112233", "+46701112233"),
        ("a = b, c - d; e@example.com", "a = b, c - d; e@example.com"),
    ],
)
def test_no_part_of_a_cell_is_taken_for_a_formula(text, cell):
    assert safe(text) == cell


def test_the_chosen_columns_and_no_others_are_told(agent, tenant):
    make_call(tenant)
    [row] = export(agent, columns=["duration", "outcome"])
    assert list(row) == ["started (Europe/Stockholm)", "duration (seconds)", "outcome"]


def test_the_ticked_rows_alone_can_be_exported(agent, tenant):
    calls = [make_call(tenant, f"+4670000000{number}") for number in range(3)]
    body = {"action": "export_selected", "_selected_action": [str(calls[1].pk)], "index": 0}
    [row] = rows_of(agent.post(ALL, body))
    assert row["number"] == "+46700000001"


@pytest.mark.parametrize("back", ["agent__id__exact=x", "nonsense=1", "p=99999", "view=x&columns=y", "o=99", "%00=1"])
def test_an_export_of_no_list_is_no_error(agent, tenant, back):
    make_call(tenant)
    assert agent.post(LIST + "export/", {"back": back}).status_code in (200, 302, 400)
    assert agent.get(LIST + "export/").status_code == 405


def test_an_export_costs_the_same_however_many_calls(agent, tenant):
    costs = []
    for count in (2, 48):
        for number in range(count):
            contact = make_contact(tenant, f"+4670{count:03}{number:04}")
            make_call(tenant, contact.numbers.get().raw, tags=("a", f"t{number}"))
        with CaptureQueriesContext(connection) as queries:
            assert export(agent)
        costs.append(len(queries))
    assert costs[0] == costs[1]
