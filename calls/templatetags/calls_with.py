"""What pages of contacts, companies, agents and lines tell of their calls; those pages belong to apps that know no calls.

The admin is imported late: its theme loads every library of tags while its own modules are still being made.
"""

from __future__ import annotations

from typing import Any

from django import template

register = template.Library()


@register.inclusion_tag("admin/calls/with.html", takes_context=True)
def calls_with(context: dict[str, Any]) -> dict[str, Any]:
    """Figures and the last calls of whoever the page is about."""
    from calls.admin import calls_with as panel

    return panel.context_of(context["request"], context.get("original"))


@register.simple_tag(takes_context=True)
def count_calls_with(context: dict[str, Any], row: Any) -> str:
    """How many calls there are with somebody, counted no further than lists count."""
    from calls.admin import calls_with as panel

    return panel.how_many(context["request"], row)
