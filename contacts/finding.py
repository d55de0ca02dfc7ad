"""Finding rows by a number, or by any part of one, however that is written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.models import Q

from contacts.phone import KEY_DIGITS, read_number
from tenants.place import Place

SHORTEST_PART = 3  # digits


def with_number(words: str, places: Iterable[Place | str], *, prefix: str = "") -> Q:
    """Rows whose columns ``e164`` and ``match_key`` (after ``prefix``) are this number in one of
    these places, or have its digits in them; spaces, a trunk zero and the code of the country do
    not matter."""
    keys = {number.key for number in (read_number(words, place) for place in places) if number.key}
    wanted = Q(**{f"{prefix}match_key__in": keys})
    part = re.sub(r"\D", "", words).lstrip("0")
    if len(part) >= SHORTEST_PART:
        wanted |= Q(**{f"{prefix}e164__contains": part}) | Q(**{f"{prefix}match_key__contains": part[-KEY_DIGITS:]})
    return wanted
