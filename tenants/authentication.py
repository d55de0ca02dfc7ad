"""Who is at the door: every scheme ends in one ``Principal``.

Tokens have 256 random bits and cost one indexed look-up. Passwords cost a fifth of a second of CPU each, so a budget is
spent before the hash, one hash runs per core at a time, and a success is remembered under a key that changes with the password.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.utils import timezone

from tenants.budget import give_back, spend
from tenants.choices import Role, Scope
from tenants.models import ApiToken, Membership, Tenant, User
from tenants.models.token import digest_of

if TYPE_CHECKING:
    from typing import Any

HASHES_PER_ACCOUNT = (10, 15 * 60)  # wrong passwords, seconds
HASHES_PER_ADDRESS = (100, 60 * 60)
REMEMBERED_S = 60
_hashing = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) // 2))


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

    @property
    def may_manage(self) -> bool:
        """Whether it may manage tokens and settings."""
        return self.role == Role.OWNER and self.scope == Scope.MANAGE


def by_token(secret: str) -> Principal:
    """The holder of an API token; raises ``CredentialsRefused``."""
    membership = Membership.objects.filter(tenant=OuterRef("tenant"), user=OuterRef("user"))
    token = (
        ApiToken.objects.usable()
        .filter(digest=digest_of(secret))
        .select_related("tenant", "user")
        .annotate(role=Subquery(membership.values("role")[:1]), center=Subquery(membership.values("center")[:1]))
        .first()
    )
    if token is None or not (token.role or token.user.is_superuser):
        raise CredentialsRefused
    _note_use(token)
    return Principal(
        tenant=token.tenant,
        user=token.user,
        role=token.role or Role.OWNER,
        center_id=token.center,
        scope=token.scope,
        token_id=token.pk,
    )


def by_password(username: str, password: str, *, tenant: Tenant | None = None, address: str = "") -> Principal:
    """A person by user name and password, or by user name and one of their tokens in the password's place.

    Without ``tenant`` it is the one they have been a member of longest. Raises ``CredentialsRefused``, ``TooManyAttempts``.
    """
    user = User.objects.filter(username=username).first() if "\0" not in username else None
    if password.startswith("chub_"):
        return _own_token(user, password, tenant)
    check_password(user, username, password, address=address)
    if user is None:
        raise CredentialsRefused
    return of_user(user, tenant)


def of_user(user: User, tenant: Tenant | None = None) -> Principal:
    """A signed-in person in ``tenant``, or in the tenant they have been a member of longest."""
    memberships = user.memberships.filter(tenant__is_active=True).select_related("tenant").order_by("created_at")
    membership = (memberships.filter(tenant=tenant) if tenant else memberships).first()
    if membership is not None:
        return Principal(tenant=membership.tenant, user=user, role=membership.role, center_id=membership.center_id)
    if user.is_superuser and tenant is not None and tenant.is_active:
        return Principal(tenant=tenant, user=user, role=Role.OWNER)
    raise CredentialsRefused


def check_password(user: User | None, username: str, password: str, *, address: str) -> None:
    """Raise unless ``password`` is this active user's. Unknown users cost the same hash as known ones."""
    remembered = _remembered_as(user, password)
    if remembered and cache.get(remembered):
        return
    account = "hash:" + hashlib.sha256(username.encode("utf-8", "surrogatepass")).hexdigest()
    budgets = [(account, *HASHES_PER_ACCOUNT), (f"hash-from:{address}", *HASHES_PER_ADDRESS)]
    for name, limit, window_s in budgets:
        spent = spend(name, limit, window_s)
        if not spent.is_allowed:
            raise TooManyAttempts(spent.reset_s)
    if not _hashing.acquire(timeout=2):
        raise TooManyAttempts(2)
    try:
        if user is None:
            make_password(password)
            is_right = False
        else:
            is_right = user.check_password(password) and user.is_active
    finally:
        _hashing.release()
    if not is_right:
        raise CredentialsRefused
    for name, _limit, window_s in budgets:
        give_back(name, window_s)
    if remembered:
        cache.set(remembered, True, timeout=REMEMBERED_S)


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
        user = User.objects.filter(username=username).first() if "\0" not in username else None
        try:
            check_password(user, username, password, address=client_address(request) if request else "")
        except (CredentialsRefused, TooManyAttempts):
            return None
        return user


def _own_token(user: User | None, secret: str, tenant: Tenant | None) -> Principal:
    principal = by_token(secret)
    if user is None or principal.user != user or (tenant is not None and principal.tenant != tenant):
        raise CredentialsRefused
    return principal


def _remembered_as(user: User | None, password: str) -> str:
    """Where a success is remembered; the stored hash is part of it, so a new password forgets the old one."""
    if user is None or not user.is_active:
        return ""
    text = f"{user.pk}\0{user.password}\0{password}".encode("utf-8", "surrogatepass")
    return "password:" + hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()


def _note_use(token: ApiToken) -> None:
    """Keep "last used" to the minute without a write per request."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > timedelta(minutes=1):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
