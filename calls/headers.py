"""Header fields that a person may have us send: which they are, and which are ours. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _

MOST = 20
LONGEST_VALUE = 1000
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")  # RFC 9110 §5.1
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?")
# Those of one connection (RFC 9110 §7.6.1), those that say who is spoken to, and those that would change what the body is.
_OURS = frozenset(
    "accept-encoding connection content-encoding content-length content-type cookie expect forwarded host http2-settings"
    " keep-alive proxy-connection te trailer transfer-encoding upgrade user-agent".split()
)
_OUR_PREFIXES = ("webhook-", "callhub-", "sec-", "proxy-", "x-forwarded-")


def check_headers(headers: object) -> None:
    """Raise ``ValueError``, with words for whoever wrote them, unless these are names and values that may be sent."""
    if not isinstance(headers, Mapping) or len(headers) > MOST:
        raise ValueError(_("Write names and values, at most %d.") % MOST)
    if len({str(name).lower() for name in headers}) < len(headers):
        raise ValueError(_("A header is there twice."))
    for name, value in headers.items():
        shown = {"name": str(name)[:60]}
        if not (isinstance(name, str) and isinstance(value, str) and _NAME.fullmatch(name) and _VALUE.fullmatch(value)):
            raise ValueError(_("“%(name)s” is no header.") % shown)
        if len(value) > LONGEST_VALUE:
            raise ValueError(_("The value of “%(name)s” is too long.") % shown)
        if name.lower() in _OURS or name.lower().startswith(_OUR_PREFIXES):
            raise ValueError(_("“%(name)s” is not yours to set.") % shown)
