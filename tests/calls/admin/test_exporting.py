"""Long exports: queued from the list, written by workers, followed, downloaded by who asked, and removed."""

from __future__ import annotations

import csv
import io
import multiprocessing
import signal
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.db import connection
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from calls import exports
from calls.exports import working
from calls.models import CallExport, ExportPart
from calls.models.export import ExportState
from calls.models.view import Column
from calls.recordings import storage
from calls.recordings.errors import StorageTrouble
from calls.recordings.storage import put
from calls.recordings.storage.sweeping import sweep_orphans
from calls.tasks import sweep_exports
from tenants.models import Membership
from tests.asterisk.lab import end_with_parent
from tests.make import STARTED_AT, make_call, make_center, make_operator, make_tenant
from tests.tenants.admin_walk import signed_in, staff

pytestmark = pytest.mark.django_db

LIST = "/admin/calls/call/"


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    """Lists of more than two calls are long, batches have two calls, and every message of the broker is lost."""
    monkeypatch.setattr("calls.admin.exporting.MOST_AT_ONCE", 2)
    monkeypatch.setattr(working, "AT_ONCE", 2)
    monkeypatch.setattr("callhub.doorbell.ring", lambda *args: None)


@pytest.fixture
def tenant():
    return make_tenant(time_zone="Europe/Stockholm")


@pytest.fixture
def user(tenant):
    return staff(tenant, "agent")


@pytest.fixture
def agent(user):
    return signed_in(user)


def calls_of(tenant, count=5, **told):
    return [make_call(tenant, f"+4670000000{n}", started_at=STARTED_AT + timedelta(hours=n), **told) for n in range(count)]


def post(client, back="period=all", **told):
    return client.post(LIST + "export/", {"back": back, "column": list(Column.values)}, **told)


def ask(client, back="period=all"):
    """Queue an export; its row."""
    address = post(client, back)["Location"]
    export = CallExport.objects.first()
    assert address == reverse("admin:calls_call_export_page", args=[export.pk])
    return export


def ready(client, back="period=all"):
    """Queue an export and have it written; its row."""
    export = ask(client, back)
    exports.work(export.pk, seconds=60)
    export.refresh_from_db()
    return export


def download(client, export):
    return client.get(reverse("admin:calls_call_export_file", args=[export.pk]))


def text_of(answer):
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def numbers_of(text):
    return [row["number"] for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))]


def keys_of(export):
    return list(export.parts.values_list("storage_key", flat=True))


# The file


@pytest.mark.parametrize("order", ["", "&o=-9", "&o=9", "&o=1", "&o=-3.9"])
def test_the_file_is_the_one_that_short_lists_get(agent, tenant, monkeypatch, order):
    for number, seconds in enumerate((60, 30, None, None, 30, 90, 60)):
        make_call(
            tenant, f"+4670000000{number}", started_at=STARTED_AT + timedelta(minutes=number // 2), seconds=seconds,
            notes="=1+1;\n-2", tags=("a",),
        )  # fmt: skip
    back = f"period=all&columns=started_at,direction,duration{order}"
    export = ready(agent, back)
    assert export.state == ExportState.DONE
    monkeypatch.setattr("calls.admin.exporting.MOST_AT_ONCE", 10)
    assert text_of(download(agent, export)) == text_of(post(agent, back))


@pytest.mark.parametrize("order", ["&o=-4", "&o=4", "&o=-4.1"])
def test_calls_without_a_length_stand_where_the_list_has_them(agent, tenant, monkeypatch, order):
    for number, ring_ms in enumerate((None, 5, 5, None, 7, None, 2)):
        make_call(tenant, f"+4670000000{number}", seconds=60, ring_ms=ring_ms)
    back = f"period=all&columns=started_at,direction,duration,ring{order}"
    listed = [call.remote_e164 for call in agent.get(f"{LIST}?{back}").context["cl"].result_list]
    assert numbers_of(text_of(download(agent, ready(agent, back)))) == listed


def test_a_turn_ends_in_time_and_the_next_goes_on(agent, tenant):
    calls = calls_of(tenant)
    export = ask(agent)
    for written in (2, 4, 5):
        assert exports.waiting() == [str(export.pk)]
        exports.work(export.pk, seconds=0)
        export.refresh_from_db()
        assert export.written == written
    exports.work(export.pk, seconds=0)
    export.refresh_from_db()
    assert (export.state, export.total, export.parts.count()) == (ExportState.DONE, 5, 4)
    told = text_of(download(agent, export))
    assert numbers_of(told) == [call.remote_e164 for call in reversed(calls)]
    assert len(told.encode()) == export.size_bytes


def test_calls_that_come_and_go_meanwhile_move_no_other(agent, tenant):
    calls = calls_of(tenant)
    export = ask(agent)
    exports.work(export.pk, seconds=0)
    make_call(tenant, "+46709999999", started_at=STARTED_AT + timedelta(days=1))
    calls[3].delete()  # the last that was written
    exports.work(export.pk, seconds=60)
    assert numbers_of(text_of(download(agent, export))) == [call.remote_e164 for call in reversed(calls)]


def test_times_and_words_are_those_of_who_asked_and_when(tenant):
    client = signed_in(staff(tenant, "agent", time_zone="America/New_York", language="de"))
    at = datetime(2026, 7, 2, 3, 30, tzinfo=UTC)  # late on the first of July in New York
    with time_machine.travel(at, tick=False):
        for _ in range(3):
            make_call(tenant, started_at=at - timedelta(minutes=5))
        export = ask(client, "period=today")
    with time_machine.travel(at + timedelta(hours=2), tick=False):
        exports.work(export.pk, seconds=60)
        lines = text_of(download(client, export)).splitlines()
    assert "(America/New_York)" in lines[0]
    assert [line.split(",")[0] for line in lines[1:]] == ["2026-07-01 23:25:00-04:00"] * 3


def test_all_rows_that_are_ticked_across_pages_are_written_in_the_background(agent, tenant):
    keys = [str(call.pk) for call in calls_of(tenant)]
    body = {"action": "export_selected", "_selected_action": keys[:1], "index": 0}
    assert len(numbers_of(text_of(agent.post(LIST + "?period=all", body)))) == 1
    agent.post(LIST + "?period=all&direction__exact=inbound", body | {"select_across": "1"})
    export = CallExport.objects.get()
    exports.work(export.pk, seconds=60)
    assert len(numbers_of(text_of(download(agent, export)))) == 5


def test_the_script_of_the_list_is_told_where_the_page_is(agent, tenant):
    calls_of(tenant)
    answer = post(agent, HTTP_ACCEPT="text/csv")
    assert answer.json() == {"page": reverse("admin:calls_call_export_page", args=[CallExport.objects.get().pk])}


# Following


def test_the_page_shows_how_far_it_is_and_then_the_file(agent, tenant):
    calls_of(tenant)
    export = ask(agent)
    page = reverse("admin:calls_call_export_page", args=[export.pk])
    assert "Waiting for its turn." in agent.get(page).content.decode()
    exports.work(export.pk, seconds=0)
    news = agent.get(page + "news").json()
    assert news == {"is_over": False, "done": 2, "total": 5, "says": "2 of 5 calls"}
    exports.work(export.pk, seconds=60)
    assert agent.get(page + "news").json()["is_over"]
    assert f"{page}file" in agent.get(page).content.decode()
    assert page in agent.get(LIST + "exports/").content.decode()


@pytest.mark.parametrize("turns", [0, 1])
def test_a_cancelled_export_ends_and_leaves_nothing(agent, tenant, turns):
    calls_of(tenant)
    export = ask(agent)
    for _ in range(turns):
        exports.work(export.pk, seconds=0)
    keys = keys_of(export)
    agent.post(reverse("admin:calls_call_export_cancel", args=[export.pk]))
    exports.work(export.pk, seconds=60)
    export.refresh_from_db()
    assert export.state == ExportState.CANCELLED
    assert not ExportPart.objects.exists()
    assert not any(map(storage.exists, keys))
    assert download(agent, export).status_code == 404


def test_an_export_that_is_cancelled_while_it_is_written_leaves_nothing(agent, tenant, monkeypatch):
    calls_of(tenant)
    export, stored = ask(agent), []

    def cancelled_meanwhile(*args):
        stored.append(put(*args))
        exports.cancel(export)
        return stored[0]

    monkeypatch.setattr(storage, "put", cancelled_meanwhile)
    exports.work(export.pk, seconds=60)
    assert not storage.exists(stored[0].key)
    assert not ExportPart.objects.exists()


# Whose it is


def test_an_export_is_of_who_asked_alone(agent, tenant):
    calls_of(tenant)
    export = ready(agent)
    others = [staff(tenant, "owner"), staff(make_tenant(), "owner"), make_operator()]
    for client in map(signed_in, others):
        for page in ("page", "news", "file"):
            assert client.get(reverse(f"admin:calls_call_export_{page}", args=[export.pk])).status_code == 404
        assert client.post(reverse("admin:calls_call_export_cancel", args=[export.pk])).status_code == 404
        assert str(export.pk) not in client.get(LIST + "exports/").content.decode()
    assert download(agent, export).status_code == 200
    assert agent.get(reverse("admin:calls_call_export_page", args=[uuid4()])).status_code == 404


def lose_role(tenant, user):
    Membership.objects.filter(user=user).update(role="viewer")


def lose_membership(tenant, user):
    Membership.objects.filter(user=user).update(tenant=make_tenant())


def lose_centers(tenant, user):
    Membership.objects.filter(user=user).update(center=make_center(tenant))


@pytest.mark.parametrize("lose", [lose_role, lose_membership, lose_centers])
def test_who_lost_reach_gets_no_file(agent, tenant, user, lose):
    calls_of(tenant)
    export, waiting = ready(agent), ask(agent)
    lose(tenant, user)
    assert download(agent, export).status_code == 404
    exports.work(waiting.pk, seconds=60)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.error) == (ExportState.FAILED, "access")


def test_people_of_one_center_get_its_calls_alone(tenant):
    center = make_center(tenant)
    calls_of(tenant, 3, center_id=str(center.pk))
    make_call(tenant, "+46709999999")
    client = signed_in(staff(tenant, "agent", center=center))
    assert len(numbers_of(text_of(download(client, ready(client))))) == 3


def test_a_long_list_of_several_tenants_is_refused(tenant):
    operator = signed_in(make_operator())
    calls_of(tenant)
    calls_of(make_tenant())
    assert "several tenants" in operator.get(post(operator)["Location"]).content.decode()
    export = ready(operator, f"period=all&tenant={tenant.pk}")
    assert len(numbers_of(text_of(download(operator, export)))) == 5


@pytest.mark.parametrize("query", ["also=line%3Dx", "agent__id__exact=x", "nonsense=1"])
def test_a_filter_that_cannot_be_read_any_more_ends_it(agent, tenant, query):
    calls_of(tenant)
    export = ask(agent)
    CallExport.objects.update(query=query)
    exports.work(export.pk, seconds=60)
    page = agent.get(reverse("admin:calls_call_export_page", args=[export.pk]))
    assert "A filter of the list cannot be read any more." in page.content.decode()


# Bounds


def test_a_person_has_three_at_a_time_and_one_is_written(agent, tenant):
    calls_of(tenant)
    first, second, _third = (ask(agent) for _ in range(3))
    assert "Three of your exports" in agent.get(post(agent)["Location"]).content.decode()
    exports.work(first.pk, seconds=0)
    exports.work(second.pk, seconds=60)
    second.refresh_from_db()
    assert second.state == ExportState.QUEUED
    exports.work(first.pk, seconds=60)
    exports.work(second.pk, seconds=60)
    second.refresh_from_db()
    assert second.state == ExportState.DONE
    ask(agent)


def test_a_tenant_has_few_at_a_time(tenant, monkeypatch):
    calls_of(tenant)
    monkeypatch.setattr("calls.exports.orders.MOST_OF_TENANT", 2)
    monkeypatch.setattr(working, "RUNNING_OF_TENANT", 1)
    people = [signed_in(staff(tenant, "agent")) for _ in range(3)]
    one, two = ask(people[0]), ask(people[1])
    assert "of this tenant" in people[2].get(post(people[2])["Location"]).content.decode()
    exports.work(one.pk, seconds=0)
    exports.work(two.pk, seconds=60)
    assert {row.state for row in CallExport.objects.all()} == {ExportState.RUNNING, ExportState.QUEUED}


def test_a_person_has_ten_files(agent, tenant, monkeypatch):
    calls_of(tenant)
    monkeypatch.setattr("calls.exports.orders.MOST_FILES", 1)
    export = ready(agent)
    assert "Remove one first" in agent.get(post(agent)["Location"]).content.decode()
    agent.post(reverse("admin:calls_call_export_cancel", args=[export.pk]))
    ask(agent)


def test_a_file_has_a_largest_size(agent, tenant, monkeypatch):
    calls_of(tenant)
    monkeypatch.setattr(working, "MOST_BYTES", 400)
    export = ask(agent)
    for _ in range(4):
        exports.work(export.pk, seconds=0)
    export.refresh_from_db()
    assert (export.state, export.error) == (ExportState.FAILED, "too_large")
    assert not ExportPart.objects.exists()


def test_unread_downloads_are_few(agent, tenant, settings):
    settings.CALLHUB_STREAMS = 4  # a person has a quarter of them
    calls_of(tenant)
    export = ready(agent)
    unread = download(agent, export)
    assert download(agent, export).status_code == 302
    assert len(numbers_of(text_of(unread))) == 5
    assert download(agent, export).status_code == 200


# Workers that die, storage that is away


def _worker(export_id):
    end_with_parent()
    with override_settings(CALLHUB_FAILPOINT="export.part_stored:kill"):
        exports.work(export_id, seconds=0)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_workers_export_is_finished_by_the_sweep(agent, tenant):
    calls_of(tenant)
    export = ask(agent)
    exports.work(export.pk, seconds=0)
    connection.close()
    worker = multiprocessing.get_context("fork").Process(target=_worker, args=(str(export.pk),))
    worker.start()
    worker.join(60)
    assert worker.exitcode == -signal.SIGKILL
    assert exports.waiting() == []
    assert download(agent, export).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(minutes=3), tick=False):
        sweep_exports()
        for key in exports.waiting():  # where tasks are not run at once
            exports.work(key, seconds=60)
        text = text_of(download(agent, export))
    assert numbers_of(text) == [f"+4670000000{n}" for n in (4, 3, 2, 1, 0)]


def test_a_worker_whose_lease_ran_out_files_nothing(agent, tenant, monkeypatch):
    calls_of(tenant)
    export, stored = ask(agent), []

    def slowly(*args):
        own = put(*args)
        stored.append(own)
        if len(stored) == 1:
            CallExport.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
            exports.work(export.pk, seconds=60)
        return own

    monkeypatch.setattr(storage, "put", slowly)
    exports.work(export.pk, seconds=60)
    assert len(stored) == 2
    assert keys_of(export) == [stored[1].key]
    assert not storage.exists(stored[0].key)


def test_an_export_waits_for_a_storage_that_is_away_and_gives_up_in_the_end(agent, tenant, monkeypatch):
    calls_of(tenant)
    export = ask(agent)

    def away(*args):
        raise StorageTrouble("away")

    with monkeypatch.context() as patch:
        patch.setattr(storage, "put", away)
        exports.work(export.pk, seconds=60)
    export.refresh_from_db()
    assert export.state == ExportState.RUNNING
    assert export.claimed_until > timezone.now()
    CallExport.objects.update(claimed_until=None, tries=working.MOST_TRIES)
    exports.work(export.pk, seconds=60)
    export.refresh_from_db()
    assert (export.state, export.error) == (ExportState.FAILED, "trouble")


# Removing


def test_a_file_is_removed_after_a_day(agent, tenant):
    calls_of(tenant)
    export = ready(agent)
    [key] = keys_of(export)
    with time_machine.travel(timezone.now() + timedelta(hours=23), tick=False):
        exports.sweep()
        assert storage.exists(key)
    with time_machine.travel(timezone.now() + timedelta(hours=25), tick=False):
        exports.sweep()
    export.refresh_from_db()
    assert export.state == ExportState.EXPIRED
    assert not storage.exists(key)
    assert download(agent, export).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=31), tick=False):
        exports.sweep()
    assert not CallExport.objects.exists()


def test_the_sweep_of_orphans_leaves_files_that_are_offered(agent, tenant):
    calls_of(tenant)
    export = ready(agent)
    sweep_orphans(timedelta(seconds=-60), lambda names: names)
    assert download(agent, export).status_code == 200
