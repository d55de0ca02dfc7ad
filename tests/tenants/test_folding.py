"""Text without regard to case and accents, alike in every database."""

from __future__ import annotations

import pytest

from tenants.folding import fold, place_of
from tenants.models import Tenant
from tests.make import make_tenant


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Björk", "bjork"),
        ("Bjo\u0308rk", "bjork"),
        ("SØREN", "soren"),
        ("Łódź", "lodz"),
        ("Strauß", "strauss"),
        ("Æon", "aeon"),
        ("", ""),
    ],
)
def test_folds_case_and_accents(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("Ida Björk", "bjork", "Björk"),
        ("Straßenbau", "ssen", "ßen"),
        ("STRASSE", "straße", "STRASSE"),
        ("Ida", "x", None),
        ("Ida", "", None),
    ],
)
def test_finds_the_place_of_words_in_the_text_as_it_is_written(text: str, words: str, found: str | None) -> None:
    place = place_of(text, words)
    assert (text[slice(*place)] if place else None) == found


@pytest.mark.django_db
@pytest.mark.parametrize("stored", ["Björk & Söner", "Bjo\u0308rk & So\u0308ner", "BJORK & SONER", "bjørk & søner"])
@pytest.mark.parametrize("words", ["bjork", "BJÖRK", "k & s", "søn"])
def test_the_database_finds_them_alike(stored: str, words: str) -> None:
    tenant = make_tenant(name=stored)
    assert list(Tenant.objects.filter(name__folds=words)) == [tenant]


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["%", "_", "\\", "50%"])
def test_signs_of_patterns_mean_themselves(words: str) -> None:
    make_tenant(name="Björk")
    exact = make_tenant(name=f"a{words}b")
    assert list(Tenant.objects.filter(name__folds=words)) == [exact]
