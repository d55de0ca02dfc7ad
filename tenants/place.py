"""Where a tenant's telephones are: what decides how a number without its country is read."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """The country (ISO 3166-1, two letters), and the area code of local numbers where that is stated."""

    country: str
    area_code: str = ""
