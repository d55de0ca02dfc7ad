"""The list of calls: bounded paging, search by number in any spelling, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.views.main import ORDER_VAR
from django.db.models import Prefetch
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.admin.call_columns import SORTED_BY, columns_of
from calls.admin.call_filters import PERIODS, SCOPES, PeriodFilter, StartedFilter
from calls.admin.saved_views import MOST_TABS, AlsoFilter, views_of
from calls.admin.view_words import ALSO
from calls.models import Recording
from calls.models.view import USUAL_COLUMNS, Column
from contacts.dialing import DialingList
from tenants.choices import Role
from tenants.reach import reach_of


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One link of the bar above the list."""

    label: Any
    address: str
    is_chosen: bool


class CallList(DialingList):
    """The list with the words and links above it."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> Any:
        calls = super().get_queryset(request, exclude_parameters)
        audio = Prefetch("recordings", Recording.objects.current().playable().for_lists().order_by("created_at"), to_attr="audio")
        unseen = ["document", "facts", "given_contact", "screen_pop", "notes"]
        if Column.NOTES in columns_of(request):
            unseen.remove("notes")
        return calls.defer(*unseen).prefetch_related("tags", audio)

    @property
    def said(self) -> str:
        """Which calls these are, in words."""
        if self._period.value() != "all":
            return self._period.period.said
        if self.query:
            return gettext("Calls of all time that fit “%(query)s”") % {"query": self.query}
        days = [self.params.get(name) for name in ("started_from", "started_to")]
        if any(days):
            return gettext("Calls from %(first)s to %(last)s") % {"first": days[0] or "…", "last": days[1] or "…"}
        return self._period.period.said

    @property
    def periods(self) -> list[Choice]:
        """The ways to another period; the rest of the filter stays."""
        days = StartedFilter.parameter_name
        dropped = [f"{days}_from", f"{days}_to"]
        return [
            Choice(
                label=label,
                address=self._address(dropped, period=name),
                is_chosen=self._period.value() == name and not any(self.params.get(gone) for gone in dropped),
            )
            for name, label in PERIODS
        ]

    @property
    def scopes(self) -> list[Choice]:
        """The quick scopes; the rest of the filter stays."""
        chosen = self._value_of("scope")
        return [
            Choice(label=label, address=self._address(["scope"], **({"scope": name} if name else {})), is_chosen=chosen == name)
            for name, label in SCOPES
        ]

    @property
    def ways_out(self) -> list[Choice]:
        """What narrows the list besides period and scope, each with the address of the list without it."""
        found = []
        for spec in self.filter_specs:
            if isinstance(spec, AlsoFilter):
                found += [self._way_out_of_also(spec, name) for name in spec.kept]
                continue
            names = [name for name in spec.expected_parameters() if self.params.get(name)]
            if names and names[0] not in ("period", "scope"):
                shown = " – ".join(self._shown(spec, name) for name in names)
                found.append(Choice(label=f"{spec.title}: {shown}", address=self._address(names), is_chosen=True))
        if self.query:
            found.append(Choice(label=f"{_('search')}: {self.query}", address=self._address(["q"]), is_chosen=True))
        return found

    def _way_out_of_also(self, spec: AlsoFilter, name: str) -> Choice:
        rest = urlencode({other: value for other, value in spec.kept.items() if other != name})
        address = self._address([ALSO], **({ALSO: rest} if rest else {}))
        return Choice(label=f"{name.replace('_', ' ')}: {spec.kept[name]}", address=address, is_chosen=True)

    @cached_property
    def views(self) -> list[Choice]:
        """The views the person may use, each opening the list as it shows it."""
        chosen = self.params.get("view")
        views = list(views_of(self._request)[:MOST_TABS])
        return [Choice(label=view.name, address=f"?view={view.pk}", is_chosen=str(view.pk) == chosen) for view in views]

    @property
    def may_share(self) -> bool:
        """Whether a view kept here may be shown to the others."""
        return reach_of(self._request).may(Role.AGENT)

    @property
    def may_export(self) -> bool:
        """Whether the person may take calls away as a file."""
        return reach_of(self._request).may(Role.AGENT)

    @property
    def shown_columns(self) -> str:
        """The columns there are, as a form tells them."""
        return ",".join(columns_of(self._request))

    @property
    def sort(self) -> str:
        """The order that was asked for, in the API's word; empty where none was."""
        asked = self.get_ordering_field_columns() if self.params.get(ORDER_VAR) else {}
        for place, way in asked.items():
            word = SORTED_BY.get(self.list_display[place]) if 0 <= place < len(self.list_display) else None
            if word:
                return f"-{word}" if way == "desc" else word
        return ""

    @property
    def way_out_of_all(self) -> str:
        """The list without all that narrows it besides its period and scope."""
        kept = {name: self.params[name] for name in ("period", "scope", "columns", "tenant") if self.params.get(name)}
        return f"?{urlencode(kept)}"

    @property
    def days(self) -> dict[str, Any]:
        """What the form for days of one's own begins with, and what of the address it keeps."""
        ends = StartedFilter.ends
        shown = {end: self.params.get(end) or "" for end in ends}
        period = self._period.period
        if not any(shown.values()) and period.start and period.end:
            last = period.end - timedelta(seconds=1)
            shown = dict(
                zip(ends, (timezone.localdate(period.start).isoformat(), timezone.localdate(last).isoformat()), strict=True)
            )
        return {
            "from": shown[ends[0]],
            "to": shown[ends[1]],
            "is_chosen": any(self.params.get(end) for end in ends),
            "kept": [pair for pair in self._pairs() if pair[0] not in (*ends, "period", "p", "e")],
        }

    @property
    def columns(self) -> list[Choice]:
        """Every column there is, and whether it is shown."""
        shown = columns_of(self._request)
        return [Choice(label=column.label, address=str(column), is_chosen=column in shown) for column in Column]

    @property
    def is_usual(self) -> bool:
        """Whether the columns are those everybody begins with."""
        return columns_of(self._request) == [column for column in Column if column in USUAL_COLUMNS]

    @property
    def present(self) -> str:
        """The list's query as it is, for forms that lead back."""
        return self._request.GET.urlencode()

    def _pairs(self) -> list[tuple[str, str]]:
        return [(name, value) for name, values in self._request.GET.lists() for value in values]

    @property
    def is_narrowed(self) -> bool:
        """Whether there may be more calls than the list shows."""
        return bool(self.ways_out) or self._period.value() != "all" or bool(self._value_of("scope"))

    @property
    def first_command(self) -> str:
        """The command that logs a first call, for an empty log."""
        return getattr(self.model_admin, "first_command", lambda request: "")(self._request)

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self._request = request
        super().__init__(request, *args, **kwargs)

    def _address(self, dropped: Iterable[str], **told: str) -> str:
        """This list with other parameters; always its first page."""
        query = self._request.GET.copy()
        for name in (*dropped, *told, "p", "e"):
            query.pop(name, None)
        query.update(told)
        return f"?{query.urlencode()}"

    @cached_property
    def _period(self) -> PeriodFilter:
        return next(spec for spec in self.filter_specs if isinstance(spec, PeriodFilter))

    def _value_of(self, parameter: str) -> str:
        return next((spec.value() or "" for spec in self.filter_specs if getattr(spec, "parameter_name", "") == parameter), "")

    def _shown(self, spec: Any, name: str) -> str:
        """The chosen value in words."""
        told = str(self.params[name])
        choices = dict(getattr(spec, "lookup_choices", ())) | dict(getattr(getattr(spec, "field", None), "flatchoices", ()))
        if told in choices:
            return str(choices[told])
        if name.endswith("__id__exact"):
            rows = reach_of(self._request).within(spec.field.remote_field.model._default_manager.all())
            return str(rows.filter(pk=told).first() or gettext("unknown"))
        return told


def back_to_list(query: str, *without: str) -> str:
    """The list's address with this query, these parameters left out; whatever a form told, it leads nowhere else."""
    kept = QueryDict(query[:4000].removeprefix("?"), mutable=True)
    for gone in (*without, "e"):
        kept.pop(gone, None)
    address = reverse("admin:calls_call_changelist")
    return f"{address}?{kept.urlencode()}" if kept else address
