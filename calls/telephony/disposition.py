"""How a leg, and with it a call, came out: from what the exchange says at its end. Pure.

The exchange gives a Q.850 cause and, a newer one, the SIP status that ended the leg. Where the status is missing it is
derived by the table of RFC 3398 §7.2.4.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calls.choices import Disposition

# SIP status → disposition; any other from 300 on is a failure with that status.
BY_SIP_STATUS = {
    403: Disposition.REJECTED,
    408: Disposition.NO_ANSWER,
    480: Disposition.NO_ANSWER,
    486: Disposition.BUSY,
    487: Disposition.NO_ANSWER,
    600: Disposition.BUSY,
    603: Disposition.REJECTED,
}
# Q.850 cause → SIP status, RFC 3398 §7.2.4.1; 38 and the ones below 100 it leaves out are as Asterisk sends them.
SIP_STATUS_OF_CAUSE = {
    **dict.fromkeys((1, 2, 3, 26), 404),
    17: 486,
    18: 408,
    19: 480,
    20: 480,
    21: 603,  # the RFC has 403, and 603 where the user himself refused; both are REJECTED here
    22: 410,
    23: 410,
    27: 502,
    28: 484,
    29: 501,
    31: 480,
    **dict.fromkeys((34, 38, 41, 42, 47), 503),
    **dict.fromkeys((55, 57), 403),
    58: 488,  # bearer capability not presently available: the RFC's 503 is for ISDN, SIP peers mean the media
    **dict.fromkeys((65, 70), 488),
    79: 501,
    87: 403,
    88: 503,
    102: 504,
    111: 500,
    127: 500,
}
NORMAL = 16
SILENT_CAUSES = (None, 0, 18, 19)  # what an exchange says when a telephone rang long enough
UNREACHABLE = 404
BROKEN = 500


@dataclass(frozen=True)
class Outcome:
    """A disposition; ``detail`` is the SIP status of a failure."""

    disposition: Disposition
    detail: str = ""

    def __str__(self) -> str:
        name = self.disposition.name
        return f"{name}:{self.detail}" if self.detail else name


ANSWERED = Outcome(Disposition.ANSWERED)
NO_ANSWER = Outcome(Disposition.NO_ANSWER)
CANCELLED = Outcome(Disposition.CANCELLED)
UNKNOWN = Outcome(Disposition.UNKNOWN)  # nobody can tell: it vanished while nobody listened, and no journal says how

# Several telephones rang and nobody picked up: the most telling of their ends.
PRECEDENCE = (
    Disposition.NO_ANSWER,
    Disposition.BUSY,
    Disposition.REJECTED,
    Disposition.FAILED,
    Disposition.CANCELLED,
    Disposition.UNKNOWN,
)


def failed(status: int) -> Outcome:
    """A failure with this SIP status."""
    return Outcome(Disposition.FAILED, str(status))


def of_leg(
    *,
    answered: bool,
    cause: int | None,
    sip_status: int | None = None,
    dropped: bool = False,
    waited_out: bool = False,
) -> Outcome:
    """How a leg came out. ``dropped``: we had no more use for it; ``waited_out``: it rang as long as it was to ring."""
    if answered:
        return ANSWERED
    if waited_out and cause in SILENT_CAUSES:
        return NO_ANSWER
    if sip_status and sip_status >= 300 and sip_status != 487:
        return of_sip_status(sip_status)  # the telephone's own word, even when we were about to drop it
    if dropped:
        return CANCELLED
    if cause == NORMAL or sip_status == 487:
        return CANCELLED  # only a caller who gives up ends ringing without a reason
    return of_sip_status(SIP_STATUS_OF_CAUSE.get(cause or 0, BROKEN))


def of_sip_status(status: int) -> Outcome:
    """What a final SIP status says."""
    disposition = BY_SIP_STATUS.get(status)
    return Outcome(disposition) if disposition else failed(status)


def of_several(outcomes: Iterable[Outcome]) -> Outcome:
    """What comes of a call when none of the telephones that rang was answered; the first among equals."""
    known = [outcome for outcome in outcomes if outcome.disposition in PRECEDENCE]
    return min(known, key=lambda outcome: PRECEDENCE.index(outcome.disposition), default=CANCELLED)
