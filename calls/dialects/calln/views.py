"""Calls, in both generations; what happened to them; tokens."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from calls import ledger, uploads
from calls.choices import Disposition, Source
from calls.dialects.base import Refusal, json_response
from calls.dialects.calln.accounts import account_for, account_named
from calls.dialects.calln.authentication import LONGEST_MINUTES, issue
from calls.dialects.calln.doors import CallNView
from calls.dialects.calln.errors import QUOTA, bad_field, forbidden
from calls.dialects.calln.reading import draft_of, newer_draft_of, read_document
from calls.dialects.calln.search import find, read_search, with_everything_shown, zone_of
from calls.dialects.calln.vocabulary import ACCEPTED, CALL_CREATE, CALL_READ, RIGHTS
from calls.dialects.calln.writing import audits, call_document, newer_document
from calls.drafts import CallDraft
from calls.models import Call, CallEvent, Upload
from calls.senders import from_sender
from tenants.models import Tenant

USUAL_MINUTES = 10


class CallsView(CallNView):
    """What announcing a call is in both generations."""

    def account_of(self, draft: CallDraft) -> Tenant:
        """Whose call it is. Raises 400, 403 and 405, in that order."""
        ledger.check(self.principal.tenant, draft)
        self.signed.require(CALL_CREATE)
        return account_for(self.principal, draft).tenant

    def announce(self, account: Tenant, draft: CallDraft) -> Upload:
        """The ticket for the call's audio; raises 403 where the account's quota is used up."""
        try:
            return uploads.open_ticket(account, self.principal, Source.CALLN, draft=draft, accepted=ACCEPTED)
        except uploads.QuotaUsedUp as error:
            raise Refusal(403, error.code, f"{QUOTA} {error.limit}") from error


class Calls(CallsView):
    """``/api/call``: announce a call, by POST or PUT; search."""

    def post(self, request: HttpRequest) -> HttpResponse:
        draft = from_sender(draft_of(read_document(request)), self.principal)
        ticket = self.announce(self.account_of(draft), draft)
        return json_response({"tempcallid": ticket.pk.hex})

    put = post

    def get(self, request: HttpRequest) -> HttpResponse:
        search = read_search(self.query, self.principal)
        self.signed.require(CALL_READ)
        zone = zone_of(self.principal)
        return json_response([call_document(call, zone) for call in find(self.principal, self.calls, search)])


class OneCall(CallNView):
    """``/api/call/<id>``: one call."""

    def get(self, request: HttpRequest, call_id: str) -> HttpResponse:
        self.signed.require(CALL_READ)
        call = self.numbered(with_everything_shown(self.calls), call_id)
        return json_response(call_document(call, zone_of(self.principal)))


class NewerCalls(CallsView):
    """``/api/v2/call``: announce a call; search."""

    def post(self, request: HttpRequest) -> HttpResponse:
        draft = from_sender(newer_draft_of(read_document(request)), self.principal)
        account = self.account_of(draft)
        if draft.disposition == Disposition.NO_ANSWER:
            ledger.record(account, draft, actor=self.principal.user)
            return HttpResponse()
        if draft.external_id and self._is_heard(account, draft):
            return HttpResponse()
        ticket = self.announce(account, draft)
        return HttpResponse(status=206, headers={"Temporary-Call-ID": ticket.pk.hex})

    put = post

    def get(self, request: HttpRequest) -> HttpResponse:
        search = read_search(self.query, self.principal)
        self.signed.require(CALL_READ)
        zone = zone_of(self.principal)
        found = find(self.principal, self.calls, search)
        return json_response([newer_document(call, zone, self.audio_address) for call in found])

    def audio_address(self, call: Call) -> str:
        """Where the call's audio is."""
        return self.request.build_absolute_uri(f"/api/v2/callaudio/{call.number}")

    def _is_heard(self, account: Tenant, draft: CallDraft) -> bool:
        """Whether the other party's recorder has sent this very call already."""
        calls = Call.objects.for_tenant(account).filter(source=draft.source, external_id=draft.external_id)
        return bool(calls.filter(has_audio=True).exists())


class OneNewerCall(NewerCalls):
    """``/api/v2/call/<id>``: one call."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: HttpRequest, call_id: str = "") -> HttpResponse:
        self.signed.require(CALL_READ)
        call = self.numbered(with_everything_shown(self.calls), call_id)
        return json_response(newer_document(call, zone_of(self.principal), self.audio_address))


class Audits(CallNView):
    """``/api/callaudits/<id>``: what happened to a call."""

    def get(self, request: HttpRequest, call_id: str) -> HttpResponse:
        self.signed.require(CALL_READ)
        call = self.numbered(self.calls, call_id)
        events = CallEvent.objects.filter(tenant=call.tenant_id, call_id=call.pk).select_related("actor").order_by("id")
        return json_response(audits(events, zone_of(self.principal)))


class UserAuthToken(CallNView):
    """``/api/userauthtoken``: a token that lives for minutes, for the person's account or one of their clients'."""

    def get(self, request: HttpRequest) -> HttpResponse:
        query = self.query
        minutes = query.get("durationminutes", "").strip() or str(USUAL_MINUTES)
        if not (minutes.isascii() and minutes.isdigit() and len(minutes) < 9 and 1 <= int(minutes) <= LONGEST_MINUTES):
            raise bad_field("durationminutes", f"must be between 1 and {LONGEST_MINUTES}.")
        rights = {right.strip().upper() for right in query.get("rights", "").split(",")} - {""}
        if not rights <= RIGHTS:
            raise bad_field("rights", f"must be among {', '.join(sorted(RIGHTS))}.")
        account = account_named(self.principal, query.get("domainname", "").strip())
        if account is None:
            raise bad_field("domainname", "is neither this account nor a client of it.")
        if self.signed.by_token:
            raise forbidden("A token cannot ask for another one")
        token, expires_at = issue(self.principal, account, minutes=int(minutes), rights=rights)
        return json_response({"token": token, "expiry": f"{expires_at:%Y-%m-%dT%H:%M:%SZ}"})
