"""The first page of the admin: today, the figures of a period beside the one before, and what waits.

Every figure and every mark of a chart leads to the list of exactly the calls it counts: ``links`` writes the address by the
list's own filters, ``charts`` makes the marks, ``waiting`` finds what somebody should do.
"""

from calls.admin.dashboard.page import first_page

__all__ = ["first_page"]
