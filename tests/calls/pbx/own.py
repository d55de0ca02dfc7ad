"""Calls that the exchange makes or takes on its own: how to have them made, what the log and the journal say of them."""

from __future__ import annotations

import csv
import json
from typing import Any
from uuid import UUID

from tests.asterisk.lab import PASSWORD
from tests.calls.pbx.house import House


def calls_of(house: House, caller: str) -> list[dict[str, Any]]:
    """The calls in the log that this number made, as the API tells them, oldest first."""
    rows = house.rows("SELECT id FROM calls_call WHERE source = 'pbx' AND caller_raw = ? ORDER BY started_at", caller)
    return [house.get(f"calls/{UUID(row['id'])}/?expand=legs,contact,agent,line") for row in rows]


def ended(house: House, caller: str) -> dict[str, Any]:
    """The one call that this number made, once it has ended."""
    [call] = house.until(lambda: [call for call in calls_of(house, caller) if call["state"] == "ended"])
    return call


def journal_of(house: House, external_id: str) -> dict[str, float]:
    """What the exchange itself noted of a channel: what happened → when, in seconds."""
    found: dict[str, float] = {}
    for path in house.lab.journal.parent.glob(f"{house.lab.journal.name}*"):
        lines = [line for line in path.read_text("utf-8", "replace").splitlines() if external_id in line]
        for kind, at, channel, *_ in csv.reader(lines):
            if channel == external_id:
                found.setdefault(kind, float(at))
    return found


def steps_of(house: House, call: dict[str, Any]) -> list[str]:
    """The states that the log went through, in their order."""
    rows = house.rows("SELECT data FROM calls_callevent WHERE call_id = ? ORDER BY id", UUID(call["id"]).hex)
    return [step for row in rows if (step := json.loads(row["data"]).get("state"))]


def hang_up(house: House, external_id: str) -> None:
    """As the exchange's operator: end the channel."""
    url = f"{house.lab.ari_url}/ari/channels/{external_id}"
    assert house.http.delete(url, auth=("callhub", PASSWORD), timeout=10).status_code in (204, 404)
