"""Recordings in an S3-compatible bucket."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from storages.backends.s3 import S3Storage

from calls.recordings.errors import ObjectMissing, StorageTrouble
from calls.recordings.storage.files import full_disk_is_no_room, older, require_room
from calls.recordings.storage.keeping import CHUNK_BYTES, Chunks, Readable

PART_BYTES = 8 * 1024 * 1024  # all that is held in memory of an upload; 10,000 parts make 80 GB
_COPY = "copy-"


class BucketKeeper(S3Storage):
    """Objects in a private bucket, through django-storages; uploads are multipart, in one part's memory.

    ``conditional_create`` asks the server to refuse a key that exists (If-None-Match), which some S3-compatible ones cannot.
    """

    is_on_disk = False

    def __init__(self, *, conditional_create: bool = True, **options: Any) -> None:
        self.conditional_create = conditional_create
        self._client_lock = threading.Lock()
        self._client: Any = None
        super().__init__(
            **{
                "default_acl": None,  # the bucket's own: private
                "file_overwrite": False,
                "querystring_auth": True,
                "querystring_expire": settings.CALLHUB_LINK_SECONDS,
                "max_memory_size": PART_BYTES,
                "client_config": Config(
                    signature_version="s3v4",
                    s3={"addressing_style": options.get("addressing_style", "auto")},
                    request_checksum_calculation="when_required",  # S3-compatible servers trip over the newer default
                    response_checksum_validation="when_required",
                    connect_timeout=5,
                    read_timeout=30,
                    retries={"mode": "standard", "max_attempts": 3},
                ),
                **options,
            }
        )

    @property
    def client(self) -> Any:
        """One client for all threads; a client is safe to share and each costs a good 10 MB."""
        with self._client_lock:
            if self._client is None:
                self._client = self.connection.meta.client
            return self._client

    def create(self, key: str, stream: Readable) -> None:
        """Write a new object from a stream; see ``Keeper``."""
        with _as_trouble(key):
            first = _read_fully(stream)
            if len(first) < PART_BYTES:
                self.client.put_object(**self._target(key), Body=first, **self._if_new())
            else:
                self._create_in_parts(key, first, stream)

    def adopt(self, key: str, path: Path) -> None:
        """Make a finished local file a new object; see ``Keeper``."""
        with open(path, "rb") as file:
            self.create(key, file)

    def read_range(self, key: str, start: int = 0, length: int | None = None) -> Chunks:
        """Some bytes of an object; see ``Keeper``."""
        if length == 0:
            return Chunks(_Nothing(), 0, lambda: None)
        end = "" if length is None else start + length - 1
        with _as_trouble(key):
            try:
                answer = self.client.get_object(**self._target(key), Range=f"bytes={start}-{end}")
            except ClientError as error:
                if _code(error) == "InvalidRange":
                    return Chunks(_Nothing(), 0, lambda: None)
                raise
        body = answer["Body"]
        return Chunks(_Body(body, key), answer["ContentLength"], body.close)

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """A copy in the spool; see ``Keeper``."""
        require_room(self.size(key))
        with tempfile.NamedTemporaryFile(dir=settings.CALLHUB_SPOOL_DIR, prefix=_COPY) as file:
            chunks = self.read_range(key)
            with closing(chunks), full_disk_is_no_room():
                shutil.copyfileobj(chunks, file, CHUNK_BYTES)
                file.flush()
            yield Path(file.name)

    def size(self, name: str) -> int:
        """The object's bytes. Raises ``ObjectMissing``."""
        with _as_trouble(name):
            return int(self.client.head_object(**self._target(name))["ContentLength"])

    def exists(self, name: str) -> bool:
        """Whether there is such an object; an error of the server is raised, not taken for a no."""
        try:
            self.size(name)
        except ObjectMissing:
            return False
        return True

    def delete(self, name: str) -> None:
        """Remove an object; gone already is fine."""
        with _as_trouble(name):
            self.client.delete_object(**self._target(name))

    def link(self, key: str, *, mime: str, disposition: str) -> str:
        """A signed address in the bucket that answers with these headers and ends after ``CALLHUB_LINK_SECONDS``."""
        answer = {
            "ResponseContentType": mime,
            "ResponseContentDisposition": disposition,
            "ResponseCacheControl": "private, no-store",
        }
        return str(self.url(key, parameters=answer, expire=settings.CALLHUB_LINK_SECONDS))

    def keys_before(self, moment: datetime) -> Iterator[str]:
        """The keys of old objects; see ``Keeper``."""
        prefix = self._normalize_name("") if self.location else ""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=prefix)
        for page in pages:
            for row in page.get("Contents", []):
                if row["LastModified"] < moment:
                    yield row["Key"].removeprefix(prefix).lstrip("/")

    def drop_unfinished(self, moment: datetime) -> int:
        """Abort old multipart uploads and remove local copies a crash left; see ``Keeper``."""
        copies = [path for path in Path(settings.CALLHUB_SPOOL_DIR).glob(f"{_COPY}*") if older(path, moment)]
        for path in copies:
            path.unlink(missing_ok=True)
        pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket_name)
        rows = [row for page in pages for row in page.get("Uploads", []) if row["Initiated"] < moment]
        for row in rows:
            self.client.abort_multipart_upload(Bucket=self.bucket_name, Key=row["Key"], UploadId=row["UploadId"])
        return len(rows) + len(copies)

    def _create_in_parts(self, key: str, first: bytearray, stream: Readable) -> None:
        upload = self._target(key)
        upload["UploadId"] = self.client.create_multipart_upload(**upload)["UploadId"]
        try:
            parts: list[dict[str, Any]] = []
            body = first
            while body:
                answer = self.client.upload_part(**upload, PartNumber=len(parts) + 1, Body=body)
                parts.append({"PartNumber": len(parts) + 1, "ETag": answer["ETag"]})
                del body  # before the next part takes its room
                body = _read_fully(stream)
            self.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **self._if_new())
        except BaseException:
            self.client.abort_multipart_upload(**upload)
            raise

    def _target(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket_name, "Key": self._normalize_name(key)}

    def _if_new(self) -> dict[str, str]:
        return {"IfNoneMatch": "*"} if self.conditional_create else {}


class _Nothing:
    """A stream without bytes."""

    def read(self, size: int = -1) -> bytes:
        return b""


class _Body:
    """The body of an answer; a connection that breaks is a trouble of the storage."""

    def __init__(self, body: Any, key: str) -> None:
        self._body = body
        self._key = key

    def read(self, size: int = -1) -> bytes:
        with _as_trouble(self._key):
            return bytes(self._body.read(size))


def _read_fully(stream: Readable) -> bytearray:
    """One part: ``PART_BYTES`` unless the stream ends before."""
    part = bytearray()
    while len(part) < PART_BYTES and (chunk := stream.read(min(CHUNK_BYTES, PART_BYTES - len(part)))):
        part += chunk
    return part


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _as_trouble(key: str) -> Iterator[None]:
    """Raise boto's errors as ours. The key is a random name and may be logged."""
    try:
        yield
    except ClientError as error:
        if _code(error) in ("NoSuchKey", "404", "NotFound"):
            raise ObjectMissing(key) from error
        if _code(error) in ("PreconditionFailed", "412"):
            raise FileExistsError(f"{key} exists.") from error
        raise StorageTrouble(f"The storage answered {_code(error)} for {key}.") from error
    except BotoCoreError as error:
        raise StorageTrouble(f"The storage does not answer for {key}: {type(error).__name__}.") from error
