"""Every text there is has words in every language we offer, and the file programs read says what people wrote."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

from tests.callhub.catalogue import LOCALES, catalogue_of, compiled_of, is_translated, wanted

UPDATE = "run make texts, then write what is empty in the .po file, then make texts again"
LANGUAGES = [language for language, _name in settings.LANGUAGES if language != settings.LANGUAGE_CODE]
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\{?\w*[\w.]*\}\}?|<[^>]+>")
pytestmark = [pytest.mark.once, pytest.mark.parametrize("language", LANGUAGES)]


def messages(language):
    """What the .po file has, by context and English text."""
    return {_key(message): message for message in catalogue_of(language) if message.id}


def _key(message):
    context = message.context or ""
    return context.decode() if isinstance(context, bytes) else context, message.id if isinstance(message.id, str) else message.id[
        0
    ]


def _forms(message):
    return [message.string] if isinstance(message.string, str) else list(message.string)


def test_no_text_is_missing_and_none_is_left_over(language):
    assert len(wanted()) > 1200
    told = set(messages(language))
    assert (set(wanted()) - told, told - set(wanted())) == (set(), set()), UPDATE


def test_every_text_has_words_and_none_is_a_guess(language):
    unsure = [key for key, message in messages(language).items() if message.fuzzy or not is_translated(message.string)]
    assert unsure == [], UPDATE


def test_every_text_names_the_same_values(language):
    for key, message in messages(language).items():
        told = _forms(message)
        values = set(_PLACEHOLDER.findall(message.id if isinstance(message.id, str) else message.id[1]))
        assert all(set(_PLACEHOLDER.findall(text)) == values for text in told[1:] or told), key
        assert all(set(_PLACEHOLDER.findall(text)) <= values for text in told), key


def test_what_programs_read_is_what_people_wrote(language):
    compiled = {_key(message): _forms(message) for message in compiled_of(language) if message.id}
    assert compiled == {key: _forms(message) for key, message in messages(language).items()}, UPDATE


def test_the_catalogues_are_those_of_the_languages_offered(language):
    assert (LOCALES / language / "LC_MESSAGES" / "django.po").exists()
    assert {path.name for path in LOCALES.iterdir()} == set(LANGUAGES)
