"""The one outgoing door: every request callhub makes to somebody else's server goes through ``send`` or ``download``.

What they promise, whatever the address and whoever answers:

* Only http and https, only the ports of ``CALLHUB_OUTBOUND_PORTS``, only addresses written in the one ordinary way (``targets``).
* The name is resolved once. Where any of its addresses is not on the public internet nothing is sent (``addresses``); else the
  connection goes to one of these very addresses, with the name in Host, in SNI and in the check of the certificate (``wire``).
* Nothing is sent to callhub's own names, and each request carries a mark by which it is refused where it comes back.
* No redirect is followed, no proxy, cookie or netrc is looked at, nothing is decoded (``door``).
* Everything ends: looking up and connecting after 5 s each, the whole after 15 s, the answer's headers after 100 lines or 32 kB,
  its body after 64 kB.

``check`` judges an address the same way without connecting, for the moment somebody writes it down. All three raise an
``OutboundError``: ``OutboundRefused`` for what is never sent, ``OutboundFailed`` for what did not work out. Any answer,
whatever its status, is an ``Answer``. None may be called inside a transaction.
"""

from __future__ import annotations

from calls.outbound.door import LOOP_HEADER, OWN_HEADERS, Answer, BasicAuth, Request, check, download, loop_mark, send
from calls.outbound.errors import OutboundError, OutboundFailed, OutboundRefused
from calls.outbound.targets import inside

__all__ = [
    "LOOP_HEADER",
    "OWN_HEADERS",
    "Answer",
    "BasicAuth",
    "OutboundError",
    "OutboundFailed",
    "OutboundRefused",
    "Request",
    "check",
    "download",
    "inside",
    "loop_mark",
    "send",
]
