"""Filters of the lists: typed parameters that read our spellings, and a refusal naming the one that cannot be read."""

from __future__ import annotations

from typing import Any, Self
from uuid import UUID

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django_filters.constants import EMPTY_VALUES
from rest_framework.request import Request

from calls.api.moments import read_day, read_moment_parameter, read_seconds
from calls.api.problems import Fault, Problem, bad_parameter
from tenants.authentication import Principal
from tenants.place import Place

MOST_VALUES = 100


class MomentParameter(forms.CharField):
    """A time, or a date alone for its midnight."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return _read(lambda: read_moment_parameter(text, timezone.get_current_timezone())) if text else None


class DayParameter(forms.CharField):
    """A day, as its first moment and the next day's."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return _read(lambda: read_day(text, timezone.get_current_timezone())) if text else None


class SecondsParameter(forms.CharField):
    """Seconds, as milliseconds."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return _read(lambda: read_seconds(text)) if text else None


class TruthParameter(forms.CharField):
    """``true`` or ``false``."""

    def clean(self, value: Any) -> Any:
        text = super().clean(value).lower()
        if text and text not in ("true", "false"):
            raise ValidationError("Write true or false.")
        return text == "true" if text else None


class ListParameter(forms.CharField):
    """Several values, repeated or with commas between: any of them fits."""

    widget = forms.SelectMultiple

    def to_python(self, value: Any) -> Any:
        return value

    def clean(self, value: Any) -> Any:
        texts = [text.strip() for item in value or () for text in str(item).split(",")]
        values = [self.read(text) for text in dict.fromkeys(texts) if text]
        if len(values) > MOST_VALUES:
            raise ValidationError(f"At most {MOST_VALUES} values.")
        return values or None

    def read(self, text: str) -> Any:
        """One of the values."""
        return text


class IdsParameter(ListParameter):
    """Ids of rows."""

    def read(self, text: str) -> UUID:
        try:
            return UUID(text)
        except ValueError as error:
            raise ValidationError("Write an id, such as 0195a3c2-….") from error


class WordsParameter(ListParameter):
    """Words of a closed vocabulary."""

    def __init__(self, *, words: Any = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = [str(word) for word in words]

    def read(self, text: str) -> str:
        if text not in self.words:
            raise ValidationError(f"Write one of {', '.join(self.words)}.")
        return text


class WordParameter(forms.CharField):
    """One word of a closed vocabulary."""

    def __init__(self, *, words: Any = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.words = [str(word) for word in words]

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if text and text not in self.words:
            raise ValidationError(f"Write one of {', '.join(self.words)}.")
        return text or None


class MomentFilter(django_filters.Filter):
    """By a time."""

    field_class = MomentParameter


class DayFilter(django_filters.Filter):
    """By a day in the tenant's time zone: ``2026-03-02``, ``today``, ``yesterday``."""

    field_class = DayParameter

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value is None:
            return qs
        return qs.filter(**{f"{self.field_name}__gte": value[0], f"{self.field_name}__lt": value[1]})


class SecondsFilter(django_filters.Filter):
    """By a length in seconds."""

    field_class = SecondsParameter


class ShareFilter(django_filters.Filter):
    """By a share between 0 and 1."""

    field_class = forms.FloatField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=0, max_value=1, **kwargs)


class TruthFilter(django_filters.Filter):
    """By yes or no."""

    field_class = TruthParameter


class WordFilter(django_filters.Filter):
    """By one word."""

    field_class = WordParameter


class AnyOfFilter(django_filters.Filter):
    """By any of several words."""

    field_class: type[ListParameter] = WordsParameter

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, lookup_expr="in", **kwargs)


class TextsFilter(AnyOfFilter):
    """By any of several texts."""

    field_class = ListParameter


class IdsFilter(AnyOfFilter):
    """By any of several ids."""

    field_class = IdsParameter


class TextFilter(django_filters.CharFilter):
    """By text."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, max_length=200, **kwargs)


class NumberFilter(django_filters.CharFilter):
    """By a phone number in any spelling, also one whose ``+`` the URL turned into a space."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, strip=False, max_length=128, **kwargs)

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if value not in EMPTY_VALUES and value.startswith(" ") and value.strip()[:1].isdigit():
            value = f"+{value.strip()}"
        return super().filter(qs, value)


class Filters(django_filters.FilterSet):
    """The filters of one list; all given ones must hold."""

    @classmethod
    def filtered(cls, request: Request, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows that fit the request; raises ``Problem`` naming every parameter that cannot be read."""
        return cls.checked(request, rows).qs

    @classmethod
    def checked(cls, request: Request, rows: QuerySet[Any]) -> Self:
        """The filters with the request's values, applied to the rows in ``qs``; raises as ``filtered`` does."""
        query = request.query_params
        for name, values in query.lists():
            offered = cls.base_filters.get(name)
            if offered is None:
                continue
            if len(values) > 1 and not isinstance(offered, AnyOfFilter):
                raise bad_parameter(name, "This parameter is given once only.")
            if not any(value.strip() for value in values):
                raise bad_parameter(name, "This parameter has no value.")
        principal: Principal = request.auth  # type: ignore[assignment]
        with timezone.override(principal.tenant.zone):
            filters = cls(query, queryset=rows, request=request)
            if not filters.is_valid():
                faults = [
                    Fault(code="invalid_parameter", detail=" ".join(messages), parameter=name)
                    for name, messages in filters.errors.items()
                ]
                raise Problem(400, "invalid_parameter", faults[0].detail, faults)
            _ = filters.qs  # made while the zone is the tenant's
            return filters

    @property
    def place(self) -> Place:
        """What decides how a national number is read."""
        return self.request.auth.tenant.place


def _read(reading: Any) -> Any:
    try:
        return reading()
    except ValueError as error:
        raise ValidationError(str(error)) from error
