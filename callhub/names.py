"""The names of apps, models and their fields as texts that can be translated, without each model saying so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.utils.translation import gettext_lazy, gettext_noop

OUR_APPS = ("callhub", "tenants", "contacts", "calls")
# Django has these too, but does not say them in every language as our catalogues say such things.
SAID_OUR_WAY = [
    gettext_noop("History"),
    gettext_noop("Save"),
    gettext_noop("Save and add another"),
    gettext_noop("Save and continue editing"),
]


def let_names_be_translated() -> None:
    """Have every name that Django makes of an attribute's or a class's be looked up in the catalogue when it is shown.

    Two hundred ``_("created at")`` beside ``created_at`` would say nothing new. Migrations know nothing of this: what Django
    compares there is what a model says itself.
    """
    for owner, attribute, name in made_names():
        setattr(owner, attribute, gettext_lazy(name))


def made_names() -> Iterator[tuple[Any, str, str]]:
    """The names our models do not give themselves: whose, the attribute that holds it, and the name in English."""
    for app in (apps.get_app_config(name) for name in OUR_APPS):
        if app.label != "callhub":  # a name is a name
            yield app, "verbose_name", app.label.title()
    for model in (model for app in OUR_APPS for model in apps.get_app_config(app).get_models()):
        options = model._meta
        if "verbose_name" not in options.original_attrs:
            yield options, "verbose_name", options.verbose_name_raw or ""
        if "verbose_name_plural" not in options.original_attrs:
            yield options, "verbose_name_plural", f"{options.verbose_name_raw}s"
        for field in options.local_fields + options.local_many_to_many:
            if field._verbose_name is None:  # type: ignore[union-attr]
                yield field, "verbose_name", field.name.replace("_", " ")
