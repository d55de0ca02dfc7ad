"""The PhoneCalls and the call history."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from calls import dialer
from calls.body import as_text, read_form
from calls.dialects.base import DialectView, Refusal, json_response, read_body
from calls.dialects.voipnow import cdr, listing
from calls.dialects.voipnow.acting import act, hang_up, read_action
from calls.dialects.voipnow.authentication import calls_within_reach, require_writer, sign_in, whose
from calls.dialects.voipnow.errors import DIALECT, invalid, not_offered, refused_dial
from calls.dialects.voipnow.parameters import read_fields, read_listing
from calls.dialects.voipnow.reading import Asked, read_order
from calls.dialects.voipnow.vocabulary import CALL_FIELDS, SELF
from calls.dialects.voipnow.writing import CREATED, collection, selected, writer
from calls.errors import CallNotFound, DialRefused
from calls.models import Call
from calls.models.call import CallQuerySet
from tenants.authentication import Principal
from tenants.budget import spend
from tenants.models import Tenant
from tenants.oauth import Holder


class VoipNowView(DialectView):
    """Any address behind a token."""

    dialect = DIALECT
    holder: Holder
    query: dict[str, str]

    def authenticate(self, request: HttpRequest) -> Principal | None:
        self.query = read_form(as_text(request.META.get("QUERY_STRING", "").encode("latin-1")))
        self.holder = sign_in(request, self.query)
        tenant = self.holder.tenant
        spent = spend(f"voipnow:{tenant.pk}", tenant.calls_per_minute, 60)
        if not spent.is_allowed:
            headers = {"Retry-After": str(spent.reset_s)}
            raise Refusal(429, "too_many_requests", "Too many requests. Wait before the next one.", headers=headers)
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            require_writer(self.holder.principal)
        return self.holder.principal

    def tenant_of(self, principal: Principal | None) -> Tenant:
        return self.holder.tenant

    def unauthorized(self) -> Refusal:
        headers = {"WWW-Authenticate": "Bearer"}
        return Refusal(401, "access_denied", "The access token is missing, not valid or has expired.", headers=headers)

    def _refusal(self, error: Exception) -> Refusal:
        return refused_dial(error) if isinstance(error, DialRefused) else super()._refusal(error)

    def documents(self, calls: list[Call], names: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
        """These calls as PhoneCalls."""
        pen = writer(self.request, calls)
        return [selected(pen.phone_call(call), names) for call in calls]


class NewCall(VoipNowView):
    """``POST …/simple`` and ``…/callback``: have a call made. ``…/conferenceInvite``: no exchange here has conferences."""

    def post(self, request: HttpRequest, user_id: str, kind: str) -> HttpResponse:
        if kind == "conferenceInvite":
            raise not_offered("Conferences are not offered here.")
        body, is_callback = read_body(request), kind == "callback"
        read = read_order(Asked(holder=self.holder, user_id=user_id, body=body, query=self.query, is_callback=is_callback))
        require_writer(read.principal)
        names = read_fields(self.query, CALL_FIELDS) or CREATED
        row = dialer.place(read.principal.tenant, read.order, actor=read.principal.user)
        call = _still_there(Call.objects.within_reach_of(read.principal).filter(pk=row.call_id))
        return json_response(self.documents([call], names), status=202)


class PhoneCalls(VoipNowView):
    """``…/phoneCalls/<user>/<extension>``: the calls that are in the system."""

    def get(self, request: HttpRequest, user_id: str, extension: str) -> HttpResponse:
        wanted = read_listing(self.query, filters=listing.FILTERS, fields=CALL_FIELDS)
        calls = listing.listed(listing.phone_calls(self.holder, user_id, extension), wanted)
        page = list(calls[wanted.start : wanted.start + wanted.count])
        return json_response(collection(request, self.documents(page, wanted.fields), calls.count(), wanted))

    def put(self, request: HttpRequest, user_id: str, extension: str) -> HttpResponse:
        raise not_offered("Name the call; all calls of an extension cannot be changed at once.")

    def delete(self, request: HttpRequest, user_id: str, extension: str) -> HttpResponseBase:
        if extension == SELF and whose(self.holder, user_id) is None:
            raise invalid("user_invalid", "Name the user: the calls of a whole organization are not ended at once.")
        calls = listing.phone_calls(self.holder, user_id, extension)
        return self.hung_up(hang_up(calls, self.query.get("phoneNumber", "").strip()))

    def hung_up(self, calls: list[Call]) -> HttpResponseBase:
        """The calls that were ended; 204 where there were none."""
        names = frozenset({"id", "extension"})
        return json_response(self.documents(calls, names)) if calls else HttpResponse(status=204)


class OnePhoneCall(PhoneCalls):
    """``…/phoneCalls/<user>/<extension>/<id>``: one call. Even it is answered as a collection."""

    def get(self, request: HttpRequest, user_id: str, extension: str, call_id: str) -> HttpResponse:  # type: ignore[override]
        wanted = read_listing(self.query, filters=listing.FILTERS, fields=CALL_FIELDS)
        call = listing.phone_call(self.holder, extension, call_id)
        calls = [call] if call else []
        return json_response(collection(request, self.documents(calls, wanted.fields), len(calls), wanted))

    def put(self, request: HttpRequest, user_id: str, extension: str, call_id: str) -> HttpResponse:  # type: ignore[override]
        body = read_body(request)
        action = read_action(body)
        call = listing.phone_call(self.holder, extension, call_id)
        if call is None:
            raise invalid("pc_phonecall_invalid", "There is no such call in the system.")
        act(call, action, body)
        changed = _still_there(calls_within_reach(self.holder).filter(pk=call.pk))
        return json_response(self.documents([changed])[0])

    def delete(self, request: HttpRequest, user_id: str, extension: str, call_id: str) -> HttpResponseBase:  # type: ignore[override]
        call = listing.phone_call(self.holder, extension, call_id)
        return self.hung_up(hang_up([call] if call else [], self.query.get("phoneNumber", "").strip()))


class History(VoipNowView):
    """``/uapi/cdr/`` and ``/uapi/cdr/<owner>``: the calls that have ended."""

    def get(self, request: HttpRequest, owner_id: str = "") -> HttpResponse:
        wanted = read_listing(self.query, filters=cdr.FILTERS, fields=cdr.FIELDS)
        search = cdr.read_search(self.query, self.holder.tenant.zone)
        calls = cdr.filtered(cdr.find(self.holder, owner_id, search), wanted.filter, self.holder)
        order = ("-started_at", "-pk") if wanted.is_descending else ("started_at", "pk")
        page = list(cdr.with_everything_shown(calls).order_by(*order)[wanted.start : wanted.start + wanted.count])
        pen = writer(request, page)
        total, statistics = cdr.statistics(calls)
        entries = [selected(cdr.record(call, pen), wanted.fields) for call in page]
        return json_response({**collection(request, entries, total, wanted), "phoneCallStat": statistics})


def _still_there(calls: CallQuerySet) -> Call:
    """The one call, as it is shown. Raises ``CallNotFound`` where it was erased meanwhile."""
    call: Call | None = listing.with_everything_shown(calls).first()
    if call is None:
        raise CallNotFound("There is no such call.")
    return call
