"""Who is at the door: every scheme ends in one ``Principal``.

Tokens have 256 random bits and cost one indexed look-up. Passwords cost a fifth of a second of CPU
each. So wrong ones are counted (``tenants.guessing``), never more than one hash runs per core, few
requests wait for their turn while the rest are sent away, requests with the same password at the
same time share one hash, and a success is remembered under a key that changes with the password.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from tenants import guessing
from tenants.choices import Role, Scope
from tenants.guessing import Standing
from tenants.lookup import as_key, ask_one, known
from tenants.models import ApiToken, Tenant, User
from tenants.models.token import TOKEN_MARK, digest_of

REMEMBERED_S = 60
HASHES_AT_ONCE = max(1, (os.cpu_count() or 1) // 2)  # half the cores, so that the other doors stay open
WAITING_AT_ONCE = 3  # of the eight threads of a web process
LONGEST_WAIT_S = 2
LONGEST_SHARED_S = 30  # for another thread's hash of the same password, which a busy machine may take long for
_hashing = threading.BoundedSemaphore(HASHES_AT_ONCE)
_queueing = threading.BoundedSemaphore(HASHES_AT_ONCE + WAITING_AT_ONCE)
PLACES_OF_GUESSERS = 2  # of a network that has sent wrong passwords: the other places are for others
_places: Counter[str] = Counter()  # taken by such networks
_shared: dict[str, Future[bool]] = {}  # verifications under way, by what they verify
_lock = threading.Lock()  # of the two above


class CredentialsRefused(Exception):
    """Missing, unknown, expired or revoked credentials; never says which part was wrong."""


class TooManyAttempts(Exception):
    """The budget for wrong passwords is spent, or all cores are hashing. ``retry_after_s`` is in seconds."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("Too many attempts. Wait before you try again.")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, kw_only=True)
class Principal:
    """A signed-in party in one tenant: the person it acts as, their role and reach, and its token's scope."""

    tenant: Tenant
    user: User
    role: str
    center_id: UUID | None = None  # sees this center's calls only
    scope: str = Scope.MANAGE  # a person's own session has no narrower scope than their role
    token_id: UUID | None = None

    @property
    def may_write(self) -> bool:
        """Whether it may log and edit."""
        return self.role != Role.VIEWER and self.scope != Scope.READ

    def is_at_least(self, role: Role) -> bool:
        """Whether it may write, and its role is this one or a higher one."""
        return self.may_write and Role(self.role).includes(role)

    @property
    def may_manage(self) -> bool:
        """Whether it may manage tokens and settings."""
        return self.role == Role.OWNER and self.scope == Scope.MANAGE


# ``ApiTokenQuerySet.usable`` with its holder's place, in SQL: it is asked for nearly every request, and compiling it from a
# queryset costs ten times what the database needs to answer. The columns are those the doors look at (``_holder``).
_HOLDER = """
SELECT k.id, k.scope, k.last_used_at IS NULL OR k.last_used_at < %s, m.role, m.center_id,
    t.id, t.slug, t.name, t.country, t.area_code, t.time_zone,
    u.id, u.username, u.first_name, u.last_name, u.email, u.is_superuser
FROM tenants_apitoken k
JOIN tenants_tenant t ON t.id = k.tenant_id AND t.is_active
JOIN tenants_user u ON u.id = k.user_id AND u.is_active
LEFT JOIN tenants_membership m ON m.tenant_id = k.tenant_id AND m.user_id = k.user_id
WHERE k.digest = %s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %s)"""
_USE_NOTED = timedelta(minutes=1)  # "last used" is kept to the minute, without a write per request


def by_token(secret: str) -> Principal:
    """The holder of an API token; raises ``CredentialsRefused``."""
    now = timezone.now()
    row = ask_one(_HOLDER, [now - _USE_NOTED, digest_of(secret), now])
    principal = _holder(*row) if row else None
    if row is None or principal is None:
        raise CredentialsRefused
    if row[2]:
        ApiToken.objects.filter(digest=digest_of(secret)).update(last_used_at=now)
    return principal


def _holder(token_id: Any, scope: str, _: bool, role: str | None, center_id: Any, *place: Any) -> Principal | None:
    """Whom a row of ``_HOLDER`` describes; None for somebody who has no place in the tenant any more."""
    tenant_id, slug, tenant_name, country, area_code, time_zone, user_id, username, first_name, last_name, email, is_operator = (
        place
    )
    if not role and not is_operator:
        return None
    return Principal(
        tenant=known(
            Tenant,
            id=as_key(tenant_id),
            slug=slug,
            name=tenant_name,
            country=country,
            area_code=area_code,
            time_zone=time_zone,
            is_active=True,
        ),
        user=known(
            User,
            id=as_key(user_id),
            username=username,
            first_name=first_name,
            last_name=last_name,
            email=email,
            is_superuser=bool(is_operator),
            is_active=True,
        ),
        role=role or Role.OWNER,
        center_id=as_key(center_id),
        scope=scope,
        token_id=as_key(token_id),
    )


def by_password(username: str, password: str, *, tenant: Tenant | None = None, address: str = "") -> Principal:
    """A person by user name and password, or by user name and one of their tokens in the password's place.

    Without ``tenant`` it is the one they have been a member of longest. Raises ``CredentialsRefused``, ``TooManyAttempts``.
    """
    user = _find_user(username)
    if password.startswith(TOKEN_MARK):
        return _own_token(user, password, tenant)
    principal = _place_of(user, tenant)
    check_password(user if principal else None, username, password, address=address)
    if principal is None:
        raise CredentialsRefused
    return principal


def of_user(user: User, tenant: Tenant | None = None) -> Principal:
    """A signed-in person in ``tenant``, or in the tenant they have been a member of longest."""
    principal = _place_of(user, tenant)
    if principal is None:
        raise CredentialsRefused
    return principal


def check_password(user: User | None, username: str, password: str, *, address: str) -> None:
    """Raise unless ``password`` is this active user's; None stands for nobody, costs the same hash and is always refused."""
    if not _is_text(username) or not _is_text(password):
        raise CredentialsRefused
    remembered = _remembered_as(user, password)
    if remembered and cache.get(remembered):
        return
    standing = guessing.standing_of(username, address)
    if standing.wait_s:
        raise TooManyAttempts(standing.wait_s)
    key = remembered or _key_of(username, password)
    if not _verified(key, lambda: _verify(user, username, password, address, standing)):
        raise CredentialsRefused


def client_address(request: HttpRequest) -> str:
    """The address budgets are kept by: the peer's, or what our own proxy saw where there is one."""
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rsplit(",", 1)[-1].strip()
        return forwarded or str(request.META.get("REMOTE_ADDR", ""))
    return str(request.META.get("REMOTE_ADDR", ""))


class PasswordBackend(ModelBackend):
    """Django's log-in (the admin's too) behind the same budget as every other password door."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        username = username or kwargs.get(User.USERNAME_FIELD)
        if username is None or password is None:
            return None
        user = _find_user(username)
        try:
            check_password(user, username, password, address=client_address(request) if request else "")
        except (CredentialsRefused, TooManyAttempts):
            return None
        return user


def _is_text(text: str) -> bool:
    """Whether a database can hold it: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _find_user(username: str) -> User | None:
    return User.objects.filter(username=username).first() if _is_text(username) else None


def _place_of(user: User | None, tenant: Tenant | None) -> Principal | None:
    """The person in ``tenant``, or in their oldest one; None where they have no place."""
    if user is None:
        return None
    memberships = user.memberships.filter(tenant__is_active=True).select_related("tenant").order_by("created_at")
    membership = (memberships.filter(tenant=tenant) if tenant else memberships).first()
    if membership is not None:
        return Principal(tenant=membership.tenant, user=user, role=membership.role, center_id=membership.center_id)
    if user.is_superuser and tenant is not None and tenant.is_active:
        return Principal(tenant=tenant, user=user, role=Role.OWNER)
    return None


def _own_token(user: User | None, secret: str, tenant: Tenant | None) -> Principal:
    principal = by_token(secret)
    if user is None or principal.user != user or (tenant is not None and principal.tenant != tenant):
        raise CredentialsRefused
    return principal


def _verified(key: str, verify: Callable[[], bool]) -> bool:
    """What ``verify`` returns or raises. Threads that ask the same at the same time wait for the one that asked first."""
    with _lock:
        running = _shared.get(key)
        own: Future[bool] = _shared.setdefault(key, Future())
    if running is not None:
        try:
            return running.result(timeout=LONGEST_SHARED_S)
        except TimeoutError as error:
            raise TooManyAttempts(LONGEST_WAIT_S) from error
    try:
        own.set_result(verify())
    except BaseException as error:
        own.set_exception(error)
        raise
    finally:
        with _lock:
            del _shared[key]
    return own.result()


def _verify(user: User | None, username: str, password: str, address: str, standing: Standing) -> bool:
    """Whether the password is right; a wrong one is counted."""
    remembered = _remembered_as(user, password)
    with _place(guessing.network_of(address) if standing.has_failed else ""):
        is_right = _hash_in_turn(user, password, remembered)
    if not is_right:
        guessing.note(username, address)
        return False
    cache.set(remembered, True, timeout=REMEMBERED_S)
    if standing.has_failed_here:
        guessing.forgive(username, address)
    return True


@contextlib.contextmanager
def _place(network: str) -> Iterator[None]:
    """Hold one of the few places of a network with wrong passwords; ``""`` for others, who need none."""
    with _lock:
        if network and _places[network] >= PLACES_OF_GUESSERS:
            raise TooManyAttempts(LONGEST_WAIT_S)
        _places[network] += 1
    try:
        yield
    finally:
        with _lock:
            _places[network] -= 1
            if not _places[network]:
                del _places[network]


def _hash_in_turn(user: User | None, password: str, remembered: str) -> bool:
    """Whether the password is right, found out when a core is free; raises ``TooManyAttempts`` where too many wait."""
    if not _queueing.acquire(blocking=False):
        raise TooManyAttempts(LONGEST_WAIT_S)
    try:
        if not _hashing.acquire(timeout=LONGEST_WAIT_S):
            raise TooManyAttempts(LONGEST_WAIT_S)
        try:
            if remembered and cache.get(remembered):  # a twin was quicker
                return True
            if user is None:
                make_password(password)
                return False
            return user.check_password(password) and user.is_active
        finally:
            _hashing.release()
    finally:
        _queueing.release()


def _remembered_as(user: User | None, password: str) -> str:
    """Where a success is remembered; the stored hash is part of it, so a new password forgets the old one."""
    if user is None or not user.is_active:
        return ""
    return "password:" + _key_of(str(user.pk), f"{user.password}\0{password}")


def _key_of(who: str, secret: str) -> str:
    """A key that names a secret and does not tell it."""
    text = f"{who}\0{secret}".encode("utf-8", "surrogatepass")
    return hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()
