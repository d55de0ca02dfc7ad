"""The vendor's words, and what they are called here."""

from __future__ import annotations

from calls.choices import Direction

# ReceptionCallTypesApi; the framework takes a member's name or its number. As text, because that is how forms send them.
CALL_TYPES = {
    "incoming": Direction.INBOUND,
    "0": Direction.INBOUND,
    "outgoing": Direction.OUTBOUND,
    "1": Direction.OUTBOUND,
}
TYPE_OF = {Direction.INBOUND: "Incoming", Direction.OUTBOUND: "Outgoing"}
SORT_DIRECTIONS = {"asc": False, "0": False, "desc": True, "1": True}  # whether the order is descending
FLAGS = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}

# Every property of an item that has one order, and the columns it is made of. Nothing else ever orders a query.
SORT_FIELDS = {
    "id": ("id",),
    "clientid": ("company_id",),
    "clientname": ("company__name",),
    "centerid": ("center_id",),
    "starttime": ("started_at",),
    "callername": ("caller_name",),
    "callernumber": ("caller_e164", "caller_raw"),
    "transfertoname": ("callee_name",),
    "transfertonumber": ("callee_e164", "callee_raw"),
    "notes": ("notes",),
    "durationinseconds": ("duration_ms",),
    "ringtimeinseconds": ("ring_ms",),
    "holdtimeinseconds": ("hold_ms",),
    "holdcount": ("hold_count",),
    "answeredby": ("agent_name",),
    "talktimeinseconds": ("talk_ms",),
    "transfertimeinseconds": ("transfer_ms",),
    "screenpop": ("screen_pop",),
    "flagged": ("is_flagged",),
    "flagnotes": ("flag_notes",),
    "type": ("direction",),
    "worktimeinseconds": ("work_ms",),
}
