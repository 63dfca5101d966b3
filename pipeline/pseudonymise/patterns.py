"""Finds what has a shape: numbers with a check, addresses on the net, dates.

Amounts of money stay: an amount is what these discussions are about (norms, debts, rent), and it singles nobody out
without the names, places and dates around it, which do go.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stdnum import iban
from stdnum.nl import bsn

from pipeline.pseudonymise.votes import PATTERN, Vote
from pipeline.pseudonymise.words import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UNITS = "nul|een|één|twee|drie|vier|vijf|zes|zeven|acht|negen"
_TEENS = "tien|elf|twaalf|dertien|veertien|vijftien|zestien|zeventien|achttien|negentien"
_TENS = "twintig|dertig|veertig|vijftig|zestig|zeventig|tachtig|negentig"
_NUMBER = rf"(?:(?:(?:{_UNITS})\s?(?:en|ën)\s?)?(?:{_TENS})|{_TEENS}|{_UNITS})"
NUMBER_WORD = rf"(?:{_NUMBER}|(?:{_UNITS})(?:en|ën)(?:{_TENS})|(?:{_UNITS})\s?(?:tien))"
"""A number up to a hundred, written out, also as a recogniser cuts it up."""
_DAY = rf"(?:\d{{1,2}}(?:e|ste|de)?|{NUMBER_WORD}(?:de|ste)?|eerste|derde|achtste)"
_MONTH = r"(?:januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december)"
_SHORT_MONTH = r"(?:jan|feb|febr|mrt|apr|jun|jul|aug|sep|sept|okt|nov|dec)\.?"
_YEAR = (
    rf"(?:(?:19|20)\d\d|['’`]\d\d|(?:negentien(?:\s?honderd)?|twee\s?duizend)(?:\s?(?:en\s)?{NUMBER_WORD})?"
    rf"|twintig\s(?:{_TEENS}|(?:(?:{_UNITS})\s?(?:en|ën)\s?)?(?:{_TENS})))"
)

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}+\s?@\s?[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_SPOKEN_EMAIL = re.compile(
    r"\b\w+(?:\s+(?:punt|streepje|underscore|liggend streepje)\s+\w+)*\s+(?:apenstaart(?:je)?|apestaart(?:je)?|at)"
    r"\s+\w+(?:\s+(?:punt|streepje)\s+\w+)+",
    re.IGNORECASE,
)
_URL = re.compile(
    r"\bhttps?://\S+|\bwww\.[^\s,;)]+|(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.(?:nl|com|org|net|eu|be|de|info|frl)\b\b(?:/[^\s,;)]*)?"
    r"|\b(?:www|w w w)\s+punt\s+\w+(?:\s+punt\s+\w+)*",
    re.IGNORECASE,
)
_IBAN_DUTCH = re.compile(r"\bNL[ .-]?\d{2}[ .-]?[A-Z]{4}(?:[ .-]?\d){10}(?!\d)", re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ .-]?[A-Z0-9]{4}){2,7}(?:[ .-]?[A-Z0-9]{1,3})?\b", re.IGNORECASE)
_NINE_DIGITS = re.compile(r"(?<![\d,.])\d(?:[ .-]?\d){8}(?![\d]|,\d)")
_BSN_CUE = re.compile(
    r"\b(?:bsn|b s n|burgerservicenummer|burger service nummer|sofinummer)(?:[- ]?nummer)?\W{1,3}"
    r"(?:(?:is|was|van \w+ is)\W)?"
    rf"((?:\d[ .-]?){{7,8}}\d|(?:{NUMBER_WORD}\s+){{5,}}{NUMBER_WORD})",
    re.IGNORECASE,
)
_MOBILE = re.compile(r"(?<![\d.,])(?:(?:\+|00)31[\s-]?(?:\(0\)\s?)?|0[\s-]?)6(?:[\s.-]{0,3}\d){6,8}(?!\d)")
_LANDLINE = re.compile(
    r"(?<![\d.,])(?:\(?0[1-9]\d{1,2}\)?|(?:\+|00)31[\s-]?(?:\(0\)\s?)?[1-9]\d{1,2})(?:[\s./-]{0,3}\d){6,7}(?!\d)"
)
_FOREIGN = re.compile(r"(?<!\w)\+\d{2,3}(?:[\s.-]?\d){7,11}(?!\d)")
_SPOKEN_PHONE = re.compile(
    rf"\b(?:(?:nul|plus)\s+(?:{NUMBER_WORD})(?:[\s,-]+{NUMBER_WORD}){{4,}}|06[\s,-]+(?:{NUMBER_WORD})(?:[\s,-]+{NUMBER_WORD}){{3,}})\b",
    re.IGNORECASE,
)
_POSTCODE = re.compile(r"(?<![\d.,€-])(?<!€ )([1-9]\d{3})\s?([A-Za-z]{2})\b")
_PLATE_GROUPS = (
    r"[A-Z]{2}-\d{2}-\d{2}|\d{2}-\d{2}-[A-Z]{2}|\d{2}-[A-Z]{2}-\d{2}|[A-Z]{2}-\d{2}-[A-Z]{2}|[A-Z]{2}-[A-Z]{2}-\d{2}"
    r"|\d{2}-[A-Z]{2}-[A-Z]{2}|\d{2}-[A-Z]{3}-\d|\d-[A-Z]{3}-\d{2}|[A-Z]{2}-\d{3}-[A-Z]|[A-Z]-\d{3}-[A-Z]{2}"
    r"|[A-Z]{3}-\d{2}-[A-Z]|[A-Z]-\d{2}-[A-Z]{3}|\d-[A-Z]{2}-\d{3}|\d{3}-[A-Z]{2}-\d"
)
_PLATE = re.compile(rf"(?<![\w-])(?:{_PLATE_GROUPS})(?![\w-])", re.IGNORECASE)
_PLATE_SPACED = re.compile(rf"(?<![\w-])(?:{re.sub('(?<!A)-', ' ', _PLATE_GROUPS)})(?![\w-])", re.IGNORECASE)
_PLATE_CUE = re.compile(r"\bkenteken\W+(?:(?:is|was)\W+)?((?:[a-z0-9][ -]?){5}[a-z0-9])\b", re.IGNORECASE)
_DATE_NUMERIC = re.compile(
    r"(?<![\d/.,-])(?:(?:[12]?\d|3[01]|0\d)([-/. ])(?:0?[1-9]|1[0-2])\1(?:(?:19|20)\d\d|['’`]?\d\d)"
    r"|(?:19|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\2(?:[12]\d|3[01]|0?[1-9]))(?![\d/-])"
)
_DATE_WORDS = re.compile(
    rf"\b(?:{_DAY}(?:\s+(?:van\s+)?|-){_MONTH}|\d{{1,2}}(?:\s+|-){_SHORT_MONTH})(?!\w)(?:(?:\s+|-){_YEAR}(?!\d))?",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(
    r"\b(?:januari|februari|april|juni|juli|augustus|september|oktober|november|december)\s+\d{1,2}(?:e|ste|de)?\b(?!\s*(?:euro|jaar|uur))",
    re.IGNORECASE,
)
_BORN = re.compile(
    rf"\b(?:geboren|geboortejaar|geboortedatum|gebore|bouwjaar|jaargang)\W+(?:(?:in|op|is|van|uit|anno)\s+)*((?:{_MONTH}\s+)?{_YEAR})(?!\d)",
    re.IGNORECASE,
)
_OF_YEAR = re.compile(r"\b(?:van|uit)\s+(['’`]\d\d)(?!\d)")
_POSTBOX = re.compile(r"\bpostbus\s+\d{1,5}\b", re.IGNORECASE)
_NUMBER_CUE = re.compile(
    r"\b(?:dossier|zaak|klant|cli[eë]nt|polis|relatie|registratie|rekening|kvk|vergunning|document|paspoort|patient|patiënt"
    r"|kenmerk|referentie|beschikking|v)[- ]?(?:nummer|nr\.?|kenmerk)?\W{1,3}(?:(?:is|was|met|nummer|nr\.?)\W){0,2}"
    r"((?:[A-Z]{1,4}[-./ ]?)?\d++(?:[-./ ]\d++|[-./]?[A-Z]{1,4}[-./]?\d++|[-/][A-Z]{1,4}\b)*+)(?!\d|,\d)",
    re.IGNORECASE,
)
_LONG_NUMBER = re.compile(r"(?<![\d,.€-])\d(?:[ .-]?\d){6,40}(?!,\d)")
_MONEY_AFTER = re.compile(r"\s?(?:euro|eur\b|€|gulden|duizend|miljoen|miljard|,-)", re.IGNORECASE)
_MONEY_BEFORE = re.compile(r"(?:€|euro|eur)\s?$", re.IGNORECASE)
_TWO_LETTER_WORDS = frozenset(
    [
        "en",
        "in",
        "is",
        "of",
        "op",
        "om",
        "te",
        "de",
        "we",
        "ze",
        "je",
        "ik",
        "al",
        "na",
        "nu",
        "zo",
        "er",
        "uw",
        "km",
        "mm",
        "cm",
        "kg",
        "ha",
        "pk",
        "kw",
        "eu",
        "vs",
        "vn",
        "nl",
        "be",
        "uk",
        "us",
        "pa",
        "ma",
        "ja",
        "er",
        "ie",
        "ge",
        "gy",
        "jr",
        "dr",
        "mg",
        "ml",
        "gr",
        "jij",
        "tv",
        "pc",
        "ca",
    ]
)
_YEAR_LIKE = range(1900, 2100)
_ON_NUMBER = re.compile(
    rf"\b(?:woon|wonen|woont|woonde|woonden|zit|zitten|huis|buren|buurman|buurvrouw)\b[^.!?;]{{0,40}}?"
    rf"\b(?:op|van|naast)\s+nummer\s+(\d{{1,4}}(?:\s?[a-z](?!\w))?|(?!(?:een|één)\b){NUMBER_WORD})(?!\w)",
    re.IGNORECASE,
)
_VOWELS = frozenset("aeiou")
_SPACED_MEASURES = frozenset({"mrt", "pgb", "sms", "nrs"})


def _valid_iban(raw: str) -> bool:
    return bool(iban.is_valid(re.sub(r"[ .-]", "", raw)))


def _valid_bsn(raw: str) -> bool:
    return bool(bsn.is_valid(re.sub(r"[ .-]", "", raw)))


def _ten_digits(raw: str) -> bool:
    digits = re.sub(r"\D", "", raw)
    return len(digits) == 10 or digits.startswith(("31", "0031"))  # noqa: PLR2004 - a Dutch number has ten


def _always(raw: str) -> bool:
    return bool(raw)


def _postcode(raw: str) -> bool:
    digits, letters = raw[:4], raw[-2:]
    if letters.upper() in {"SA", "SD", "SS"}:
        return False
    if int(digits) in _YEAR_LIKE and " " in raw and not letters.isupper():
        return False
    return letters.lower() not in _TWO_LETTER_WORDS or (letters.isupper() and int(digits) not in _YEAR_LIKE)


def _number(raw: str) -> bool:
    head = raw.partition(" ")[0]
    if head.islower() and head in _TWO_LETTER_WORDS:
        return False
    return sum(char.isdigit() for char in raw) >= 4  # noqa: PLR2004 - shorter ones tell nothing


def _spaced_plate(raw: str) -> bool:
    """Tell whether groups with spaces are a plate; in small letters plates have no vowels and words nearly always."""
    if raw.isupper():
        return True
    groups = [group.lower() for group in raw.split() if group.isalpha()]
    return not any(_VOWELS & set(group) or group in _TWO_LETTER_WORDS or group in _SPACED_MEASURES for group in groups)


_RULES: tuple[tuple[str, re.Pattern[str], int, Callable[[str], bool]], ...] = (
    ("EMAIL", _EMAIL, 0, _always),
    ("EMAIL", _SPOKEN_EMAIL, 0, _always),
    ("URL", _URL, 0, _always),
    ("IBAN", _IBAN_DUTCH, 0, _valid_iban),
    ("IBAN", _IBAN, 0, _valid_iban),
    ("NUMMER", _IBAN_DUTCH, 0, _always),
    ("BSN", _NINE_DIGITS, 0, _valid_bsn),
    ("BSN", _BSN_CUE, 1, _always),
    ("TELEFOON", _MOBILE, 0, _always),
    ("TELEFOON", _LANDLINE, 0, _ten_digits),
    ("TELEFOON", _FOREIGN, 0, _always),
    ("TELEFOON", _SPOKEN_PHONE, 0, _always),
    ("POSTCODE", _POSTCODE, 0, _postcode),
    ("KENTEKEN", _PLATE, 0, _always),
    ("KENTEKEN", _PLATE_SPACED, 0, _spaced_plate),
    ("KENTEKEN", _PLATE_CUE, 1, _always),
    ("DATUM", _DATE_NUMERIC, 0, _always),
    ("DATUM", _DATE_WORDS, 0, _always),
    ("DATUM", _MONTH_FIRST, 0, _always),
    ("DATUM", _BORN, 1, _always),
    ("DATUM", _OF_YEAR, 1, _always),
    ("ADRES", _POSTBOX, 0, _always),
    ("ADRES", _ON_NUMBER, 1, _always),
    ("NUMMER", _NUMBER_CUE, 1, _number),
    ("NUMMER", _LONG_NUMBER, 0, _always),
)
_MAY_BE_MONEY = frozenset({"BSN", "NUMMER", "TELEFOON"})


def find_patterns(text: str) -> tuple[Vote, ...]:
    """Find everything with a known shape; where two shapes overlap the one named first in the rules stays."""
    taken = [match.span() for match in PLACEHOLDER.finditer(text)]
    votes = []
    for kind, pattern, group, check in _RULES:
        for start, end in _matches(pattern, group, check, text):
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            if kind in _MAY_BE_MONEY and (_MONEY_AFTER.match(text, end) or _MONEY_BEFORE.search(text[:start])):
                continue
            taken.append((start, end))
            votes.append(Vote(start, end, kind, PATTERN))
    return tuple(votes)


def _matches(
    pattern: re.Pattern[str], group: int, check: Callable[[str], bool], text: str
) -> Iterator[tuple[int, int]]:
    for match in pattern.finditer(text):
        if check(match.group(group)):
            yield match.span(group)
