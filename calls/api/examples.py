"""What the readable page shows to send, by operation."""

from __future__ import annotations

from typing import Any

REQUESTS: dict[str, Any] = {
    "calls_create": {
        "external_id": "pbx-2026-03-02-0042",
        "started_at": "2026-03-02T09:00:00+01:00",
        "duration": 65.5,
        "direction": "inbound",
        "number": "+46 70-123 45 67",
        "disposition": "answered",
        "notes": "Asked for a new offer.",
        "tags": ["quote"],
    },
    "calls_change": {"notes": "Called back.", "tags": ["quote", "done"], "flagged": False},
    "uploads_create": {
        "external_id": "pbx-2026-03-02-0043",
        "started_at": "2026-03-02T09:10:00+01:00",
        "direction": "inbound",
        "number": "+46 70-123 45 67",
        "audio": {"size": 1_048_620, "type": "audio/wav"},
    },
    "contacts_create": {"name": "Anna Berg", "email": "anna@example.com", "numbers": ["+46 70-123 45 67", "08-123 456 78"]},
    "contacts_change": {"numbers": ["+46701234567"]},
    "companies_create": {"name": "Berg & Co", "external_id": "crm-17"},
    "companies_change": {"phone": "08-123 456 78"},
    "agents_create": {"name": "Bo Ek", "email": "bo@example.com", "extensions": ["210"]},
    "agents_change": {"extensions": ["210", "211"]},
    "centers_create": {"name": "Lund", "external_id": "7"},
    "centers_change": {"name": "Lund, reception"},
    "lines_create": {"number": "+46 46-12 34 56", "name": "Reception"},
    "lines_change": {"name": "Switchboard"},
    "tags_create": {"name": "offer", "colour": "#0ea5e9"},
    "tags_change": {"colour": "#f97316"},
    "tag_rules_create": {"tag": "long", "direction": "inbound", "min_duration": 600},
    "tag_rules_change": {"is_active": False},
    "views_create": {
        "name": "Long complaints of this week",
        "shared": True,
        "filters": {"tag": ["complaint"], "period": "7d", "talk_min": 300},
        "columns": ["started_at", "party", "agent", "talk", "tags"],
        "sort": "-talk",
    },
    "views_change": {"shared": False},
    "outcomes_create": {"name": "Order taken", "position": 1},
    "outcomes_change": {"is_retired": True},
    "tokens_create": {"name": "PBX in Lund", "scope": "write", "expires_at": "2030-01-01T00:00:00Z"},
    "webhooks_create": {
        "name": "CRM",
        "url": "https://crm.example.com/hooks/calls",
        "events": ["call.ended", "recording.stored"],
        "directions": ["inbound"],
        "min_duration": 10,
    },
    "webhooks_change": {"events": ["call.ended"]},
    "tokens_change": {"name": "PBX in Malmö"},
}
