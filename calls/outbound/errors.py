"""What can go wrong at the outgoing door, each with a stable machine code and words for a person.

Neither the words nor the chain of causes hold the address' path or query: they may be secret.
"""

from __future__ import annotations


class OutboundError(Exception):
    """Nothing came back. ``permanent`` says that asking again will not help."""

    permanent = False

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class OutboundRefused(OutboundError):
    """This is never sent. ``code`` is one of ``REFUSALS``."""

    permanent = True


class OutboundFailed(OutboundError):
    """It was tried and did not work out. ``code`` is one of ``FAILURES``."""

    def __init__(self, code: str, message: str, *, permanent: bool = False) -> None:
        super().__init__(code, message)
        self.permanent = permanent


REFUSALS = (
    "url",  # not an address as it should be written
    "scheme",
    "port",
    "address",  # not on the public internet, by itself or by what the name leads to
    "request",  # a method or header that is not for the sender to choose
)

FAILURES = (
    "dns",
    "connect",
    "tls",
    "timeout",
    "headers",  # more or longer headers than anybody needs
    "protocol",  # not HTTP, or an answer that breaks off
    "too_large",  # a download beyond its limit
)
