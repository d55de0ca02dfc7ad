"""Planhat's words, and the columns they stand for."""

from __future__ import annotations

from calls.choices import Direction

DIRECTIONS = {
    "in": Direction.INBOUND,
    "inbound": Direction.INBOUND,
    "out": Direction.OUTBOUND,
    "outbound": Direction.OUTBOUND,
}
DIRECTION_WORDS = {Direction.INBOUND: "in", Direction.OUTBOUND: "out"}

# One of each group is wanted; in the order they are tried.
CONTACT_FIELDS = ("phUserId", "userId", "nr", "phCompanyId", "companyId")
AGENT_FIELDS = ("phAgentId", "agentId", "externalUserId", "agentName")  # externalUserId: agentId on the oldest page

# Rendered from the call's columns, never from the document it came as.
CALL_FIELDS = frozenset((*CONTACT_FIELDS, *AGENT_FIELDS, "start", "end", "waiting", "direction", "record"))
OURS = frozenset(("_id", "__v", "createDate", "tenantId"))  # ours to say; what a client sends under these names is dropped

CALL_SORTS = {
    "_id": "id",
    "createDate": "created_at",
    "direction": "direction",
    "end": "ended_at",
    "nr": "remote_raw",
    "start": "started_at",
    "waiting": "ring_ms",
}

# What the ledger calls a field, and what Planhat does.
VENDOR_NAMES = {
    "started_at": "start",
    "ended_at": "end",
    "answered_at": "waiting",
    "ring_ms": "waiting",
    "recording_url": "record",
    "remote": "nr",
    "contact": "userId",
    "agent": "agentId",
}
