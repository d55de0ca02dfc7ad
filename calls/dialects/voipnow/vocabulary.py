"""The vendor's words and numbers, and what they are called here."""

from __future__ import annotations

from calls.choices import Disposition

ME = frozenset({"@me", "@viewer"})
OWNER = "@owner"
SELF = "@self"

# The flow of a local call, and of others by whether they go out; undirected calls have no number.
LOCAL = 2
FLOWS = {True: 4, False: 8}

# PhoneCallView.status
UNKNOWN, OFF_HOOK, TRYING, RINGING, OTHER_SIDE_RINGING, ON_CALL = range(6)

# PhoneCallView.disposition. A declined call looks busy there; nobody answered one that was given up. 5, not allowed, is no call.
DISPOSITIONS = {
    Disposition.ANSWERED: 0,
    Disposition.VOICEMAIL: 0,
    Disposition.BUSY: 1,
    Disposition.REJECTED: 1,
    Disposition.FAILED: 2,
    Disposition.NO_ANSWER: 3,
    Disposition.CANCELLED: 3,
    Disposition.UNKNOWN: 4,
}
NOT_ALLOWED = "5"
STATS = {0: "answered", 1: "busy", 2: "failed", 3: "unanswered", 4: "unknown"}  # PhoneCallStat's name of each disposition
INCOMING, OUTGOING = 0, 1  # PhoneCallStat.type

ON_HOLD, OFF_HOLD, TRANSFER = "OnHold", "OffHold", "Transfer"
# No exchange here parks, listens in or records on demand: those are the vendor's own 501.
NOT_OFFERED = frozenset(
    {"StartRecording", "StopRecording", "PickUp", "BargeIn", "Park", "UnPark", "Whisper", "Monitor", "TransferToVoicemail"}
)
FILTER_OPS = frozenset({"contains", "equals", "greaterThan", "inArray", "lessThan", "present", "startsWith"})
SORT_ORDERS = {"ascending": False, "descending": True}  # whether the newest come first
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

CALL_FIELDS = frozenset(
    "id extension ownerId ownerName published answered nonce phoneCallView link links".split()
)  # of a PhoneCall, for ``fields``
