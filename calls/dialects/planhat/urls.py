"""Planhat's addresses. What lies below them and leads nowhere is refused here too, in the vendor's words."""

from __future__ import annotations

from calls.dialects.base import route
from calls.dialects.planhat.conversations import Conversations, OneConversation
from calls.dialects.planhat.doors import Nowhere
from calls.dialects.planhat.people import COMPANIES, END_USERS, USERS
from calls.dialects.planhat.people_views import CompanysEndUsers, LeanCompanies, MyProfile, OnePerson, People
from calls.dialects.planhat.views import Calls, OneCall, OpenCalls
from tenants.models.tenant import RESERVED_SLUGS

_OWN = "calls|conversations|endusers|companies|users|leancompanies|myprofile"
_SLUG = rf"(?!(?i:{'|'.join(sorted(RESERVED_SLUGS))})/)(?P<slug>[^/]+)"

urlpatterns = [
    route(r"calls", Calls.as_view(), "planhat-calls"),
    route(r"calls/(?P<call_id>[^/]+)", OneCall.as_view(), "planhat-call"),
    route(r"conversations", Conversations.as_view(), "planhat-conversations"),
    route(r"conversations/(?P<call_id>[^/]+)", OneConversation.as_view(), "planhat-conversation"),
    route(r"endusers", People.as_view(kind=END_USERS), "planhat-endusers"),
    route(r"endusers/(?P<record_id>[^/]+)", OnePerson.as_view(kind=END_USERS), "planhat-enduser"),
    route(r"companies", People.as_view(kind=COMPANIES), "planhat-companies"),
    route(r"companies/(?P<record_id>[^/]+)/endusers", CompanysEndUsers.as_view(), "planhat-company-endusers"),
    route(r"companies/(?P<record_id>[^/]+)", OnePerson.as_view(kind=COMPANIES), "planhat-company"),
    route(r"users", People.as_view(kind=USERS), "planhat-users"),
    route(r"users/(?P<record_id>[^/]+)", OnePerson.as_view(kind=USERS), "planhat-user"),
    route(r"leancompanies", LeanCompanies.as_view(), "planhat-leancompanies"),
    route(r"myprofile", MyProfile.as_view(), "planhat-myprofile"),
    route(rf"(?:{_OWN})/.+", Nowhere.as_view(), "planhat-nowhere"),
]
open_urlpatterns = [
    route(rf"{_SLUG}/calls", OpenCalls.as_view(), "planhat-open"),
    route(rf"{_SLUG}/calls/.+", Nowhere.as_view(), "planhat-open-nowhere"),
]
