"""The vendor's words, and what they are called here."""

from __future__ import annotations

from calls.life import Happening

# ReceptionCallTypesApi, and whether such calls go out. The framework takes a member's name or its
# number; as text, because that is how forms send them.
CALL_TYPES = {"incoming": False, "0": False, "outgoing": True, "1": True}
TYPE_OF = {False: "Incoming", True: "Outgoing"}
SORT_DIRECTIONS = {"asc": False, "0": False, "desc": True, "1": True}  # whether the order is descending
# What of a call is billed, and CallRoundingType in milliseconds.
BILLED = {"BillTalk": "talk_ms", "BillHold": "hold_ms", "BillTransfer": "transfer_ms", "BillRing": "ring_ms"}
ROUNDINGS = {"none": 0, "0": 0, "nextminute": 60_000, "1": 60_000, "next30seconds": 30_000, "2": 30_000}
FLAGS = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}

# CallRecordInteractionInfo.Type of what an exchange reports; other sources have their own words.
INTERACTION_TYPES = {
    Happening.RINGING: "Ring",
    Happening.ANSWERED: "Answer",
    Happening.HELD: "Hold",
    Happening.RESUMED: "Resume",
    Happening.TRANSFERRED: "Transfer",
    Happening.ENDED: "End",
}

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
    "type": ("goes_out",),
    "worktimeinseconds": ("work_ms",),
}
