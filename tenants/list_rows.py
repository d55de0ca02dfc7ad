"""What the theme and Django make anew for every row of a list, made once for all rows: that is most of what a list costs."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import get_script_prefix, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from unfold import admin as theme
from unfold.templatetags import unfold_list

_SOME_KEY = str(UUID(int=0))


def make_heads_once() -> None:
    """Have the theme make the heads of a list's columns once; for each row it needs only their names, and makes all of them."""
    make = unfold_list.result_headers

    def heads_of(found: Any) -> list[dict[str, Any]]:
        if not hasattr(found, "heads"):
            found.heads = list(make(found))
        heads: list[dict[str, Any]] = found.heads
        return heads

    unfold_list.result_headers = heads_of


def tick_box(key: object) -> SafeString:
    """The box that ticks the row with this key: the theme's own, without a template for every row."""
    return format_html(_tick_box(get_language()), key)


@cache
def _tick_box(language: str | None) -> str:
    """With a place for the key; its label is in the language that is spoken now."""
    return theme.checkbox.render(ACTION_CHECKBOX_NAME, "{}")


def page_of(name: str, key: object) -> str:
    """What ``reverse`` answers for a page whose address has one key, such as ``admin:calls_call_change``; the key is a UUID."""
    before, after = _around(name, get_script_prefix())
    return f"{before}{key}{after}"


def address_of(name: str) -> str:
    """What ``reverse`` answers for a page whose address has nothing in it, such as ``admin:calls_call_changelist``."""
    return _address_of(name, get_script_prefix())


@cache
def _address_of(name: str, prefix: str) -> str:
    return reverse(name)


@cache
def _around(name: str, prefix: str) -> tuple[str, str]:
    before, _key, after = reverse(name, args=[_SOME_KEY]).partition(_SOME_KEY)
    return before, after
