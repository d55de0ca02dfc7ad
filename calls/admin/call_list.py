"""The list of calls: bounded paging, search by number in any spelling, and what it says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, Q
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from calls.admin.call_filters import PERIODS, SCOPES, PeriodFilter, StartedFilter
from calls.models import Recording
from calls.models.call import CallQuerySet
from contacts.dialing import DialingList
from contacts.phone import SHORTEST_PUBLIC, read_number
from tenants.reach import reach_of

_NUMBER = re.compile(r"[+(\d][\d\s()./*#\-\u2010-\u2015]*\Z")


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
        return calls.defer("document", "facts", "given_contact", "screen_pop", "notes").prefetch_related("tags", audio)

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
            names = [name for name in spec.expected_parameters() if self.params.get(name)]
            if names and names[0] not in ("period", "scope"):
                shown = " – ".join(self._shown(spec, name) for name in names)
                found.append(Choice(label=f"{spec.title}: {shown}", address=self._address(names), is_chosen=True))
        if self.query:
            found.append(Choice(label=f"{_('search')}: {self.query}", address=self._address(["q"]), is_chosen=True))
        return found

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


def search(calls: CallQuerySet, words: str, countries: Iterable[str]) -> CallQuerySet:
    """Calls with this number in any spelling or part, else with every word in a name, or with this very external id."""
    words = " ".join(words.split())[:200]
    if not words:
        return calls
    if _NUMBER.match(words) and any(sign.isdigit() for sign in words):
        return calls.filter(_by_number(words, countries) | Q(external_id=words))
    for word in words.split()[:8]:
        calls = calls.filter(
            Q(remote_name__icontains=word)
            | Q(contact__name__icontains=word)
            | Q(company__name__icontains=word)
            | Q(agent_name__icontains=word)
            | Q(caller_name__icontains=word)
            | Q(callee_name__icontains=word)
            | Q(external_id=words)
        )
    return calls


def _by_number(text: str, countries: Iterable[str]) -> Q:
    """Full numbers by what their spellings share; shorter ones by their digits without an exit code or trunk zero."""
    digits = re.sub(r"\D", "", text)
    parts = {digits.lstrip("0") or digits}
    if len(digits) >= SHORTEST_PUBLIC and "*" not in text:
        parts = {number.key for number in (read_number(text, country) for country in countries) if number.key} or parts
    found = Q(pk__in=[])
    for part in parts:
        found |= Q(number_text__contains=part)
    return found
