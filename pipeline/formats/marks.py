"""Take the marks of a transcriber ("[lacht]", "(onverstaanbaar)", "//") out of the words and keep them as events.

Rules (`domain.md` 7.3):

- What stays in the words: placeholders ("[NAAM]", "[PLAATS_1]", "[naam cliënt]"), a plain ellipsis (it may be a
  break-off, a pause or left-out text) and remarks in round brackets that are no known mark ("(dat is de oude wet)"):
  people write those as part of a sentence.
- What goes: known marks in any brackets; every other short remark in square brackets is a sound ("[telefoon gaat]").
- A time stamp in brackets in the middle of a turn goes without an event: it marks a moment, not something heard.

All expressions are linear: no part can match the same text in two ways.
"""

from __future__ import annotations

import re
import unicodedata

from pipeline.domain.transcript import Event, EventKind
from pipeline.formats.clock import BRACKETED

MAX_REMARK = 100
"""Longest remark in brackets, in characters; longer ones stay in the text."""
MOST_SPACES_IN_ASIDE = 4
"""A remark in round brackets with more words than five is part of what was said, whatever words are in it."""

_MARK = re.compile(
    rf"(?P<stamp>{BRACKETED})"
    rf"|(?P<double>\(\([^()\n]{{1,{MAX_REMARK}}}\)\))"
    rf"|(?P<square>\[[^\[\]\n]{{0,{MAX_REMARK}}}\])"
    rf"|(?P<round>\([^()\n]{{1,{MAX_REMARK}}}\))"
    r"|(?P<star>(?<!\w)[*<][^\W\d_][^*<>\n]{0,40}[*>](?!\w))"
    r"|(?P<xxx>\b[xX]{3,}\b)"
    r"|(?P<slashes>(?<![:/\w])//(?!/))"
    r"|(?P<music>♪+)"
)
_PLACEHOLDER = re.compile(r"(?:[A-ZÀ-Þ][A-ZÀ-Þ0-9]*)(?:[ _&/-]+[A-ZÀ-Þ0-9]+)*")
_PLACEHOLDER_WORDS = frozenset(
    [
        "naam",
        "namen",
        "voornaam",
        "achternaam",
        "roepnaam",
        "plaats",
        "plaatsnaam",
        "woonplaats",
        "maand",
        "datum",
        "dag",
        "jaar",
        "jaartal",
        "straat",
        "straatnaam",
        "adres",
        "postcode",
        "gemeente",
        "stad",
        "dorp",
        "wijk",
        "land",
        "organisatie",
        "instelling",
        "bedrijf",
        "werkgever",
        "school",
        "club",
        "vereniging",
        "leeftijd",
        "geboortedatum",
        "bedrag",
        "nummer",
        "telefoonnummer",
        "functie",
        "persoon",
        "cliënt",
        "client",
        "klant",
        "kind",
        "partner",
        "familie",
        "prof",
        "arts",
        "huisarts",
        "organisatienaam",
        "bedrijfsnaam",
        "anoniem",
        "geanonimiseerd",
        "weggelaten",
        "diagnose",
        "ziekte",
        "medicijn",
        "ziekenhuis",
        "nationaliteit",
    ]
)
_WORDS: tuple[tuple[EventKind, str], ...] = (
    (
        EventKind.ONVERSTAANBAAR,
        (
            r"(?:\w+ ){0,3}(?:onverstaanbaar|onverstaanbare?|onduidelijk|niet te verstaan|niet te horen|onhoorbaar|"
            r"inaudible|"
            r"unclear|unintelligible|slecht verstaanbaar|moeilijk te verstaan|n\.?t\.?v\.?)(?:\W.*)?|[?]+|[xX]{3,}"
        ),
    ),
    (
        EventKind.DOOR_ELKAAR,
        (
            r"(?:\w+ ){0,4}(?:door elkaar|door elkaar heen|doorelkaar|door mekaar|kruisgesprek|crosstalk|"
            r"tegelijk|tegelijkertijd)(?:\W.*)?"
        ),
    ),
    (EventKind.OVERLAP, r"(?:overlap|overlappend|overlapping|//)(?:\W.*)?|//"),
    (
        EventKind.LACHEN,
        (
            r"(?:\w+ ){0,3}(?:lacht|lachen|lachend|gelach|gelachen|lachje|grinnikt|gegrinnik|giechelt|schatert|"
            r"laughs?|laughter|laughing)(?:\W.*)?"
        ),
    ),
    (EventKind.ZUCHT, r"(?:\w+ ){0,3}(?:zucht|zuchten|zuchtend|gezucht|sighs?)(?:\W.*)?"),
    (EventKind.STILTE, r"(?:\w+ ){0,3}(?:stilte|silence|stil)(?:\W.*)?"),
    (
        EventKind.PAUZE,
        (
            r"[.…\s]+|(?:\w+ ){0,3}(?:pauze|pause|pauzeert)(?:\W.*)?|\d{0,3}[.,]\d|"
            r"\d{1,3}(?:[.,]\d)?\s?(?:s|secs?\.?|seconden|seconds?)"
        ),
    ),
)
_SOUND = re.compile(
    r"(?:\w+ )?(?:bladert|geblader|hoest|gehoest|kucht|gekuch|knikt|niest|snikt|huilt|snuit|fluit|fluistert|klopt|"
    r"geklop|tikt|"
    r"schraapt|schuift|telefoon|gsm|deurbel|deur|applaus|geroffel|muziek|geluid|geluiden|rumoer|geroezemoes|lawaai|ruis|"
    r"gebaar|gebaart|wijst|schudt|noise|music|applause|coughs?)(?: \S+){0,4}",
    re.IGNORECASE,
)
_KINDS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _WORDS)
_SPACES = re.compile(r"\s+")
_UNSEEN = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ud800-\udfff\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"
)
_CLOSING = ",.;:?!)"
_MAY_MARK = re.compile(r"[\[(#*<♪]|//|[xX]{3}")


def tidy(text: str) -> str:
    """Make text plain: composed letters, ordinary single spaces, no invisible or lone surrogate characters."""
    text = _UNSEEN.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return _SPACES.sub(" ", text).strip()


def extract(text: str) -> tuple[str, tuple[Event, ...]]:
    """Split text into words and events.

    Args:
        text: what stands in one turn, label removed.

    Returns:
        The words, tidied, and the events in order; their positions are code points in the words.
    """
    text = tidy(text)
    if not _MAY_MARK.search(text):
        return text, ()
    words = _Words()
    events: list[Event] = []
    position = 0
    for match in _MARK.finditer(text):
        kind = _kind(match)
        if kind is None and match.lastgroup != "stamp":
            continue
        words.add(text[position : match.start()])
        position = match.end()
        if kind is not None:
            events.append(Event(kind, words.length, match.group()))
    words.add(text[position:])
    joined = "".join(words.pieces)
    return joined, tuple(_settled(event, joined) for event in events)


class _Words:
    """Words between marks, put together with at most one space between and none before punctuation."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.length = 0
        self._space = False

    def add(self, chunk: str) -> None:
        """Put a piece behind what is there."""
        body = chunk.strip()
        if not body:
            self._space = self._space or bool(chunk)
            return
        if self.pieces:
            spaced = self._space or chunk[0] == " " or (self.pieces[-1][-1].isalnum() and body[0].isalnum())
            if spaced and (body[0] not in _CLOSING or body.startswith("..")):
                body = " " + body
        self.pieces.append(body)
        self.length += len(body)
        self._space = chunk[-1] == " "


def _settled(event: Event, words: str) -> Event:
    """Move an event over the space that was put before the next words."""
    skip = event.at < len(words) and words[event.at] == " "
    return Event(event.kind, event.at + 1, event.mark) if skip else event


_UNBRACKETED = {"xxx": EventKind.ONVERSTAANBAAR, "slashes": EventKind.OVERLAP, "music": EventKind.GELUID}


def _kind(match: re.Match[str]) -> EventKind | None:
    """Say what a mark is; `None` when it is no event."""
    group = match.lastgroup or ""
    if group == "stamp" or group in _UNBRACKETED:
        return _UNBRACKETED.get(group)
    inner = _SPACES.sub(" ", match.group().strip("()[]*<>")).strip()
    known = known_mark(inner)
    if known is not None:
        return None if group == "round" and inner.count(" ") > MOST_SPACES_IN_ASIDE else known
    remark = group == "square" and any(char.isalpha() for char in inner) and not is_placeholder(inner)
    return EventKind.GELUID if remark else None


def known_mark(inner: str) -> EventKind | None:
    """Give the kind of a known mark, without its brackets; `None` for other words."""
    for kind, pattern in _KINDS:
        if pattern.fullmatch(inner):
            return kind
    return EventKind.GELUID if _SOUND.fullmatch(inner) else None


def is_placeholder(inner: str) -> bool:
    """Tell whether what stands in square brackets is a placeholder ("NAAM", "PLAATS_1", "naam cliënt")."""
    first = re.split(r"[\s_0-9:./-]", inner, maxsplit=1)[0].casefold()
    return bool(_PLACEHOLDER.fullmatch(inner)) or first in _PLACEHOLDER_WORDS
