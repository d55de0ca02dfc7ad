"""Drop-down filters that are drawn once, not for every list: how one looks follows from its choices and the chosen one alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from unfold.contrib.filters import admin as theme

MOST_REMEMBERED = 2000

_drawn: dict[Any, SafeString] = {}


class _Drawn:
    """What both kinds share."""

    template = "admin/drawn_filter.html"
    drawn_by = theme.DropdownFilter.template

    def choices(self: Any, changelist: Any) -> Iterator[dict[str, Any]]:
        offered = tuple((str(key), str(word)) for key, word in (*filter(None, [self.all_option]), *self.offered()))
        whose = (getattr(self, "field", None), *self.expected_parameters(), str(self.title))
        looks = (whose, offered, self.value() or "", get_language())
        html = _drawn.get(looks)
        if html is None:
            html = render_to_string(self.drawn_by, {"title": self.title, "choices": list(super().choices(changelist))})  # type: ignore[misc]
            if self.value() in dict(offered) or not self.value():  # what people make up is not remembered
                _remember(looks, html)
        yield {"html": html}


class DropdownFilter(_Drawn, theme.DropdownFilter):
    """One of the choices that ``lookups`` tells."""

    def offered(self) -> Iterable[tuple[Any, Any]]:
        """Each choice and its word."""
        return self.lookup_choices


class ChoicesDropdownFilter(_Drawn, theme.ChoicesDropdownFilter):
    """One of the choices a field has."""

    def offered(self) -> Iterable[tuple[Any, Any]]:
        """Each choice and its word."""
        return self.field.flatchoices


class RelatedFilter(_Drawn, theme.AutocompleteSelectFilter):
    """A row found by typing. With one chosen it is drawn every time: what that is called is not everybody's to know."""

    def offered(self) -> Iterable[tuple[Any, Any]]:
        """None: the browser asks for them."""
        return ()


def _remember(looks: Any, html: SafeString) -> None:
    if len(_drawn) >= MOST_REMEMBERED:
        _drawn.clear()
    _drawn[looks] = html
