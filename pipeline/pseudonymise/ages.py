"""Finds ages, which go to the band of ten years that they lie in: "[LEEFTIJD_30]" is somebody of 30 to 39.

A number is an age where the words say so ("47 jaar oud", "is negentien geworden", "een meisje van twaalf", "haar zoon
wordt zes"), and only where nothing behind it makes an hour, an amount, a group or a stretch of time of it. The band is
the number of the placeholder, so that it can be read; an age is nobody, and never stands in the key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.pseudonymise.cues import NO_NOUN, RELATIVES, TITLES
from pipeline.pseudonymise.patterns import NUMBER_WORD
from pipeline.pseudonymise.votes import PATTERN, Vote
from pipeline.pseudonymise.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.pseudonymise.lexicon import Lexicon
    from pipeline.pseudonymise.words import Word

AGE = "LEEFTIJD"
"""Kind of the placeholder; its number is the first year of the band: 0, 10, 20 and so on."""

_UNITS = {
    "nul": 0,
    "een": 1,
    "twee": 2,
    "drie": 3,
    "vier": 4,
    "vijf": 5,
    "zes": 6,
    "zeven": 7,
    "acht": 8,
    "negen": 9,
}
_TEENS = {
    "tien": 10,
    "elf": 11,
    "twaalf": 12,
    "dertien": 13,
    "veertien": 14,
    "vijftien": 15,
    "zestien": 16,
    "zeventien": 17,
    "achttien": 18,
    "negentien": 19,
}
_TENS = {
    "twintig": 20,
    "dertig": 30,
    "veertig": 40,
    "vijftig": 50,
    "zestig": 60,
    "zeventig": 70,
    "tachtig": 80,
    "negentig": 90,
}
_SPLIT_TEN = re.compile(rf"({'|'.join(_UNITS)})\s?en\s?({'|'.join(_TENS)})")
_OLDEST = 119
_NUMBER = rf"(?P<n>1[01]\d|\d{{1,2}}|{NUMBER_WORD})"
_NUMBER_END = r"(?![\w%€]|[-+:/]|[.,]\d)"
_MONTHS = "januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december"
_SOFT = (
    rf"(?:(?:al|nu|net|pas|bijna|nog|geen|ook|inmiddels|ongeveer|toch|dus|dan|zowat|ruim|toen|ondertussen|in(?=\s+(?:{_MONTHS})\b)"
    r"|intussen|morgen|gisteren|vandaag|eindelijk|zelf|maar|eh|uh|nou|straks|volgende?|deze|dit|jaar|week|maand|zomer"
    rf"|{_MONTHS})[ ,]+){{0,4}}"
)
_PRONOUN = r"(?:hij|zij|ze|ie|ik|jij|je|u|die)"
_VERB = r"(?:is|was|wordt|werd|ben|bent|word)"
_CLAUSE_END = (
    r"(?=\s*(?:$|[.;!?,…)\"”]|-)|\s+(?:en|maar|of|dus|want|hoor|nu|toen|geworden|inmiddels|die|ze|zij|hij|ik|met"
    r"|is|was|heeft|woont|zit)\b)"
)
_YEARS = r"(?:\s+(?:jaar|jaren|jr)\b)"
_STRETCH = (
    r"(?!\s+(?:geleden|lang|later|eerder|terug|achter|achtereen|aan|in|op|bij|gewerkt|gewoond|gezeten|getrouwd|samen|weg"
    r"|ziek|thuis|werkloos|bezig|daar|hier|dit|dat|voor|na|onder|garantie|contract|cel|ervaring)\b)"
)
_ALWAYS = (
    re.compile(rf"(?<![\w.,€-]){_NUMBER}{_YEARS}\s+(?:oud|jong)\b", re.IGNORECASE),
    re.compile(rf"(?<![\w.,€-]){_NUMBER}\s+(?:maanden|maand|weken|dagen)\s+oud\b", re.IGNORECASE),
    re.compile(rf"(?<![\w.,€-]){_NUMBER}[- ]?jarige?n?\b", re.IGNORECASE),
    re.compile(rf"(?<!\w)(?<!het )(?<!om ){_NUMBER}\s+geworden\b", re.IGNORECASE),
    re.compile(rf"\b(?:leeftijd|leeftijd van|leeftijd is)\s+{_NUMBER}{_NUMBER_END}{_CLAUSE_END}", re.IGNORECASE),
    re.compile(
        rf"\b{_PRONOUN}\s+{_VERB}\s+{_SOFT}{_NUMBER}{_NUMBER_END}(?:{_YEARS}{_STRETCH}|{_CLAUSE_END})", re.IGNORECASE
    ),
    re.compile(
        rf"\b{_VERB}\s+{_PRONOUN}\s+{_SOFT}{_NUMBER}{_NUMBER_END}(?:{_YEARS}{_STRETCH}|{_CLAUSE_END})", re.IGNORECASE
    ),
)
_AFTER_PERSON = re.compile(
    rf"(?:(?:\s+die|,)?\s+{_VERB}\s+{_SOFT}|\s+van\s+{_SOFT}|,\s+{_SOFT}){_NUMBER}{_NUMBER_END}"
    rf"(?:{_YEARS}{_STRETCH}|{_CLAUSE_END})",
    re.IGNORECASE,
)
_OF_PERSON = re.compile(
    rf"\s+van\s+{_NUMBER}{_NUMBER_END}(?!\s+(?:euro|uur|procent|keer|kilo|gram|liter|meter|centimeter|kilometer|maand\w*"
    r"|week|weken|dag|dagen|duizend|honderd|miljoen|hoog|tot|op de|euro's|jaar)\b)",
    re.IGNORECASE,
)
_MORE = re.compile(
    rf",?\s+(?:en\s+|of\s+)?(?:van\s+)?{_NUMBER}{_NUMBER_END}(?:{_YEARS}{_STRETCH}|{_CLAUSE_END})", re.IGNORECASE
)
_ALMOST = re.compile(rf"(?:^|[.!?]\s+)(?:bijna|nog geen|net)\s+{_NUMBER}{_NUMBER_END}(?=\s*(?:$|[.!?]))", re.IGNORECASE)
_ANSWER = re.compile(rf"^\s*(?:(?:eh|uh|nou|ja|die is|ik denk|volgens mij)[ ,]+)*{_NUMBER}{_NUMBER_END}", re.IGNORECASE)
_ASKED = re.compile(r"\bhoe oud\b|\bwelke leeftijd\b|\b(?:haar|zijn|jouw|uw|hun) leeftijd\b", re.IGNORECASE)
_PEOPLE = frozenset(
    [
        "jongen",
        "jongens",
        "meisje",
        "meisjes",
        "meid",
        "kind",
        "kinderen",
        "kleine",
        "zoon",
        "zoons",
        "zonen",
        "dochter",
        "dochters",
        "dochtertje",
        "zoontje",
        "man",
        "vrouw",
        "baby",
        "peuter",
        "kleuter",
        "puber",
        "tiener",
        "kleinkind",
        "kleinkinderen",
        "kleinzoon",
        "kleindochter",
        "tweeling",
        "oudste",
        "jongste",
        "middelste",
        "hond",
        "kat",
        "dame",
        "heer",
        "jongetje",
        "broertje",
        "zusje",
        "mevrouw",
        "meneer",
        "moeder",
        "vader",
        "client",
        "vriendin",
    ]
)
_PARENTS = frozenset({"moeder", "vader", "oma", "opa", "ouder", "ouders", "pa", "ma"})
_CHILDREN = 13
_HOURS = 25


def is_asked(text: str) -> bool:
    """Tell whether a turn asks for an age, so that a number that opens the next one is an age."""
    return _ASKED.search(text) is not None


def find_ages(text: str, words: tuple[Word, ...], lexicon: Lexicon, *, cased: bool, asked: bool) -> tuple[Vote, ...]:
    """Find the ages in a turn.

    Args:
        text: the turn.
        words: its words.
        lexicon: what is known of words; a name before a number makes an age of it.
        cased: capitals mean something in it.
        asked: the turn before asked for an age.
    """
    found = {match.span("n") for pattern in _ALWAYS for match in pattern.finditer(text)}
    found |= {match.span("n") for match in _ALMOST.finditer(text) if _years(match["n"]) >= _HOURS}
    if asked and (match := _ANSWER.match(text)):
        found.add(match.span("n"))
    for word in words:
        if _is_person(word, lexicon, cased=cased):
            found |= set(_behind_person(text, word))
    for start, end in tuple(found):
        found |= set(_enumerated(text, end)) if start else set()
    ages = sorted((start, end) for start, end in found if _is_age(text[start:end]))
    return tuple(Vote(start, end, band(text[start:end]), PATTERN) for start, end in ages)


def _behind_person(text: str, word: Word) -> Iterator[tuple[int, int]]:
    match = _AFTER_PERSON.match(text, word.end)
    if match is None and word.form in _PEOPLE:
        match = _OF_PERSON.match(text, word.end)
    if match is None:
        return
    joined = match.group().lstrip()
    bare = joined.startswith(",") and not re.match(_YEARS, text[match.end("n") :])
    bare = bare and not re.match(rf",\s+{_VERB}\b", joined)
    brood = word.form in _PARENTS and joined.startswith("van") and _years(match["n"]) < _CHILDREN
    if not brood and not (bare and _years(match["n"]) < _HOURS):
        yield match.span("n")


def _enumerated(text: str, end: int) -> Iterator[tuple[int, int]]:
    """Give the further ages of "kinderen van vier, zes en negen"."""
    while (match := _MORE.match(text, end)) is not None:
        yield match.span("n")
        end = match.end("n")


def _is_person(word: Word, lexicon: Lexicon, *, cased: bool) -> bool:
    form = word.form
    if form in _PEOPLE or form in RELATIVES or (form in TITLES and form not in {"ons", "onze"}):
        return True
    named = lexicon.is_first_name(form) or lexicon.is_surname(form) or form in lexicon.noun_names
    if not cased:
        return lexicon.is_first_name(form) or (lexicon.is_unknown(form) and not lexicon.is_built(form))
    return word.capital and (named or lexicon.is_unknown(form) or (form in lexicon.word_names and form not in NO_NOUN))


def _years(raw: str) -> int:
    """Give the number that a text says, or -1."""
    form = " ".join(fold(raw).split())
    if form.isdigit():
        return int(form)
    joined = _SPLIT_TEN.fullmatch(form)
    if joined:
        return _UNITS[joined[1]] + _TENS[joined[2]]
    form = form.replace(" ", "")
    return (_UNITS | _TEENS | _TENS).get(form, -1)


def _is_age(raw: str) -> bool:
    return 0 < _years(raw) <= _OLDEST and fold(raw) != "een"


def band(raw: str) -> str:
    """Give the pseudonym of an age, without brackets: "LEEFTIJD_30" for "34"."""
    return f"{AGE}_{_years(raw) // 10 * 10}"
