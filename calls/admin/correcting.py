"""Correcting a call that was logged by hand, and ending one that was logged while it went on: by its author or a manager."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls import ledger
from calls.admin.call_forms import CorrectionForm
from calls.choices import EventKind, Source
from calls.errors import CallError, InvalidCall
from calls.models import Call, CallEvent
from tenants.choices import Role
from tenants.reach import reach_of


def may_correct(request: HttpRequest, call: Call) -> bool:
    """Whether this person may say again what the call was: no phone system did, and they logged it, or are a manager."""
    reach = reach_of(request)
    if call.source != Source.ADMIN or not reach.may(Role.AGENT, call.tenant_id):
        return False
    logged = CallEvent.objects.filter(call_id=call.pk, kind=EventKind.RECORDED, actor=reach.user)
    return reach.may(Role.MANAGER, call.tenant_id) or logged.exists()


def page(request: HttpRequest, call: Call, pages: Any) -> HttpResponse:
    """The form, and what comes of it: an amendment with its author in the timeline, or the faults at their fields."""
    if not may_correct(request, call):
        raise PermissionDenied
    form_class = pages.get_form(request, call, change=True, form=CorrectionForm, fields=CorrectionForm.Meta.fields)
    form = form_class(request.POST if request.method == "POST" else None, instance=call)
    if form.is_valid() and _is_amended(request, call, form):
        messages.success(request, gettext("The call is corrected. The timeline shows what it said before."))
        return HttpResponseRedirect(call.get_absolute_url())
    context = {**pages.admin_site.each_context(request), "title": _("Correct this call"), "form": form}
    return TemplateResponse(request, "admin/calls/call/correct.html", {**context, "back": call.get_absolute_url()})


def _is_amended(request: HttpRequest, call: Call, form: Any) -> bool:
    version = form.cleaned_data["read_version"]
    try:
        ledger.amend(call, form.changes, actor=reach_of(request).user, expected_version=version, source=Source.ADMIN)
    except InvalidCall as refused:
        form.show_faults(refused)
    except CallError as error:
        form.add_error(None, error.message)
    return not form.errors
