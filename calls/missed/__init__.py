"""Missed calls until they are returned.

    follow(tenant_id); waiting()                                  # the log moves the queue
    assign(rows, user); snooze(rows, until); finish(rows, outcome, actor=user)   # people move it; all give how many rows it was

``following`` reads the events of calls and works the queue out of the log anew for every number they touch, so it does not
matter in which order calls come, whether they are edited or removed later, and how often an event is read. Who writes calls
knows nothing of it. ``acting`` is what people decide, each by one conditional update. ``figures`` is the report.
"""

from calls.missed.acting import assign, finish, snooze
from calls.missed.figures import Figures, figures_of
from calls.missed.following import KEPT, follow, waiting

__all__ = ["KEPT", "Figures", "assign", "figures_of", "finish", "follow", "snooze", "waiting"]
