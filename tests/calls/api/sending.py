"""Announcing audio and sending it in each of the ways, as a client does."""

from __future__ import annotations

from tests.calls.api.client import BODY
from tests.calls.uploads.sending import speech

AUDIO, OTHER = speech(), speech(hertz=880.0)
NEW = {name: value for name, value in BODY.items() if name != "duration"}
TUS = {"Tus_Resumable": "1.0.0", "Content_Type": "application/offset+octet-stream"}


def announce(api, **more):
    response = api.post("uploads", {**NEW, **more})
    assert response.status_code == 201, response.content
    return response.json()


def put(api, ticket, audio=AUDIO, **headers):
    headers = {"Content_Type": "audio/wav", **headers}
    return api.send("PUT", f"uploads/{ticket['id']}/audio", raw=audio, **headers)


def patch(api, ticket, offset, data, **headers):
    return api.send("PATCH", f"uploads/{ticket['id']}/tus", raw=data, Upload_Offset=str(offset), **{**TUS, **headers})


def head(api, ticket):
    return api.send("HEAD", f"uploads/{ticket['id']}/tus", Tus_Resumable="1.0.0")
