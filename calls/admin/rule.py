"""Rules of tags: owners say which calls get a tag by themselves, see what a rule would have tagged, have past calls tagged."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from calls import batches
from calls.admin import cells
from calls.admin.call_filters import DAYS_30, period_of
from calls.admin.call_forms import LengthField
from calls.models import TagRule
from calls.models.call import CallQuerySet
from calls.models.rule import tidy_prefix
from tenants.choices import Role
from tenants.reach import reach_of
from tenants.scoped_admin import RelatedFilter, TenantForm, WholeTenantAdmin


class KeptLengthField(LengthField):
    """A length that is kept in milliseconds and shown as people say it."""

    def prepare_value(self, value: Any) -> Any:
        return cells.length(value) if isinstance(value, int) else value


class TagRuleForm(TenantForm):
    """A rule, its number in any spelling and its lengths in minutes and seconds."""

    number_prefix = forms.CharField(
        required=False,
        max_length=40,
        label=_("Number begins with"),
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel", "autocomplete": "off"}),
        help_text=_("The other party's number with its country's code, such as +46 70 for Swedish mobiles."),
    )
    least_ms = KeptLengthField(
        required=False, label=_("Lasted at least"), help_text=_("From ringing to the end: 95 seconds or 1:35.")
    )
    most_ms = KeptLengthField(required=False, label=_("Lasted at most"), help_text=_("In the same way."))

    def clean_number_prefix(self) -> str:
        """As numbers are kept: ``+`` and digits."""
        return tidy_prefix(self.cleaned_data["number_prefix"])


@admin.register(TagRule)
class TagRuleAdmin(WholeTenantAdmin):
    """What tags calls by itself. Past calls are tagged where an owner asks for it, after seeing how many."""

    form = TagRuleForm
    view_role = Role.MANAGER
    add_role = change_role = delete_role = Role.OWNER
    first_step = _("A rule puts a tag on calls by itself, such as “long” on all that lasted ten minutes. First make the tag.")
    list_display = ["shown_tag", "conditions", "is_active"]
    list_display_links = ["conditions"]
    list_filter = [("tag", RelatedFilter), "is_active"]
    list_select_related = ["tag", "line"]
    autocomplete_fields = ["tag", "line"]
    change_form_outer_after_template = "admin/calls/tagrule/past.html"
    fieldsets = [
        (None, {"fields": ["tag", "is_active"]}),
        (
            _("Calls that fit all of this"),
            {"fields": [("direction", "disposition"), ("line", "number_prefix"), ("least_ms", "most_ms")]},
        ),
    ]

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.tag_past_calls)
        return [path("<uuid:pk>/past/", view, name="calls_tagrule_past"), *super().get_urls()]

    @display(description=_("tag"), ordering="tag__name")
    def shown_tag(self, rule: TagRule) -> str:
        """The tag as it is on calls."""
        return cells.tags([rule.tag])

    @display(description=_("calls that fit"))
    def conditions(self, rule: TagRule) -> str:
        """The conditions in words."""
        told = [
            rule.get_direction_display() if rule.direction else "",
            rule.get_disposition_display() if rule.disposition else "",
            gettext("over %(line)s") % {"line": rule.line} if rule.line else "",
            gettext("number begins with %(number)s") % {"number": rule.number_prefix} if rule.number_prefix else "",
            gettext("lasted at least %(length)s") % {"length": cells.length(rule.least_ms)} if rule.least_ms is not None else "",
            gettext("lasted at most %(length)s") % {"length": cells.length(rule.most_ms)} if rule.most_ms is not None else "",
        ]
        return ", ".join(str(part) for part in told if part)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        rule = context.get("original")
        if rule is not None:
            fitting = _lately(rule)
            context["past"] = {
                "fitting": fitting.count(),
                "untagged": batches.untagged(fitting, rule).count(),
                "may_tag": self.has_change_permission(request, rule),
                "address": reverse("admin:calls_tagrule_past", args=[rule.pk]),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def response_add(self, request: HttpRequest, obj: TagRule, post_url_continue: str | None = None) -> HttpResponse:
        """Show what it would have tagged."""
        if "_addanother" in request.POST or "_popup" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        return self._show(request, obj, gettext("The rule tags calls from now on. Below you see what it would have tagged."))

    def response_change(self, request: HttpRequest, obj: TagRule) -> HttpResponse:
        if "_addanother" in request.POST or "_popup" in request.POST:
            return super().response_change(request, obj)
        return self._show(request, obj, gettext("The rule is saved. Below you see what it would have tagged."))

    def _show(self, request: HttpRequest, rule: TagRule, said: str) -> HttpResponse:
        messages.success(request, said)
        return HttpResponseRedirect(reverse("admin:calls_tagrule_change", args=[rule.pk]))

    def tag_past_calls(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Put the tag on calls of the last 30 days, or of all time, that fit and are without it: a batch, which can be undone."""
        rule = self.get_queryset(request).select_related("tag", "tenant").filter(pk=pk).first()
        if rule is None or not self.has_change_permission(request, rule):
            raise Http404
        page = HttpResponseRedirect(reverse("admin:calls_tagrule_change", args=[rule.pk]))
        if request.method != "POST":
            return page
        calls = batches.fitting(rule) if request.POST.get("span") == "all" else _lately(rule)
        back = f"tags__id__exact={rule.tag_id}&period=all"
        try:
            batch = batches.tag_past(rule, calls, user=reach_of(request).user, back=back)
        except batches.BatchRefused:
            messages.info(request, gettext("All past calls that fit have the tag already."))
            return page
        return HttpResponseRedirect(reverse("admin:calls_call_batch", args=[batch.pk]))


def _lately(rule: TagRule) -> CallQuerySet:
    """The calls of the last thirty days that a rule fits."""
    period = period_of(DAYS_30)
    return batches.fitting(rule, period.start, period.end)
