"""A spool can be continued by anybody, loses nothing it said it had, and becomes an object once it is whole."""

from __future__ import annotations

import hashlib
import io
import multiprocessing
import os
from datetime import timedelta

import pytest
from django.utils import timezone

from calls.recordings import storage
from calls.recordings.errors import (
    AudioRefused,
    NoRoom,
    OffsetConflict,
    SpoolBusy,
    SpoolMissing,
    SpoolSealed,
    StorageTrouble,
)
from calls.recordings.storage import Spool
from calls.recordings.storage.spool import spools_before
from tests.calls.recordings.test_storage import MANY, Broken, objects, read_all
from tests.make import make_tenant

pytestmark = pytest.mark.django_db


def append(spool: Spool, offset: int, data: bytes, limit: int = MANY) -> int:
    return spool.append(offset, io.BytesIO(data), limit_bytes=limit)


def test_appends_where_it_ended_and_becomes_an_object(kept):
    first, second = os.urandom(300_000), os.urandom(9_000_000)
    spool = Spool.create()
    assert append(spool, 0, first) == 300_000
    assert append(Spool(spool.name), 300_000, second) == 9_300_000  # another process
    stored = Spool(spool.name).promote(make_tenant())
    assert stored.md5 == hashlib.md5(first + second).hexdigest()
    assert stored.sha256 == hashlib.sha256(first + second).hexdigest()
    assert read_all(stored.key) == first + second


def test_digests_while_streaming_without_reading_again(on_disk, monkeypatch):
    spool = Spool.create()
    append(spool, 0, b"one")
    append(spool, 3, b"two")
    spool.path.write_bytes(b"ONETWO")  # what reading again would see
    assert spool.digest().md5 == hashlib.md5(b"onetwo").hexdigest()


@pytest.mark.parametrize("offset", [0, 2, 4])
def test_refuses_another_offset_and_says_the_right_one(on_disk, offset):
    spool = Spool.create()
    append(spool, 0, b"abc")
    with pytest.raises(OffsetConflict) as conflict:
        append(spool, offset, b"x")
    assert conflict.value.size == spool.size == 3


def test_keeps_what_came_before_the_sender_went_away(on_disk):
    spool = Spool.create()
    with pytest.raises(ConnectionResetError):
        spool.append(0, Broken(700_000), limit_bytes=MANY)
    assert spool.size == 700_000
    whole = spool.path.read_bytes() + b"rest"
    append(spool, 700_000, b"rest")
    assert spool.digest().sha256 == hashlib.sha256(whole).hexdigest()


def test_too_large_adds_nothing_and_the_spool_still_works(on_disk):
    spool = Spool.create()
    append(spool, 0, b"abc", limit=10)
    with pytest.raises(AudioRefused):
        append(spool, 3, bytes(400_000), limit=10)
    assert spool.size == 3
    assert append(spool, 3, b"def", limit=6) == 6
    assert spool.digest().md5 == hashlib.md5(b"abcdef").hexdigest()


def test_only_one_request_writes_at_a_time(on_disk):
    spool = Spool.create()

    class Meddling(io.BytesIO):
        def read(self, size=-1):
            with pytest.raises(SpoolBusy):
                append(Spool(spool.name), 0, b"x")
            return super().read(size)

    assert spool.append(0, Meddling(b"abc"), limit_bytes=MANY) == 3


def test_nothing_is_appended_once_it_is_kept(kept):
    tenant, spool = make_tenant(), Spool.create()
    append(spool, 0, b"abc")
    stored = spool.promote(tenant)
    with pytest.raises(SpoolSealed):
        append(Spool(spool.name), 3, b"more")
    assert read_all(stored.key) == b"abc"


def test_can_be_promoted_again_until_it_is_discarded(kept):
    """A crash between object and row, or between row and answer, must not cost the sender another upload."""
    tenant, spool = make_tenant(), Spool.create()
    append(spool, 0, b"abc")
    first = spool.promote(tenant)
    second = Spool(spool.name).promote(tenant)
    assert first.key != second.key
    assert read_all(second.key) == b"abc"
    storage.delete(first.key)  # the loser of a race
    spool.discard()
    assert read_all(second.key) == b"abc"
    with pytest.raises(SpoolMissing):
        Spool(spool.name).promote(tenant)


def test_keeping_a_spool_on_the_same_disk_copies_nothing(on_disk):
    spool = Spool.create()
    append(spool, 0, b"abc")
    before = spool.path.stat().st_ino
    stored = spool.promote(make_tenant())
    assert os.stat(storage.keeper().path(stored.key)).st_ino == before


def test_keeps_by_copying_across_file_systems(on_disk, monkeypatch):
    link = os.link

    def across(source, target, **options):
        if str(source).endswith(".whole"):
            raise OSError(18, "Invalid cross-device link")
        link(source, target, **options)

    monkeypatch.setattr(os, "link", across)
    spool = Spool.create()
    append(spool, 0, b"abc")
    assert read_all(spool.promote(make_tenant()).key) == b"abc"


def test_an_object_is_young_however_old_its_spool(on_disk):
    """Else the sweeper could take it between the object and its row."""
    spool = Spool.create()
    append(spool, 0, b"abc")
    os.utime(spool.path, (1, 1))
    spool.promote(make_tenant())
    assert list(storage.keeper().keys_before(timezone.now() - timedelta(hours=1))) == []


def test_row_25_a_failing_storage_leaves_the_spool(on_disk, monkeypatch):
    def down(*_args):
        raise StorageTrouble("down")

    tenant, spool = make_tenant(), Spool.create()
    append(spool, 0, b"abc")
    monkeypatch.setattr(storage.keeper(), "adopt", down)
    with pytest.raises(StorageTrouble):
        spool.promote(tenant)
    monkeypatch.undo()
    assert read_all(Spool(spool.name).promote(tenant).key) == b"abc"


def test_row_23_a_disk_that_fills_up_keeps_what_it_holds(on_disk, settings, monkeypatch):
    spool = Spool.create()
    append(spool, 0, b"abc")
    settings.CALLHUB_FREE_SPACE_FLOOR = 1 << 60
    with pytest.raises(NoRoom):
        append(spool, 3, b"def")
    settings.CALLHUB_FREE_SPACE_FLOOR = 0
    assert append(spool, spool.size, b"def") == 6
    assert spool.digest().md5 == hashlib.md5(b"abcdef").hexdigest()


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 32, "0" * 31, "0" * 32, "0" * 33, "con", "x" * 5000])
def test_a_name_that_is_none_is_missing(on_disk, name):
    with pytest.raises(SpoolMissing):
        append(Spool(name), 0, b"x")


def test_lists_spools_by_age(on_disk):
    old, new = Spool.create(), Spool.create()
    os.utime(old.path, (1, 1))
    (new.path.parent / "stranger.txt").write_text("x")
    os.utime(new.path.parent / "stranger.txt", (1, 1))
    assert list(spools_before(timezone.now() - timedelta(hours=1))) == [old.name]


def _die_while(step: str, name: str, tenant) -> None:
    """In a child: begin what ``step`` says and be killed in the middle of it."""

    def die(*_args, **_options):
        os._exit(9)

    if step == "append":

        class Deadly(io.BytesIO):
            def read(self, size=-1):
                return super().read(size) or die()

        Spool(name).append(3, Deadly(b"def"), limit_bytes=MANY)
    else:
        setattr(os, step, die)
        Spool(name).promote(tenant)


@pytest.mark.parametrize(("step", "size"), [("append", 6), ("rename", 3), ("utime", 3), ("link", 3), ("fsync", 3)])
def test_row_1_a_kill_at_any_point_leaves_a_spool_that_can_be_finished(on_disk, step, size):
    tenant, spool = make_tenant(), Spool.create()
    append(spool, 0, b"abc")
    child = multiprocessing.get_context("fork").Process(target=_die_while, args=(step, spool.name, tenant))
    child.start()
    child.join()
    assert child.exitcode == 9
    again = Spool(spool.name)
    assert again.size == size
    assert objects() == []
    assert read_all(again.promote(tenant).key) == b"abcdef"[:size]
