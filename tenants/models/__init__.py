"""Tenants, the people who work for them, and what they sign in with."""

from tenants.models.center import Center
from tenants.models.deposit import DepositMonth
from tenants.models.idempotency import IdempotencyKey
from tenants.models.membership import MemberNumbering, Membership, OwnMembership
from tenants.models.oauth import AccessToken, OAuthApp
from tenants.models.tenant import Tenant
from tenants.models.token import ApiToken
from tenants.models.user import User

__all__ = [
    "AccessToken", "ApiToken", "Center", "DepositMonth", "IdempotencyKey", "MemberNumbering", "Membership", "OAuthApp",
    "OwnMembership", "Tenant", "User",
]  # fmt: skip
