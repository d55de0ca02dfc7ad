"""What there is to be translated, read off the sources without gettext's programs; ``python -m tests.callhub.catalogue`` brings
the catalogues up to date with it: new texts are added, empty, those that are gone are dropped, and what programs read is written.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from babel.messages import Catalog, extract, mofile, pofile

ROOT = Path(__file__).parents[2]
LOCALES = ROOT / "callhub" / "locale"
OURS = ("callhub", "tenants", "contacts", "calls")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)  # when a text was made is known to git
Message = tuple[str, str]  # context, and the text in English


@cache
def wanted() -> dict[Message, tuple[str | tuple[str, str], str]]:
    """Every text of ours, and of the theme where Django has no words for it: its singular and plural, and where it is from."""
    found: dict[Message, tuple[str | tuple[str, str], str]] = {}
    for place, texts in _texts():
        for told, context in texts:
            found.setdefault((context or "", told if isinstance(told, str) else told[0]), (told, place))
    for told, place in _names():
        found.setdefault(("", told), (told, place))
    return found


def catalogue_of(language: str) -> Catalog:
    """What the .po file says."""
    with _po(language).open("rb") as file:
        return pofile.read_po(file, locale=language)


def compiled_of(language: str) -> Catalog:
    """What the .mo file says."""
    with _po(language).with_suffix(".mo").open("rb") as file:
        return mofile.read_mo(file)


def update(language: str) -> int:
    """Bring the language's two files up to date; how many texts are still to be translated."""
    old = catalogue_of(language)
    told = {"header_comment": old.header_comment, "project": "callhub", "version": "1", "charset": "utf-8", "fuzzy": False}
    whose = {"msgid_bugs_address": "callhub", "last_translator": "callhub", "language_team": language}
    dates = {"creation_date": NO_DATE, "revision_date": NO_DATE}
    new = Catalog(locale=language, **told, **whose, **dates)
    for (context, _text), (told, place) in sorted(wanted().items(), key=lambda pair: (pair[1][1], pair[0])):
        known = old.get(told, context=context or None)
        new.add(
            told,
            known.string if known else "",
            context=context or None,
            auto_comments=[place],
            user_comments=known.user_comments if known else (),
        )
    for path, write in ((_po(language), partial(pofile.write_po, width=0)), (_po(language).with_suffix(".mo"), mofile.write_mo)):
        written = io.BytesIO()
        write(written, new)
        path.write_bytes(written.getvalue())
    return sum(not is_translated(message.string) for message in new if message.id)


def is_translated(told: Any) -> bool:
    """Whether a message has words, in each of its forms."""
    return all(told) if isinstance(told, (tuple, list)) else bool(told)


def _po(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "django.po"


def _texts() -> Iterator[tuple[str, list[tuple[Any, str | None]]]]:
    for path in sorted(path for app in OURS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts):
        yield str(path.relative_to(ROOT)), _of_python(path.read_bytes())
    for path in sorted(path for path in (ROOT / "templates").rglob("*") if path.suffix in (".html", ".txt")):
        yield str(path.relative_to(ROOT)), _of_template(path)
    import unfold

    theme = Path(unfold.__file__).parent
    for path in sorted([*theme.rglob("*.py"), *theme.rglob("*.html")]):
        if not _is_installed(path.relative_to(theme).parts):
            continue
        texts = _of_python(path.read_bytes()) if path.suffix == ".py" else _of_template(path)
        yield str(path.relative_to(theme.parent)), [text for text in texts if not _django_knows(text[0])]


def _is_installed(parts: tuple[str, ...]) -> bool:
    """Whether a file of the theme belongs to what is in use: it comes with apps for libraries we do not have."""
    from django.conf import settings

    if "unfold_crispy" in parts:
        return False
    return parts[0] != "contrib" or ".".join(("unfold", *parts[:2])) in settings.INSTALLED_APPS


def _of_python(source: bytes) -> list[tuple[Any, str | None]]:
    if b"gettext" not in source:
        return []
    found = extract.extract("python", io.BytesIO(source), KEYWORDS)
    return [(told, context) for _line, told, _comments, context in found]


def _of_template(path: Path) -> list[tuple[Any, str | None]]:
    from django.utils.translation import templatize

    source = path.read_text()
    if "translate" not in source and "trans" not in source:
        return []
    code = "\n".join(line.lstrip() for line in templatize(source, origin=str(path)).splitlines())  # indented as HTML is
    return _of_python(code.encode())


@cache
def _django() -> frozenset[str]:
    """What Django's own German catalogues have; every language Django speaks has nearly the same."""
    import django

    files = Path(django.__file__).parent.glob("**/locale/de/LC_MESSAGES/django.mo")
    catalogues = [mofile.read_mo(file.open("rb")) for file in files]
    return frozenset(m.id if isinstance(m.id, str) else m.id[0] for catalogue in catalogues for m in catalogue if m.id)


def _django_knows(told: Any) -> bool:
    return (told if isinstance(told, str) else told[0]) in _django()


def _names() -> Iterator[tuple[str, str]]:
    """What the admin shows and no source marks: names our apps and models do not give themselves, and what tasks say they do."""
    from django.apps import AppConfig
    from django.contrib import admin
    from django.db.models import Field

    from callhub import schedule
    from callhub.names import made_names

    shown = {model._meta for model in admin.site._registry if model._meta.app_label in OURS}
    for owner, _attribute, name in made_names():
        options = owner.model._meta if isinstance(owner, Field) else owner
        if isinstance(owner, AppConfig):
            yield name, f"{owner.name}.apps"
        elif options in shown and (options is owner or owner.editable):
            yield name, options.label
    for entry in schedule.entries().values():
        yield schedule.words_of(entry), "callhub.schedule"


if __name__ == "__main__":
    import django

    django.setup()
    for language in sys.argv[1:] or sorted(path.name for path in LOCALES.iterdir() if path.is_dir()):
        print(f"{language}: {update(language)} texts to be translated")
