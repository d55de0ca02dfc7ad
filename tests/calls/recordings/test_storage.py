"""Audio goes in and out whole, or not at all, on disk and on S3 alike."""

from __future__ import annotations

import hashlib
import io
import os
import re
import stat
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from calls.models import Recording
from calls.recordings import storage
from calls.recordings.errors import AudioRefused, NoRoom, ObjectMissing, StorageTrouble
from calls.recordings.storage import Spool
from calls.recordings.storage.sweeping import Swept, sweep_orphans
from tests.make import make_tenant

MANY = 1 << 40
pytestmark = pytest.mark.django_db


class Broken(io.BytesIO):
    """A stream whose sender goes away after ``left`` bytes."""

    def __init__(self, left: int) -> None:
        super().__init__(os.urandom(left))

    def read(self, size: int | None = -1, /) -> bytes:
        if chunk := super().read(size):
            return chunk
        raise ConnectionResetError("gone")


def read_all(key: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join(storage.open_range(key, start, length))


def objects() -> list[str]:
    return sorted(storage.keeper().keys_before(timezone.now() + timedelta(days=1)))


@pytest.mark.parametrize("size", [1, 300_000, 8 * 1024 * 1024, 17 * 1024 * 1024 + 5])
def test_keeps_a_stream_and_says_its_size_and_checksums(kept, size):
    data = os.urandom(size)
    stored = storage.put(io.BytesIO(data), make_tenant(), MANY)
    assert (stored.size, stored.md5) == (size, hashlib.md5(data).hexdigest())
    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    assert storage.size(stored.key) == size
    assert read_all(stored.key) == data


def test_keys_are_random_and_under_the_tenant(kept):
    tenant = make_tenant()
    keys = {storage.put(io.BytesIO(b"same"), tenant, MANY).key for _ in range(3)}
    assert len(keys) == 3
    assert all(re.fullmatch(rf"{tenant.pk.hex}/[0-9a-f]{{2}}/[0-9a-f]{{32}}", key) for key in keys)


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [(0, 3, b"012"), (4, None, b"456789"), (9, 5, b"9"), (10, None, b""), (50, 3, b""), (3, 0, b"")],
)
def test_reads_a_part(kept, start, length, expected):
    key = storage.put(io.BytesIO(b"0123456789"), make_tenant(), MANY).key
    assert read_all(key, start, length) == expected


@pytest.mark.parametrize("size", [11, 300_000, 9 * 1024 * 1024])
def test_too_large_leaves_nothing(kept, size):
    with pytest.raises(AudioRefused) as refused:
        storage.put(io.BytesIO(bytes(size)), make_tenant(), size - 1)
    assert refused.value.code == "too_large"
    assert objects() == []
    assert storage.keeper().drop_unfinished(timezone.now() + timedelta(days=1)) == 0


@pytest.mark.parametrize("size", [5, 9 * 1024 * 1024])
def test_a_sender_who_goes_away_leaves_nothing(kept, size):
    with pytest.raises(ConnectionResetError):
        storage.put(Broken(size), make_tenant(), MANY)
    assert objects() == []
    assert storage.keeper().drop_unfinished(timezone.now() + timedelta(days=1)) == 0


def test_never_overwrites(kept):
    key = storage.put(io.BytesIO(b"first"), make_tenant(), MANY).key
    with pytest.raises(FileExistsError):
        storage.keeper().create(key, io.BytesIO(b"second"))
    assert read_all(key) == b"first"


def test_never_overwrites_with_a_large_object(on_s3):
    key = storage.put(io.BytesIO(b"first"), make_tenant(), MANY).key
    with pytest.raises(FileExistsError):
        storage.keeper().create(key, io.BytesIO(bytes(9 * 1024 * 1024)))
    assert read_all(key) == b"first"


def test_what_is_missing_is_said_to_be_missing(kept):
    absent = f"{make_tenant().pk.hex}/00/{'0' * 32}"
    assert not storage.exists(absent)
    storage.delete(absent)
    for question in (storage.open_range, storage.size):
        with pytest.raises(ObjectMissing):
            question(absent)
    with pytest.raises(ObjectMissing), storage.local_copy(absent):
        pass


def test_deletes(kept):
    key = storage.put(io.BytesIO(b"audio"), make_tenant(), MANY).key
    assert storage.exists(key)
    storage.delete(key)
    assert not storage.exists(key)


def test_lends_a_local_file(kept):
    key = storage.put(io.BytesIO(b"audio"), make_tenant(), MANY).key
    with storage.local_copy(key) as path:
        assert path.read_bytes() == b"audio"
    assert path.exists() == (kept == "disk")
    assert storage.exists(key)


def test_files_are_private_and_synced(on_disk, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    key = storage.put(io.BytesIO(b"audio"), make_tenant(), MANY).key
    path = Path(storage.keeper().path(key))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert len(synced) >= 2  # the file, and the folder that names it


def test_no_half_object_is_ever_visible(on_disk):
    seen, tenant = [], make_tenant()

    class Watched(io.BytesIO):
        def read(self, size=-1):
            seen.append(objects())
            return super().read(size)

    storage.put(Watched(bytes(4_000_000)), tenant, MANY)
    assert len(seen) > 3
    assert not any(seen)
    assert len(objects()) == 1


def test_row_23_a_full_disk_is_refused_early_and_leaves_nothing(on_disk, settings):
    settings.CALLHUB_FREE_SPACE_FLOOR = 1 << 60
    with pytest.raises(NoRoom) as trouble:
        storage.put(io.BytesIO(b"audio"), make_tenant(), MANY)
    assert trouble.value.status == 507
    with pytest.raises(NoRoom):
        Spool.create()
    assert objects() == []


def test_row_25_a_storage_that_is_down_is_a_trouble_not_an_answer(settings, tmp_path, s3_server):
    from tests.calls.recordings.conftest import use_s3

    use_s3(settings, tmp_path, s3_server)
    tenant = make_tenant()
    key = storage.put(io.BytesIO(b"audio"), tenant, MANY).key
    kept = storage.keeper()
    kept.client.meta.events.register("before-send.s3", lambda **_: (_ for _ in ()).throw(_no_connection()))
    for question in (storage.exists, storage.open_range, storage.delete, storage.size):
        with pytest.raises(StorageTrouble) as trouble:
            question(key)
        assert not isinstance(trouble.value, ObjectMissing)
    with pytest.raises(StorageTrouble):
        storage.put(io.BytesIO(b"audio"), tenant, MANY)


def _no_connection() -> Exception:
    from botocore.exceptions import EndpointConnectionError

    return EndpointConnectionError(endpoint_url="http://127.0.0.1")


def test_objects_are_private_and_links_end_after_300_seconds(on_s3):
    import urllib.error
    import urllib.request

    key = storage.put(io.BytesIO(b"audio"), make_tenant(), MANY).key
    link = storage.keeper().url(key)
    assert "X-Amz-Expires=300" in link
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link
    assert urllib.request.urlopen(link).read() == b"audio"


def test_parallel_puts_make_one_object_each(kept):
    tenant, stored = make_tenant(), []
    threads = [threading.Thread(target=lambda: stored.append(storage.put(io.BytesIO(b"audio"), tenant, MANY))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.key for one in stored}) == len(objects()) == 8


def test_row_26_the_sweep_removes_old_objects_without_a_row_and_only_those(kept):
    tenant = make_tenant()
    with_row, orphan = (storage.put(io.BytesIO(b"audio"), tenant, MANY) for _ in range(2))
    Recording.objects.create(
        tenant=tenant,
        state="stored",
        storage_key=with_row.key,
        sha256=with_row.sha256,
        mime="audio/wav",
        size_bytes=5,
        stored_at=timezone.now(),
    )
    used, unused = Spool.create(), Spool.create()
    assert sweep_orphans(timedelta(hours=24), lambda names: names) == Swept(objects=0, spools=0, unfinished=0)
    swept = sweep_orphans(-timedelta(hours=1), lambda names: [used.name])
    assert (swept.objects, swept.spools) == (1, 1)
    assert objects() == [with_row.key]
    assert used.path.exists()
    assert not unused.path.exists()
    assert not storage.exists(orphan.key)


def test_the_sweep_drops_unfinished_uploads(kept):
    part = storage.keeper()
    if kept == "s3":
        part.client.create_multipart_upload(Bucket=part.bucket_name, Key="a/b")
    else:
        Path(part.location, ".incoming").mkdir(parents=True)
        Path(part.location, ".incoming", "half").write_bytes(b"half")
    if kept == "disk":  # the S3 server dates every unfinished upload 2010
        assert sweep_orphans(timedelta(hours=1), list).unfinished == 0
    assert sweep_orphans(-timedelta(hours=1), list).unfinished == 1
    assert sweep_orphans(-timedelta(hours=1), list).unfinished == 0
