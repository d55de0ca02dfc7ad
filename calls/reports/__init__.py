"""Statistics of calls: how many, how they came out, how long they rang and were talked in.

``periods`` knows from when to when, in whose clocks; ``tally`` adds up; ``counting`` asks the database, once for everything
that goes by time and once for each other way to group. Who may see which calls is the caller's business.
"""

from calls.reports.counting import Profile, Row, by_parties, by_party, lengths_of, profile_of
from calls.reports.periods import NAMED, TIME_GROUPS, Span, TooFine, named
from calls.reports.tally import PARTIES, Length, Tally

__all__ = [
    "NAMED",
    "PARTIES",
    "TIME_GROUPS",
    "Length",
    "Profile",
    "Row",
    "Span",
    "Tally",
    "TooFine",
    "by_parties",
    "by_party",
    "lengths_of",
    "named",
    "profile_of",
]
