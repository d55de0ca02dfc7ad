"""How our API learns who is at the door: an API token, or the session of a person who signed in to the admin.

Both end in ``request.user`` and a ``Principal`` in ``request.auth``.
"""

from __future__ import annotations

from django.http import HttpRequest
from rest_framework import authentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from calls.api.problems import Problem, unauthorized
from calls.dialects.base import basic_credentials, bearer_token
from tenants.authentication import CredentialsRefused, Principal, by_token, of_user
from tenants.choices import Role
from tenants.models import Tenant, User

_READING = ("GET", "HEAD", "OPTIONS")


class TokenAuthentication(authentication.BaseAuthentication):
    """``Authorization: Bearer <token>``, or ``Basic`` with the token as password (or as user name with no password)."""

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        secret = bearer_token(request._request)
        if secret is None:
            pair = basic_credentials(request._request)
            if pair is None:
                if request.headers.get("Authorization"):
                    raise CredentialsRefused
                return None
            secret = pair[1] or pair[0]
        principal = by_token(secret)
        wanted = wanted_tenant(request._request)
        if wanted and wanted != principal.tenant.slug:
            raise Problem(403, "forbidden", "This token belongs to another tenant.")
        return principal.user, principal

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="callhub"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The admin's session, with its CSRF token on everything that writes.

    The tenant is the one that ``?tenant=`` or ``Callhub-Tenant`` names by its slug, else the person's first.
    """

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        user = getattr(request._request, "user", None)
        if not isinstance(user, User) or not user.is_active:
            return None
        self.enforce_csrf(request)
        slug = wanted_tenant(request._request)
        tenant = Tenant.objects.filter(slug=slug).first() if slug else None
        try:
            if slug and tenant is None:
                raise CredentialsRefused
            return user, of_user(user, tenant)
        except CredentialsRefused as error:
            detail = "You are not a member of this tenant." if slug else "You are not a member of any tenant: name one."
            raise Problem(403, "forbidden", detail) from error


def wanted_tenant(request: HttpRequest) -> str:
    """The slug of the tenant that a request names, if it names one."""
    slug = request.GET.get("tenant", "") or request.headers.get("Callhub-Tenant", "")
    return "" if "\0" in slug else slug


def _signed_in(request: Request) -> Principal:
    if not isinstance(request.auth, Principal):
        raise unauthorized()
    return request.auth


class MayUse(BasePermission):
    """Signed in; and with a role and scope that may do what the method does.

    A view says by ``change_roles`` and ``erase_roles`` whose roles may change and erase; reading is
    open to every member, and so is every method of a view that ``only_reads``.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        principal = _signed_in(request)
        if request.method in _READING or getattr(view, "only_reads", False):
            return True
        roles = getattr(view, "erase_roles" if request.method == "DELETE" else "change_roles", ())
        if not principal.may_write or principal.role not in roles:
            raise Problem(403, "forbidden", "Your role or the token's scope does not allow this.")
        return True


class MayManageTokens(BasePermission):
    """Owners only, and with a token only one of the scope “manage”: a token must not be able to widen itself."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        principal = _signed_in(request)
        if not principal.may_manage:
            raise Problem(403, "forbidden", "Only owners manage tokens, with a token of the scope “manage”.")
        return True


class MayManageWebhooks(BasePermission):
    """Managers and owners of the whole tenant: an endpoint is told of every center's calls."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        principal = _signed_in(request)
        is_writing = request.method not in _READING
        if principal.role not in MANAGERS or principal.center_id or (is_writing and not principal.may_write):
            raise Problem(403, "forbidden", "Only managers and owners of the whole tenant manage webhooks.")
        return True


class MayManageRules(BasePermission):
    """Managers of the whole tenant read, owners of it change: a rule tags every center's calls."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        principal = _signed_in(request)
        is_writing = request.method not in _READING
        roles = (Role.OWNER,) if is_writing else MANAGERS
        if principal.role not in roles or principal.center_id or (is_writing and not principal.may_write):
            raise Problem(403, "forbidden", "Managers of the whole tenant read the rules of tags, and owners change them.")
        return True


WRITERS = (Role.OWNER, Role.MANAGER, Role.AGENT)
MANAGERS = (Role.OWNER, Role.MANAGER)
