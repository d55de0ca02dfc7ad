"""The dialer: has calls made. Every door that originates calls uses these functions and no others of this package.

    line = find_line(tenant, "0003*210") or adopt_line(tenant, "3215551081")
    wanted = CallOrder(door=Source.VOIPNOW, line=line, sources=("211",), destination="+46701234567")
    origination = place(tenant, wanted, actor=user)
    refresh(origination).state                  # queued, dispatching, unknown, ringing, in_progress, ended
    hang_up(origination)                        # any time, as often as one likes
    hold(origination); unhold(origination); transfer(origination, "212")

``placing`` judges and writes, ``limits`` counts, ``dispatching`` has the exchange do it (tasks and sweepers), ``book`` keeps
what the exchange tells and carries the call on, ``acting`` holds what may be done meanwhile, ``recordings`` brings audio home.
Refusals are ``DialRefused`` with a code of ``calls.errors.DIAL_CODES``.
"""

from calls.dialer.acting import (
    FAR,
    NEAR,
    advance_simulated,
    hang_up,
    hang_up_call,
    hold,
    refresh,
    refresh_all,
    transfer,
    unhold,
)
from calls.dialer.backends import backend_of
from calls.dialer.dispatching import look_after, overdue, place_call
from calls.dialer.forbidding import forbid, refuse_forbidden
from calls.dialer.limits import busiest_destination, plan_of
from calls.dialer.lines import adopt_line, extended, find_line
from calls.dialer.placing import LONGEST_WAIT_S, backend_of_line, check, place

__all__ = [
    "FAR", "LONGEST_WAIT_S", "NEAR", "adopt_line", "advance_simulated", "backend_of", "backend_of_line", "busiest_destination",
    "check", "extended", "find_line", "forbid", "hang_up", "hang_up_call", "hold", "look_after", "overdue", "place", "place_call",
    "plan_of", "refresh", "refresh_all", "refuse_forbidden", "transfer", "unhold",
]  # fmt: skip
