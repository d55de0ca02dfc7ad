"""Saving a form of the admin that was opened before somebody else changed the same row.

The page carries a fingerprint of what each of its fields showed when it was opened. When the form
is sent, fields that its reader left alone take what is stored now; a field that both changed is
refused once, with both values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.choices import flatten_choices
from django.utils.crypto import salted_hmac
from django.utils.text import Truncator
from django.utils.translation import gettext

from tenants.chosen import is_key

OPENED = "_opened"  # the hidden input that carries the fingerprints
LONGEST = 300  # letters of a value in a message

Sent = dict[str, list[str]]  # what a browser sends for one field: values by name


class MergedForm(forms.BaseModelForm):
    """A form that overwrites nothing its reader has not seen. Sent without ``OPENED`` it is like any other."""

    def full_clean(self) -> None:
        conflicts = self._merge() if self.is_bound and OPENED in self.data else {}
        super().full_clean()
        for name, message in conflicts.items():
            self.add_error(name, message)

    def _merge(self) -> dict[str, str]:
        """Take what others changed and its reader did not. Gives a message for each field that both changed."""
        seen, conflicts = _read(self.data[OPENED]), {}
        for field in _fields_of(self):
            ours, stored = _sent(field), _shown(field)
            opened = seen.get(field.html_name)
            if opened in (None, _fingerprint(stored)) or ours == stored:
                continue
            if opened == _fingerprint(ours):
                self._take(stored)
            else:
                conflicts[field.name] = _conflict(field, ours, stored)
        return conflicts

    def _take(self, stored: Sent) -> None:
        data: Any = self.data
        data = data.copy()
        for name, values in stored.items():
            data.setlist(name, values)
        self.data = data


def merged(form: type[forms.ModelForm]) -> type[forms.ModelForm]:
    """The same form, for rows that others may change while it is open."""
    return type(form.__name__, (MergedForm, form), {})


def opened(some: Iterable[forms.BaseModelForm]) -> str:
    """What a page with these forms carries in ``OPENED``; rows that are not stored yet have no part in it."""
    fields = [each for form in some if not form.instance._state.adding for each in _fields_of(form)]
    return json.dumps({field.html_name: _fingerprint(_shown(field)) for field in fields})


def _fields_of(form: forms.BaseForm) -> Iterator[BoundField]:
    return (field for field in form if not field.is_hidden and not field.field.disabled)


def _read(text: str) -> dict[str, str]:
    """The fingerprints by field. What is no such text is read as none: the form is then like any other."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _shown(field: BoundField) -> Sent:
    """What a browser sends for the stored value when its reader changes nothing."""
    name = field.html_name
    widget: Any = field.field.widget
    value = field.field.prepare_value(field.initial)
    if isinstance(field.field.widget, forms.MultiWidget):
        values = zip(widget.widgets_names, widget.widgets, widget.decompress(value), strict=True)
        return {name + end: _texts(part.format_value(piece)) for end, part, piece in values}
    if isinstance(widget, forms.CheckboxInput):
        return {name: _texts("on" if value else None)}
    if isinstance(widget, forms.PasswordInput):
        return {name: []}  # never shown
    return {name: _texts(widget.format_value(value))}


def _sent(field: BoundField) -> Sent:
    """What was sent for it."""
    data: Any = field.form.data
    if isinstance(field.field.widget, forms.CheckboxInput):
        return {field.html_name: _texts("on" if field.data else None)}
    return {name: _texts(data.getlist(name)) for name in _shown(field)}


def _texts(value: Any) -> list[str]:
    """The same list however a browser breaks lines, orders choices or sends nothing."""
    values = value if isinstance(value, list | tuple) else [value]
    return sorted(str(each).replace("\r\n", "\n") for each in values if each not in (None, ""))


def _fingerprint(sent: Sent) -> str:
    """A keyed hash: the page says nothing about values that the form does not show."""
    return salted_hmac("tenants.merging", json.dumps(sent, sort_keys=True)).hexdigest()[:16]


def _conflict(field: BoundField, ours: Sent, stored: Sent) -> str:
    words = gettext(
        "Not saved: someone else changed this while you did. Now: “%(stored)s”. "
        "Yours: “%(ours)s”. Save again to replace it with yours."
    )
    return words % {"stored": _in_words(field, stored), "ours": _in_words(field, ours)}


def _in_words(field: BoundField, sent: Sent) -> str:
    """A value as its readers see it: choices and rows by their names, never a row the form does not offer."""
    texts = [text for values in sent.values() for text in values]
    kind: Any = field.field
    if isinstance(kind.widget, forms.CheckboxInput):
        return gettext("Yes") if texts else gettext("No")
    if isinstance(kind, forms.ModelChoiceField):
        rows: Any = kind.queryset
        keys = [text for text in texts if is_key(rows.model._meta.pk, text)]
        texts = [kind.label_from_instance(row) for row in rows.filter(pk__in=keys)]
    elif isinstance(kind, forms.ChoiceField):
        offered: Any = kind.choices
        pairs: Any = flatten_choices(offered)
        names = {str(value): str(label) for value, label in pairs}
        texts = [names.get(text, text) for text in texts]
    return Truncator(", ".join(texts) or "–").chars(LONGEST)
