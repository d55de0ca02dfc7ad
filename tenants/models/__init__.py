"""Tenants, the people who work for them, and what they sign in with."""

from tenants.models.center import Center
from tenants.models.deposit import DepositMonth
from tenants.models.idempotency import IdempotencyKey, IdempotencySubject
from tenants.models.membership import MemberNumbering, Membership, OwnMembership
from tenants.models.oauth import AccessToken, OAuthApp
from tenants.models.tenant import Tenant
from tenants.models.token import ApiToken
from tenants.models.user import User
from tenants.models.wrong_password import WrongPassword

__all__ = [
    "AccessToken", "ApiToken", "Center", "DepositMonth", "IdempotencyKey", "IdempotencySubject", "MemberNumbering",
    "Membership", "OAuthApp", "OwnMembership", "Tenant", "User", "WrongPassword",
]  # fmt: skip
