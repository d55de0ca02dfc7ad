"""The vendor page's example, the least a call needs, and how tests look at answers."""

from __future__ import annotations

import json
from pathlib import Path

from calls.models import Call

SAMPLES = Path(__file__).parents[3] / "samples" / "planhat"
PAGE_EXAMPLE = json.loads((SAMPLES / "page_example.json").read_text())
PAGE_TENANT = "199627f7-0d65-52cd-89b9-45b5ff561bem"
LEAST = {"nr": "+46701234567", "start": "2024-02-01T08:00:00.000Z", "end": "2024-02-01T08:02:00.000Z"}


def post_open(client, body, path="/acme/calls", **headers):
    """A POST without credentials."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.generic("POST", path, data, content_type="application/json", headers=headers)


def stored(answer):
    """The call an answer tells of."""
    return Call.objects.by_public_id(answer.json()["_id"])
