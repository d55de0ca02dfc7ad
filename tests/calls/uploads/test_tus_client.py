"""tus's own Python client against a real server."""

from __future__ import annotations

import hashlib
import io

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from calls.models import Call, Recording
from tests.calls.uploads.sending import speech
from tests.calls.uploads.server import Caller, server, use_files_of
from tests.make import make_tenant, make_token

pytestmark = pytest.mark.django_db(transaction=True)
AUDIO = speech(20)


@pytest.fixture
def site(settings, tmp_path, monkeypatch):
    """A server, a caller and a tus client."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    use_files_of(settings, tmp_path)
    secret = make_token(make_tenant())
    with server() as address:
        yield Caller(address, secret), TusClient(address, headers={"Authorization": f"Bearer {secret}"})


def announce(api, **audio):
    return api.send("POST", "uploads", json={"started_at": "2026-03-02T09:00:00Z", "audio": audio}).json()


@pytest.mark.parametrize("with_checksums", [False, True])
def test_sends_in_parts_and_goes_on_in_another_session(site, with_checksums):
    api, client = site
    ticket = announce(api, size=len(AUDIO))
    how = {"url": ticket["ways"]["tus"], "chunk_size": 100_000, "upload_checksum": with_checksums}
    first = client.uploader(file_stream=io.BytesIO(AUDIO), **how)
    first.upload_chunk()
    first.upload_chunk()

    second = client.uploader(file_stream=io.BytesIO(AUDIO), **how)
    assert second.offset == 200_000
    second.upload()

    assert Recording.objects.get().md5 == hashlib.md5(AUDIO).hexdigest()
    done = api.send("GET", f"uploads/{ticket['id']}").json()
    assert (done["state"], done["stored"]["duration"]) == ("complete", 20.0)
    assert Call.objects.get().duration_ms == 20_000
    assert client.uploader(file_stream=io.BytesIO(AUDIO), **how).offset == len(AUDIO)


def test_is_told_when_the_upload_is_gone(site):
    api, client = site
    ticket = announce(api, size=len(AUDIO))
    api.send("DELETE", f"uploads/{ticket['id']}")
    with pytest.raises(TusCommunicationError) as error:
        client.uploader(file_stream=io.BytesIO(AUDIO), url=ticket["ways"]["tus"])
    assert error.value.status_code == 404
