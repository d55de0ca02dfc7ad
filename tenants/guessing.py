"""Wrong passwords: how many may come, counted in the database, which all processes share.

They are counted by network, and by account *and* network. An account alone has no limit: strangers
who guess from elsewhere would lock its owner out. Its owner is mailed instead (``calls.notices``).
Right passwords are not counted.
"""

from __future__ import annotations

import hashlib
import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Min, Sum
from django.utils import timezone

from tenants.models import User, WrongPassword

PER_ACCOUNT = (10, 15 * 60)  # wrong passwords for one account from one network, seconds
PER_NETWORK = (100, 60 * 60)  # for any accounts from one network
MANY = 10  # in a day: its owner is mailed
STORED = timedelta(days=1)
_BUCKET_S = 5 * 60


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What wrong passwords have cost so far: ``wait_s`` is 0 where another one may come now."""

    wait_s: int
    has_failed: bool  # this network, for any account
    has_failed_here: bool  # for this account


def standing_of(username: str, address: str) -> Standing:
    """How a network stands with an account."""
    now, account = timezone.now(), _account(username)
    since = now - timedelta(seconds=PER_NETWORK[1])
    rows = WrongPassword.objects.filter(network=network_of(address), at__gt=since).order_by("at")
    all_of_them = list(rows.values_list("account", "at", "count"))
    own = [row for row in all_of_them if row[0] == account]
    wait_s = max(_wait_s(own, *PER_ACCOUNT, now), _wait_s(all_of_them, *PER_NETWORK, now))
    return Standing(wait_s=wait_s, has_failed=bool(all_of_them), has_failed_here=bool(own))


def note(username: str, address: str) -> None:
    """Count a wrong password."""
    seconds = int(timezone.now().timestamp()) // _BUCKET_S * _BUCKET_S
    at = datetime.fromtimestamp(seconds, tz=timezone.get_default_timezone())
    key: dict[str, Any] = {"account": _account(username), "network": network_of(address), "at": at}
    user = User.objects.filter(username=username).first()
    WrongPassword.objects.bulk_create([WrongPassword(**key, user=user)], ignore_conflicts=True)
    WrongPassword.objects.filter(**key).update(count=F("count") + 1)


def forgive(username: str, address: str) -> None:
    """Forget the wrong passwords of a person who mistyped, and then sent the right one."""
    WrongPassword.objects.filter(account=_account(username), network=network_of(address)).delete()


def guessed_at(now: datetime) -> dict[UUID, tuple[int, datetime]]:
    """The people for whom many wrong passwords came within a day: how many, and since when."""
    rows = WrongPassword.objects.filter(at__gt=now - STORED, user__isnull=False).values("user")
    many = rows.annotate(total=Sum("count"), since=Min("at")).filter(total__gte=MANY).order_by("user")
    return {row["user"]: (row["total"], row["since"]) for row in many}


def forget_old(now: datetime | None = None) -> int:
    """Delete counts of more than a day ago; returns how many."""
    deleted, _ = WrongPassword.objects.filter(at__lte=(now or timezone.now()) - STORED).delete()
    return deleted


def network_of(address: str) -> str:
    """The network an address is counted with: itself, or the /64 that a holder of an IPv6 address has (RFC 6177)."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network(f"{ip}/64", strict=False))


def _account(username: str) -> str:
    return hashlib.sha256(username.encode()).hexdigest()


def _wait_s(rows: Sequence[tuple[str, datetime, int]], limit: int, window_s: int, now: datetime) -> int:
    """Seconds until fewer than ``limit`` of ``rows``, the oldest first, are within the window."""
    window = timedelta(seconds=window_s)
    left = [(at + window, count) for _account, at, count in rows if at + window > now]
    total, until = sum(count for _over_at, count in left), now
    for over_at, count in left:
        if total < limit:
            break
        total, until = total - count, over_at
    return math.ceil((until - now).total_seconds())
