"""From a text as a phone system, a spreadsheet or a person wrote it to the number in it: signs and
digits alone.

Sources: RFC 3261 §19.1 (a SIP user is a number where it looks like one or says so), RFC 3966
(``tel:``, ``ext``, ``phone-context``), Asterisk's and FreeSWITCH's names of channels, GSM 02.30 and
national prefixes that hide or show one's own number.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import unquote

import phonenumbers

from contacts import withheld

# What stands behind so many digits is an extension, or is dialled after the answer.
ENOUGH = 7

_NAMED = re.compile(r"""\s*(?P<name>"(?:\\.|[^"\\])*"|[^<>"]*?)\s*<\s*(?P<number>[^<>]*?)\s*>.*\Z""", re.DOTALL)
_URI = re.compile(
    r"(?:(?P<scheme>sips?|tel|callto):(?://)?)?(?P<user>[^@;?]*)(?P<own>[^@]*)"
    r"(?:@(?P<host>[^;?:>]*)(?P<rest>.*))?\Z",
    re.IGNORECASE,
)
_CONTEXT = re.compile(r";phone-context=(\+[\d().-]+)", re.IGNORECASE)
_IS_PHONE = re.compile(r";user=phone(?![\w-])", re.IGNORECASE)
# Asterisk: SIP/200-0000002a, PJSIP/0701234567@trunk-0000002a, Local/210@inside-0000002a;1.
# FreeSWITCH: sofia/internal/210@host.
_CHANNEL = re.compile(
    r"(?:pj)?sip/|iax2?/|sccp/|local/|user/|sofia/[^/]+/|loopback/|verto(?:\.rtc)?/"
    r"|dahdi/|zap/|console/|error/|dongle/",
    re.IGNORECASE,
)
_NUMBERED_CHANNEL = re.compile(
    r"(?:(?:pj)?sip|iax2?|sccp|local|user|sofia/[^/]+|loopback)/(?:[^/@]+/)?(?P<number>[^/@]+?)"
    r"(?:@.*|-[0-9a-f]{6,16})?(?:;[12])?\Z",
    re.IGNORECASE,
)
_WORDS = (
    r"extension|ext?n?|xtn|x|anknytning(?:snummer)?|ankn?|anslutning|apparat|appa?r?|durchwahl|dw"
    r"|nebenstelle|nst|klappe|kl|poste|pst|interno|internal|int|anexo|ramal|lokal(?:nummer|nr)?"
    r"|alanumero|alanro|toestel|tst|wewn(?:ętrzny)?|доб|linka|klapka|mellék|内線"
)
_EXTENSION = re.compile(rf"[\s,;/(.\u2013-]*(?<![^\W\d_])(?:{_WORDS})[\s.:#=]*\d{{1,10}}\s*#?\)?\Z", re.IGNORECASE)
_PAUSED = re.compile(r"\s*(?:[;~]|,{2,}|,\s*[\d#*wp]|(?<=[\d)\s])[wp]+[\d#*,]).*\Z", re.IGNORECASE | re.DOTALL)
_KEYED = re.compile(r"\s*(?:[*#]+[\d*#]*)\Z")
_HIDING = re.compile(
    r"\A(?:[*#]3[01]#|\*#3[01]#|\*3[01]\*|[*#]43\*?|\*23#|#67#|\*(?:65|67|68|81|82)\*?)"
    r"(?=\s*\+?(?:[\s().-]*\d){7})"
)
_HIDING_IN = {
    "AU": ("1831", "1832"), "ES": ("067",), "FR": ("3651",), "GB": ("141", "1470"),
    "HK": ("133",), "IE": ("141", "142"), "JP": ("184", "186"), "NZ": ("0197", "0196"),
}  # fmt: skip
_EXACT = re.compile(r"(\d{7,15})\.0+\Z")
_FLOAT = re.compile(r"\d\.(\d+)E\+?0*(\d+)\Z", re.IGNORECASE)
_LABEL = re.compile(r"[^\W\d_][^\d+(:]*[:\s.]\s*(?=[+\d(])")
_REMARK = re.compile(r"\s*\(?\s*[^\W\d_][^\d]*\Z")
_VANITY = re.compile(r"\+?[\d\s().-]{2,}[A-Z][A-Z\d\s.-]*\Z", re.IGNORECASE)
_LOOKS_LIKE_ONE = re.compile(r"[+\d\s()./\-\u2010-\u2015\u2212\xad*#\[\]]*\Z")


@dataclass(frozen=True, kw_only=True)
class Written:
    """What stands in a text: a name, the number's own signs (empty where there is none), and
    whether it is withheld.

    ``is_loose``: letters stood around or in it, so that it is a number only where it is a valid
    one.
    """

    number: str = ""
    name: str = ""
    is_withheld: bool = False
    is_loose: bool = False


def taken_apart(text: str, country: str) -> Written:
    """The number in a text, which may name a person, a SIP or ``tel`` address or a channel. Never
    raises."""
    text = _in_ascii(text).strip()
    name, core = "", text
    if found := _NAMED.match(text):
        name, core = _tidy_name(found["name"]), found["number"]
        if not core:
            return Written(name=name, is_withheld=True)
    if withheld.is_mark(core):
        return Written(name=name, is_withheld=True)
    if _CHANNEL.match(core):
        numbered = _NUMBERED_CHANNEL.match(core)
        return Written(name=name, number=_only_number(numbered["number"]) if numbered else "")
    address = _URI.match(core)
    if address and (address["scheme"] or address["host"] is not None):
        return _of_address(address, name, country)
    number, is_loose = _plain(core, country)
    return Written(name=name, number=number, is_loose=is_loose)


def _of_address(address: re.Match[str], name: str, country: str) -> Written:
    """RFC 3261: who is at a host has a name, which is a number where it looks like one or
    ``user=phone`` is said."""
    user, own, rest = unquote(address["user"]), address["own"], address["rest"] or ""
    if withheld.is_mark(user.partition(":")[0]) or withheld.is_nowhere(address["host"] or ""):
        return Written(name=name, is_withheld=True)
    is_tel = (address["scheme"] or "").lower() in ("tel", "callto")
    if not is_tel and address["host"] is None and "." in user:
        return Written(name=name)  # a host alone
    number, is_loose = _plain(user if is_tel else user.partition(":")[0], country)
    if is_loose and not (is_tel or _IS_PHONE.search(own + rest)):
        return Written(name=name)
    if (context := _CONTEXT.search(own)) and not number.startswith("+"):
        number = context[1] + number
    return Written(name=name, number=number, is_loose=is_loose)


def _plain(core: str, country: str) -> tuple[str, bool]:
    """The number without what stands behind and before it, and whether letters did that only a
    valid number outweighs."""
    core = _unspoilt(_HIDING.sub("", core.strip()).strip())
    for behind in (_EXTENSION, _PAUSED, _KEYED):
        short = behind.sub("", core)
        if short != core and _digits_in(short) >= ENOUGH and (behind is not _KEYED or _LOOKS_LIKE_ONE.match(short)):
            core = short
    core = _without_hiding(core, country)
    if _LOOKS_LIKE_ONE.match(core):
        return core, False
    if _VANITY.match(core) and 2 <= _digits_in(re.split(r"[A-Za-z]", core)[0]) < ENOUGH:
        return _on_keys(core, country), True
    bare = _REMARK.sub("", _LABEL.sub("", core, count=1))
    return (bare, True) if _digits_in(bare) >= ENOUGH and _LOOKS_LIKE_ONE.match(bare) else ("", False)


def _on_keys(core: str, country: str) -> str:
    """A number with letters in it as it is keyed in; a word that is longer than the number is cut,
    as telephones do."""
    keyed = phonenumbers.convert_alpha_characters_in_number(core)
    try:
        number = phonenumbers.parse(keyed, country)
    except phonenumbers.NumberParseException:
        return ""
    is_cut = phonenumbers.truncate_too_long_number(number)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if is_cut else ""


def _unspoilt(core: str) -> str:
    """A number that went through a spreadsheet as one, if every digit of it is still there; else
    nothing."""
    if found := _EXACT.match(core):
        return found[1]
    if found := _FLOAT.match(core.replace(",", ".")):
        digits, exponent = len(found[1].rstrip("0")), int(found[2])
        is_whole = digits <= exponent <= len(found[1]) and exponent <= 15
        return str(int(Decimal(core.replace(",", ".")))) if is_whole else ""
    return core


def _without_hiding(core: str, country: str) -> str:
    """Without the digits that hide or show one's own number in this country, where a number stands
    behind them."""
    for prefix in _HIDING_IN.get(country, ()):
        rest = core.removeprefix(prefix).strip()
        if rest != core and _is_valid(rest, country) and not _is_valid(core, country):
            return rest
    return core


def _is_valid(text: str, country: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, country))
    except phonenumbers.NumberParseException:
        return False


def _only_number(text: str) -> str:
    return text if _LOOKS_LIKE_ONE.match(text) else ""


def _digits_in(text: str) -> int:
    return sum(sign.isdigit() for sign in text)


def _tidy_name(text: str) -> str:
    """A display name (RFC 3261 §25.1) without its quotes; nothing where it is a number or says that
    none is shown."""
    name = re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text
    name = " ".join(name.split())
    return "" if _LOOKS_LIKE_ONE.match(name) or withheld.is_mark(name) else name


def _in_ascii(text: str) -> str:
    if text.isascii():
        return text
    plain = "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)
    return plain.replace("＋", "+").replace("\xa0", " ")
