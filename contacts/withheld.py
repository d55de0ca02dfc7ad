"""How networks, phone systems and vendors write that a caller hides the number, or that none came.

Sources: RFC 3323 §4.1 and 3GPP TS 23.003 (hosts under ``.invalid``), ANSI T1 caller display (“P”,
“O”, “out of area”), Asterisk (``anonymous``, ``prohib…``), FreeSWITCH (ten zeros), Cisco, Avaya,
3CX and Teams (their words below, also translated), Twilio (the word as keys of a telephone, behind
a “+”: +266696687 is “anonymous”).
"""

from __future__ import annotations

import re

from tenants.folding import fold

_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
_ENGLISH = (
    "anonymous", "asserted", "blocked", "hidden", "private", "restricted", "unavailable",
    "unidentified", "unknown", "withheld",
)  # fmt: skip
_OTHERS = """
    absent, coinline, no, not available, not provided, o, out of area, p, secret,
    afgeschermd, anonimo, anoniem, anonieme, anonym, anonyme, anonymer, anonimowy, desconhecido,
    desconocido, dolt, estetty, hemligt, hemmelig, hemmeligt, inconnu, masque, nascosto, nieznany,
    okand, okant, oculto, onbekend, prive, privado, privato, privat, salattu, sconosciuto, skjult,
    skyddat, tuntematon, ukendt, ukjent, unbekannt, unbekannter, unterdruckt, unterdruckte,
    verborgen, zastrzezony
"""
_MARKS = frozenset({*_ENGLISH, *(" ".join(mark.split()) for mark in _OTHERS.split(","))})
_NOUNS = re.compile(r"\b(?:numbers?|callers?|call|callerid|cli|clid|id|user|nummer|rufnummer|numero|numer|appel)\b")
# Asterisk's CALLERPRES, Q.951
_PRESENTATION = re.compile(r"prohib(?:_\w+)?|presentation_?restricted|allowed_?unavailable")
_ON_KEYS = frozenset(f"+{word.translate(_KEYPAD)}" for word in _ENGLISH)
_NO_DIGIT_BUT_ZERO = re.compile(r"0{7,}")


def is_mark(text: str) -> bool:
    """Whether this text says, in one of these ways, that there is no number to see. The empty text
    says nothing."""
    plain = fold(text).strip()
    if plain in _ON_KEYS or _NO_DIGIT_BUT_ZERO.fullmatch(plain) or _PRESENTATION.fullmatch(plain):
        return True
    words = " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())
    return words in _MARKS or " ".join(_NOUNS.sub(" ", words).split()) in _MARKS


def is_nowhere(host: str) -> bool:
    """Whether a SIP host stands for no place at all, as ``anonymous.invalid`` does (RFC 3323
    §4.1.1.3, RFC 2606)."""
    return host.lower().rstrip(".").endswith(".invalid")
