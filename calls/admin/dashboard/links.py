"""Where the figures of the first page lead: the list of calls, narrowed by its own filters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import number_format

from calls.admin.call_filters import PERIODS
from calls.reports import Span
from tenants.models import Tenant


@dataclass(frozen=True, kw_only=True)
class Links:
    """Addresses of calls of one period and tenant; the list's own name of the period where it has one for the same days."""

    tenant: Tenant | None = None
    period: str = ""
    span: Span | None = None

    def to(self, **narrowed: Any) -> str:
        """The list of the period's calls, narrowed."""
        return f"{self._list}?{urlencode({**self._period, **self._whose, **narrowed})}"

    def to_day(self, day: date) -> str:
        """The list of one day's calls."""
        query = {"started_from": day.isoformat(), "started_to": day.isoformat(), **self._whose}
        return f"{self._list}?{urlencode(query)}"

    def of_page(self, path: str, **told: str) -> str:
        """The first page of the same tenant."""
        return f"{path}?{urlencode({**told, **self._whose})}"

    @cached_property  # a page has hundreds of links
    def _list(self) -> str:
        return reverse("admin:calls_call_changelist")

    @cached_property
    def _period(self) -> dict[str, str]:
        if self.span is None:
            return {}
        if self.period in dict(PERIODS) and self.period != "month":  # the list's month ends today
            return {"period": self.period}
        return {"started_from": self.span.first_day.isoformat(), "started_to": self.span.last_day.isoformat()}

    @cached_property
    def _whose(self) -> dict[str, str]:
        return {"tenant": str(self.tenant.pk)} if self.tenant else {}


def number(count: int) -> str:
    """A number for reading, its thousands apart."""
    return number_format(count, use_l10n=True, force_grouping=True)
