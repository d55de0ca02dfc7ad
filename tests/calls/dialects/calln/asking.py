"""What the tests of CallN share: who asks, how, and sound to send."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from tests.calls.dialects.contract import basic
from tests.calls.recordings.audio import tone, wav
from tests.make import PASSWORD

SAMPLES = Path(__file__).parents[3] / "samples" / "calln"
FORM = "application/x-www-form-urlencoded"
NAME = "ann@mail.example@acme.calln.com"
START = "2013-10-09 15:23:54"


def sample(name: str) -> str:
    """One of the vendor's documents, as text."""
    [path] = SAMPLES.glob(f"{name}.*")
    return path.read_text("utf-8").rstrip("\n")


def call_body(**fields: Any) -> str:
    """A document of a call, in strict JSON."""
    return json.dumps({"startdatetimeutc": START, "callerphone": "0409123456", "destinationphone": "0312345678", **fields})


def ask(client: Any, method: str, path: str, body: Any = b"", *, user: str = NAME, password: str = PASSWORD, **more: Any) -> Any:
    """A request with Ann's credentials, or others."""
    content_type = more.pop("content_type", "application/json; charset=utf-8")
    headers = {**basic(user, password), **more.pop("headers", {})}
    data = body.encode() if isinstance(body, str) else body
    return client.generic(method, path, data, content_type=content_type, headers=headers, **more)


def announce(client: Any, body: str | None = None, **more: Any) -> str:
    """The temporary id of a call that was announced."""
    answer = ask(client, "POST", "/api/call", call_body() if body is None else body, **more)
    assert answer.status_code == 200, answer.content
    assert set(answer.json()) == {"tempcallid"}
    return answer.json()["tempcallid"]


def send(client: Any, key: str, data: bytes, span: str = "chunk 1/1", **more: Any) -> Any:
    """One chunk of the audio."""
    more.setdefault("content_type", "audio/wav")
    headers = {"Content-Range": span, **more.pop("headers", {})}
    return ask(client, "PUT", f"/api/callaudio/{key}", data, headers=headers, **more)


def upload(client: Any, body: str | None = None, *, audio: bytes | None = None, **more: Any) -> None:
    """A whole call: announced, and its audio sent."""
    answer = send(client, announce(client, body, **more), speech() if audio is None else audio, **more)
    assert (answer.status_code, answer.json()) == (200, {"status": "complete"}), answer.content


def listed(client: Any, query: str = "", path: str = "/api/call", **more: Any) -> list[dict[str, Any]]:
    """The calls a search finds."""
    answer = ask(client, "GET", f"{path}?{query}", **more)
    assert answer.status_code == 200, answer.content
    return answer.json()


def refusal(answer: Any, status: int) -> str:
    """The message of a refusal, which is the reason of the status line as well."""
    assert answer.status_code == status, answer.content
    assert set(answer.json()) == {"message"}
    message = answer.json()["message"]
    assert answer.reason_phrase == message.replace("“", '"').replace("”", '"')[:200].strip()
    return message


def speech(seconds: float = 2.0) -> bytes:
    """A WAV of this length."""
    return wav(tone(seconds))


def md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()
