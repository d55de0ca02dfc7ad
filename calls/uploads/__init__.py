"""Two-phase uploads: a call is announced, its audio follows, and only then the call enters the log.

A door opens a ticket, finds it again by its id, and hands over bytes in one of three ways: all at once, appended, or in
numbered chunks. Whoever brings the last byte finishes: the audio is checked and probed, its object is kept, and one transaction
files the call. Refusals leave the ticket usable; of any number of finishers one wins, and the same bytes always get its answer.
"""

from calls.uploads.errors import ChunkRefused, OtherAudio, QuotaUsedUp, TicketNotFound
from calls.uploads.finishing import Kept
from calls.uploads.receiving import append, finish, receive_chunk, receive_whole, received_bytes, settle_size
from calls.uploads.streams import CHECKSUMS, Checked, body_of, gunzipped
from calls.uploads.tickets import ACCEPTED, Told, cancel, find_ticket, open_ticket

__all__ = [
    "ACCEPTED",
    "CHECKSUMS",
    "Checked",
    "ChunkRefused",
    "Kept",
    "OtherAudio",
    "QuotaUsedUp",
    "TicketNotFound",
    "Told",
    "append",
    "body_of",
    "cancel",
    "find_ticket",
    "finish",
    "gunzipped",
    "open_ticket",
    "receive_chunk",
    "receive_whole",
    "received_bytes",
    "settle_size",
]
