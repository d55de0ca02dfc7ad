"""The forms of admin pages as a browser reads and sends them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.utils.datastructures import MultiValueDict


class Field:
    """A control of a form: what it sends, and what else its reader could have it send."""

    def __init__(self, name: str, kind: str, values: list[str]) -> None:
        self.name, self.kind, self.values = name, kind, values
        self.options: list[str] = []

    def others(self) -> list[list[str]]:
        """Values it does not show; some may be refused."""
        shown = "".join(self.values)
        match self.kind:
            case "checkbox":
                return [[] if self.values else ["on"]]
            case "select" | "multiple" | "checkboxes":
                return [[option] for option in self.options if option not in self.values][:6]
            case "color":
                return [["#112233"], ["#445566"]]
            case "email":
                return [["one@example.com"], ["two@example.com"]]
        given = [[str(int(shown) + more)] for more in (1, 2) if shown.isdigit()]
        times = [["2030-01-02"], ["2030-01-03"], ["10:11:12"], ["10:11:13"]]
        words = [[f"{shown}1"], [f"{shown}2"], ["FI"], ["NO"], ["7"], ["8"]]
        return [*given, *words, *times]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Field] = {}
        self.inside, self.select, self.area = False, None, None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.inside = given.get("id", "").endswith("_form")
        name = given.get("name", "")
        if tag == "option" and self.select:
            self._option(self.select, given.get("value", ""), "selected" in given)
        if not self.inside or not name or "disabled" in given or "__prefix__" in name:
            return
        if tag == "select":
            kind = "multiple" if "multiple" in given else "select"
            self.select = self.fields.setdefault(name, Field(name, kind, []))
        if tag == "textarea":
            self.area = self.fields.setdefault(name, Field(name, "text", [""]))
        if tag == "input":
            self._input(name, given)

    def _input(self, name: str, given: dict[str, str]) -> None:
        kind, value = given.get("type", "text"), given.get("value", "")
        if kind in ("submit", "button", "image", "file"):
            return
        if kind not in ("checkbox", "radio"):
            self.fields[name] = Field(name, kind, [value])
        elif "value" in given:
            self._option(self.fields.setdefault(name, Field(name, "checkboxes", [])), value, "checked" in given)
        else:
            self.fields[name] = Field(name, kind, ["on"] if "checked" in given else [])

    def _option(self, field: Field, value: str, is_chosen: bool) -> None:
        field.options.append(value)
        if is_chosen:
            field.values.append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        if tag == "select" and self.select:
            if self.select.kind == "select" and not self.select.values and self.select.options:
                self.select.values.append(self.select.options[0])
            self.select = None
        if tag == "textarea" and self.area:
            self.area.values[0] = self.area.values[0].removeprefix("\n")
            self.area = None

    def handle_data(self, data: str) -> None:
        if self.area:
            self.area.values[0] += data


def read(html: str) -> dict[str, Field]:
    """The fields of a page's form, by their names."""
    reader = _Reader()
    reader.feed(html)
    return reader.fields


def sent(fields: dict[str, Field], **given: list[str]) -> Any:
    """What a browser sends for a form, with some fields changed."""
    return MultiValueDict({name: given.get(name, field.values) for name, field in fields.items()})
