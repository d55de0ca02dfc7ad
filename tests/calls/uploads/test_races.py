"""Many at once: one audio wins, the quota is exact, and nothing of the losers is left. Threads and processes, as in earnest."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from calls import ledger, uploads
from calls.choices import UploadState
from calls.errors import CallConflict
from calls.models import Call, CallEvent, Recording, Upload
from calls.uploads import QuotaUsedUp, TicketNotFound, Told, finishing
from tenants.models import DepositMonth
from tests.calls.uploads.sending import (
    add,
    fresh,
    object_keys,
    open_ticket,
    principal_of,
    send,
    send_chunk,
    speech,
    spool_names,
)
from tests.make import make_call
from tests.twins import begun

pytestmark = pytest.mark.django_db(transaction=True)

AUDIO, OTHER = speech(), speech(hertz=880.0)


def all_at_once(work: Callable[[int], Any], times: int) -> list[Any]:
    """What each of ``times`` threads made of ``work``; refusals are answers too."""
    start = Barrier(times)

    def one(number: int) -> Any:
        try:
            start.wait(timeout=60)
            return work(number)
        except (CallConflict, QuotaUsedUp, TicketNotFound) as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def in_processes(work: Callable[[int], Any], processes: int, times: int) -> list[Any]:
    """The same, spread over processes of so many threads each; answers must be plain."""
    connection.close()
    context = multiprocessing.get_context("fork")
    answers = context.Queue()

    def child(number: int) -> None:
        answers.put(all_at_once(lambda thread: work(number * times + thread), times))

    children = [context.Process(target=child, args=(number,)) for number in range(processes)]
    for one in children:
        one.start()
    found = [answer for _ in children for answer in answers.get(timeout=100)]
    for one in children:
        one.join()
        assert one.exitcode == 0
    return found


def check_one_is_left(ticket: Upload, winner: bytes) -> None:
    import hashlib

    recording = Recording.objects.get(state="stored")
    assert recording.sha256 == hashlib.sha256(winner).hexdigest()
    assert object_keys() == [recording.storage_key]
    assert spool_names() == []
    assert Call.objects.count() == 1
    assert CallEvent.objects.filter(kind="call.recording_stored").count() == 1
    assert fresh(ticket).state == UploadState.COMPLETE


def test_row_44_of_50_parallel_uploads_one_wins(tenant):
    ticket = open_ticket(tenant)

    def work(number: int) -> Any:
        kept = send(ticket, AUDIO if number % 2 else OTHER)
        return str(kept.recording.pk), kept.is_new

    answers = in_processes(work, 5, 10)
    conflicts = answers.count("OtherAudio")
    assert conflicts == 25
    told = [answer for answer in answers if answer != "OtherAudio"]
    assert len({key for key, _ in told}) == 1
    assert sum(is_new for _, is_new in told) == 1
    winner = OTHER if Recording.objects.get(state="stored").sha256 == _sha(OTHER) else AUDIO
    check_one_is_left(ticket, winner)


def _sha(audio: bytes) -> str:
    import hashlib

    return hashlib.sha256(audio).hexdigest()


def test_of_two_uploads_of_one_call_one_wins(tenant):
    """Two tickets, one external id: the ledger knows them for the same call."""
    from tests.calls.uploads.sending import a_draft

    tickets = [open_ticket(tenant, draft=a_draft(external_id="x")) for _ in range(8)]
    answers = all_at_once(lambda number: str(send(tickets[number], AUDIO).call.pk), 8)
    assert answers == [str(Call.objects.get().pk)] * 8
    assert object_keys() == [Recording.objects.get(state="stored").storage_key]


def test_row_42_of_200_parallel_announcements_at_the_limit_one_passes(tenant):
    tenant.monthly_deposits = 3
    tenant.save()
    principal = principal_of(tenant)
    for _ in range(2):
        open_ticket(tenant, principal)

    answers = all_at_once(lambda _: [_opened(tenant, principal) for _ in range(4)], 50)
    opened = [answer for some in answers for answer in some]
    assert len(opened) == 200
    assert opened.count("QuotaUsedUp") == 199
    assert DepositMonth.objects.get().used == 3
    assert Upload.objects.count() == Recording.objects.count() == 3


def _opened(tenant: Any, principal: Any) -> str:
    try:
        open_ticket(tenant, principal)
    except QuotaUsedUp as error:
        return type(error).__name__
    return "opened"


def test_what_is_cancelled_twice_at_once_is_given_back_once(tenant):
    tickets = [open_ticket(tenant) for _ in range(2)]
    all_at_once(lambda _: uploads.cancel(fresh(tickets[0])), 8)
    assert DepositMonth.objects.get().used == 1


def test_an_upload_that_is_cancelled_meanwhile_leaves_nothing_or_everything(tenant):
    tickets = [open_ticket(tenant) for _ in range(6)]

    def work(number: int) -> Any:
        ticket = tickets[number // 2]
        if number % 2:
            uploads.cancel(fresh(ticket))
            return "cancelled"
        return send(ticket, AUDIO).is_new

    all_at_once(work, 12)
    done = Upload.objects.filter(state=UploadState.COMPLETE).count()
    assert Call.objects.count() == len(object_keys()) == DepositMonth.objects.get().used == done
    assert spool_names() == []


def test_the_last_two_chunks_at_once_make_one_call(tenant):
    ticket = open_ticket(tenant)
    parts = [AUDIO[start : start + 8000] for start in range(0, len(AUDIO), 8000)]
    answers = all_at_once(lambda number: send_chunk(ticket, number + 1, len(parts), parts[number]), len(parts))
    assert any(answers)
    check_one_is_left(ticket, AUDIO)


def test_two_who_append_at_once_do_not_mix(tenant):
    from calls.recordings.errors import StorageTrouble

    ticket = open_ticket(tenant, told=Told(size=len(AUDIO)))

    def work(_: int) -> Any:
        try:
            return add(ticket, 0, AUDIO)[1] is not None
        except StorageTrouble as trouble:
            return trouble.code

    answers = all_at_once(work, 8)
    assert answers.count(True) == 1
    assert set(answers) <= {True, "spool_busy", "offset_conflict", "upload_complete"}
    check_one_is_left(ticket, AUDIO)


def test_who_erases_a_call_waits_for_its_audio_and_not_the_other_way_round_as_well(tenant, monkeypatch):
    call = make_call(tenant)
    ticket = open_ticket(tenant, call=call)
    complete, others = finishing._complete, []

    def completing(row: Any) -> bool:
        is_done = complete(row)
        others.append(begun(lambda: ledger.remove(call)))
        return is_done

    monkeypatch.setattr(finishing, "_complete", completing)
    with suppress(TicketNotFound):  # where it is erased before the answer is made
        send(ticket, AUDIO)
    others[0].result(60)
    assert not Call.objects.exists()
    assert not Upload.objects.exists()


@pytest.mark.parametrize("again", [uploads.cancel, lambda ticket: uploads.settle_size(ticket, 5)])
def test_an_upload_that_went_with_its_call_is_not_found(tenant, again):
    call = make_call(tenant)
    ticket = fresh(open_ticket(tenant, call=call))
    ledger.remove(call)
    with pytest.raises(TicketNotFound):
        again(ticket)


def test_what_goes_away_before_all_is_committed_keeps_no_call_out(tenant, monkeypatch):
    filed, gone = ledger.file_audio, iter([uuid4(), None])

    def filing(*facts: Any, **options: Any) -> Any:
        recording = filed(*facts, **options)
        Call.objects.filter(pk=recording.call_id).update(contact=next(gone))
        return recording

    ticket = open_ticket(tenant)
    monkeypatch.setattr(ledger, "file_audio", filing)
    send(ticket, AUDIO)
    check_one_is_left(ticket, AUDIO)
