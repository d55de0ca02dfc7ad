"""Doing the same to many calls: a batch is drafted, begun, worked off in slices, and may be undone for a while.

``orders`` makes and begins batches, ``acts`` says what each act does to one call and how that is taken back, ``working`` works
them off; ``past`` tags calls that were there before a rule. Every change of a call goes through the ledger.
"""

from calls.batches.orders import BatchRefused, begin, draft, forget_old, tally, undo
from calls.batches.past import fitting, tag_past, untagged
from calls.batches.working import waiting, work

__all__ = [
    "BatchRefused", "begin", "draft", "fitting", "forget_old", "tag_past", "tally", "undo", "untagged", "waiting", "work",
]  # fmt: skip
