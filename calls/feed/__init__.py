"""Following the log: what changed since a place in commit order, and waiting for more of it.

``reading`` gives the changes of a tenant after a position; ``pulse`` wakes who waits for more, with one question to the
database for all of a process; ``room`` keeps those who wait from taking the threads that others need.
"""

from calls.feed.positions import BEGINNING, FeedPosition, UnreadableToken
from calls.feed.pulse import Watch, is_serving, serve_while, watch
from calls.feed.reading import Entry, NotGivenOut, Page, Wanted, newest, read
from calls.feed.room import Held, fit, take_place

__all__ = [
    "BEGINNING", "Entry", "FeedPosition", "Held", "NotGivenOut", "Page", "UnreadableToken", "Wanted", "Watch", "fit",
    "is_serving", "newest", "read", "serve_while", "take_place", "watch",
]  # fmt: skip
