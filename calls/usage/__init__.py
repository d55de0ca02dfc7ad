"""How much each tenant uses, and how much it may.

``days`` keeps a table of usage by day true, however late calls come or are edited; ``limits`` tells what is left of each limit
now; ``reading`` answers questions about days. Nothing here refuses anything: limits are taken where they are used.
"""

from calls.usage.days import recount_lately, roll_up
from calls.usage.limits import Limit, limits_of
from calls.usage.reading import Totals, days_of, total_of

__all__ = ["Limit", "Totals", "days_of", "limits_of", "recount_lately", "roll_up", "total_of"]
