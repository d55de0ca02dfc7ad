"""What every address of CallN does first: TLS, credentials, a budget."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from calls.body import as_text, read_form
from calls.dialects.base import DialectView, Refusal
from calls.dialects.calln.accounts import calls_within_reach
from calls.dialects.calln.authentication import Signed, refuse_clear, sign_in
from calls.dialects.calln.errors import DIALECT, NO_CALL, not_found
from calls.dialects.calln.reading import in_lower_case
from calls.models import Call
from calls.models.call import CallQuerySet
from tenants.authentication import Principal
from tenants.budget import spend

WINDOW_S = 60
_HIGHEST = 2**63 - 1


class CallNView(DialectView):
    """Any address."""

    dialect = DIALECT
    signed: Signed

    def require_tls(self, request: HttpRequest) -> None:
        refuse_clear(request)

    def authenticate(self, request: HttpRequest) -> Principal:
        self.signed = sign_in(request)
        if self.is_counted(request):
            self._spend(self.signed.principal)
        return self.signed.principal

    def is_counted(self, request: HttpRequest) -> bool:
        """Whether this request is one of the tenant's so many a minute."""
        return True

    def unauthorized(self) -> Refusal:
        headers = {"WWW-Authenticate": 'Basic realm="callhub", charset="UTF-8"'}
        return Refusal(401, "unauthorized", "Unauthorized", headers=headers)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters under lower-case names, held to what a database takes; of a repeated one the last counts."""
        read: dict[str, Any] = read_form(as_text(self.request.META.get("QUERY_STRING", "").encode("latin-1")))
        return in_lower_case(read)

    @property
    def calls(self) -> CallQuerySet:
        """The calls these credentials may see."""
        return calls_within_reach(self.principal)

    def numbered(self, calls: CallQuerySet, number: str) -> Call:
        """The one of ``calls`` with this number; raises 404."""
        is_number = number.isascii() and number.isdigit() and len(number) <= 19 and int(number) <= _HIGHEST
        call: Call | None = calls.filter(number=int(number)).first() if is_number else None
        if call is None:
            raise not_found(NO_CALL)
        return call

    def _spend(self, principal: Principal) -> None:
        spent = spend(f"calln:{principal.tenant.pk}", principal.tenant.calls_per_minute, WINDOW_S)
        if not spent.is_allowed:
            headers = {"Retry-After": str(spent.reset_s)}
            raise Refusal(429, "too_many_requests", "Too many requests. Wait before the next one.", headers=headers)
