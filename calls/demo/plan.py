"""What the two demo tenants are like: where they are, who works there, whom they talk to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from calls.demo import words


@dataclass(frozen=True, kw_only=True)
class Place:
    """A center: its own time zone, its public number and its first extension."""

    name: str
    zone: str
    number: str
    first_extension: int
    share: float  # of the tenant's calls


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A tenant. ``number_ranges`` are a beginning and the three digits that may follow, kept for fiction by the regulator."""

    slug: str
    name: str
    country: str
    zone: str
    places: Sequence[Place]
    agents: int
    contacts: int
    share: float  # of all demo calls
    first_names: Sequence[str]
    last_names: Sequence[str]
    companies: Sequence[str]
    number_ranges: Sequence[tuple[str, int, int]]  # beginning, lowest, highest
    abroad: Sequence[str]
    notes: Sequence[str]
    tags: Mapping[str, str]
    outcomes: Sequence[str]
    audio_days: int | None = None  # how long recordings are kept
    knows_max: bool = False  # has the contact and agent of the Planhat page's own example


CLINIC = Plan(
    slug="demo",
    name="Björkdalens Vårdcentral",
    country="SE",
    zone="Europe/Stockholm",
    places=[
        Place(name="Reception", zone="Europe/Stockholm", number="+46 8 465 004 00", first_extension=210, share=0.6),
        Place(name="Lab", zone="Europe/Stockholm", number="+46 8 465 004 40", first_extension=230, share=0.15),
        Place(name="Göteborg", zone="Europe/Stockholm", number="+46 31 390 06 00", first_extension=250, share=0.25),
    ],
    agents=12,
    contacts=170,
    share=0.55,
    first_names=words.SWEDISH_FIRST,
    last_names=words.SWEDISH_LAST,
    companies=words.SWEDISH_COMPANIES,
    number_ranges=[("+46701740", 605, 699), ("+46313900", 601, 699), ("+46406280", 400, 499), ("+46980319", 200, 299)],
    abroad=["+441632960123", "+13125550188"],
    notes=words.CLINIC_NOTES,
    tags=words.CLINIC_TAGS,
    outcomes=words.CLINIC_OUTCOMES,
    audio_days=90,
    knows_max=True,
)
PROPERTY = Plan(
    slug="lakeside",
    name="Lakeside Property Group",
    country="US",
    zone="America/Chicago",
    places=[
        Place(name="Chicago", zone="America/Chicago", number="+1 312 555 0100", first_extension=3100, share=0.5),
        Place(name="Maintenance", zone="America/Chicago", number="+1 312 555 0101", first_extension=3200, share=0.25),
        Place(name="Sydney", zone="Australia/Sydney", number="+61 2 5550 0100", first_extension=6100, share=0.25),
    ],
    agents=12,
    contacts=140,
    share=0.45,
    first_names=words.ENGLISH_FIRST,
    last_names=words.ENGLISH_LAST,
    companies=words.ENGLISH_COMPANIES,
    number_ranges=[("+17735550", 100, 199), ("+18475550", 100, 199), ("+16305550", 100, 199), ("+61255500", 200, 299)],
    abroad=["+61370100123", "+46701740611"],
    notes=words.PROPERTY_NOTES,
    tags=words.PROPERTY_TAGS,
    outcomes=words.PROPERTY_OUTCOMES,
)
PLANS = (CLINIC, PROPERTY)
