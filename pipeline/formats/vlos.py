"""Read the record of a meeting of the Tweede Kamer (VLOS XML).

Who speaks: every `<woordvoerder>` (who has the floor) and every `<interrumpant>` (who breaks in, nested in the
former) carries one `<spreker>`, begin and end times and its own `<tekst>`. Each of these elements with words is a
turn, in the order of the document: on 15 October 2014 that is 288 + 316 = 604 turns. Speakers are told apart by the
`objectid` of their `<spreker>`, which is the person: 36 on that day. The chair speaks as `<interrumpant>` inside the
floor of others (`isvoorzitter` is true) under the own name; four people held the chair that day, 88 of the turns.

The first `<alineaitem>` of a turn repeats the speaker ("De heer **Klaver** (GroenLinks):", "De **voorzitter**:"); it
is recognised by its bold and its colon and left out. Four turns of the chair lack it. What stands in the clerk's
script (`<draadboekfragment>`: motions, "De vergadering wordt geschorst") is a document rather than talk and goes to
`header`, as do titles and the list of those present.

Names: label and name come from `<spreker>`; `achternaam` stands there with its prefix behind ("Ark van") and is put
in natural order. Everybody named in any `<spreker>` who does not speak goes to `known_names`. Clock times become
seconds from the start of the meeting (`<vergadering><aanvangstijd>`), or from the first turn where that is earlier or
the only one.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

from pipeline.domain.transcript import Speaker
from pipeline.formats.intake import local
from pipeline.formats.marks import tidy
from pipeline.formats.speakers import functie_of
from pipeline.formats.turns import Aside, Piece

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

SPEAKING = frozenset({"woordvoerder", "interrumpant"})
_NO_TALK = frozenset({"tekst", "titel", "draadboekfragment"})
_PREFIX = re.compile(
    r"(?P<name>\S.{0,80}?) (?P<prefix>(?:(?:van|de|der|den|het|'t|’t|ten|ter|te|von|zu|el|al|la|le|du|da|dos|di|in|op|"
    r"aan|bij|over|uit)(?: |$)){1,4})",
    re.IGNORECASE,
)
_HONORIFICS = re.compile(r"(?:De heer|Mevrouw|Minister|Staatssecretaris|De)\s")
_SHORT_LABEL = 120


def read_vlos(root: etree._Element, aside: Aside) -> list[Piece]:
    """Give the turns of such a record.

    Args:
        root: root of the XML.
        aside: gets speakers, names and header.
    """
    zero = _zero(root)
    people: dict[str, Speaker] = {}
    chairs = _only_chairs(root)
    pieces: list[Piece] = []
    for element in root.iter():
        name = local(element)
        if name in SPEAKING:
            piece = _turn(element, people, chairs, zero)
            if piece:
                pieces.append(piece)
        elif name in _NO_TALK and _above(element) not in SPEAKING and not _inside_script(element):
            aside.header += _paragraphs(element) if name != "titel" else [_words(element)]
        elif name == "draadboekfragment":
            aside.header += _paragraphs(element)
    aside.speakers |= {speaker.label: speaker for speaker in people.values()}
    aside.known_names += _others(root, set(people))
    return pieces


def _above(element: etree._Element) -> str:
    parent = element.getparent()
    return local(parent) if parent is not None else ""


def _inside_script(element: etree._Element) -> bool:
    return local(element) != "draadboekfragment" and any(
        local(above) == "draadboekfragment" for above in element.iterancestors()
    )


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next((child for child in element if local(child) == name), None)


def _value(element: etree._Element, name: str) -> str:
    child = _child(element, name)
    return tidy(child.text or "") if child is not None else ""


def _moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _zero(root: etree._Element) -> dt.datetime | None:
    """Give the moment from which times count: the start of the meeting, or the first turn where that is earlier."""
    meeting = next((found for found in root if local(found) == "vergadering"), root)
    turns = [_moment(_value(found, "markeertijdbegin")) for found in root.iter() if local(found) in SPEAKING]
    moments = [moment for moment in (_moment(_value(meeting, "aanvangstijd")), *turns) if moment]
    return min(moments, default=None)


def _only_chairs(root: etree._Element) -> set[str]:
    """Give the ids of those who speak as chair only."""
    spoken: dict[str, set[str]] = {}
    for element in root.iter():
        person = _child(element, "spreker") if local(element) in SPEAKING else None
        if person is not None:
            spoken.setdefault(_identity(person), set()).add(_value(element, "isvoorzitter"))
    return {identity for identity, values in spoken.items() if values == {"true"}}


def _identity(person: etree._Element) -> str:
    return str(person.get("objectid") or "") or f"{_value(person, 'voornaam')} {_value(person, 'verslagnaam')}"


def _turn(
    element: etree._Element, people: dict[str, Speaker], chairs: set[str], zero: dt.datetime | None
) -> Piece | None:
    talk = _child(element, "tekst")
    paragraphs = _paragraphs(talk, without_label=True) if talk is not None else []
    if not paragraphs:
        return None
    person = _child(element, "spreker")
    speaker = _speaker(person, people, chairs) if person is not None else None
    start, end = (_offset(_moment(_value(element, name)), zero) for name in ("markeertijdbegin", "markeertijdeind"))
    return Piece(speaker.label if speaker else None, "\n".join(paragraphs), start, end)


def _offset(moment: dt.datetime | None, zero: dt.datetime | None) -> float | None:
    return (moment - zero).total_seconds() if moment and zero else None


def _speaker(person: etree._Element, people: dict[str, Speaker], chairs: set[str]) -> Speaker | None:
    identity = _identity(person)
    if identity in people:
        return people[identity]
    name, also = _forms(person)
    if not name:
        return None
    report_name = _value(person, "verslagnaam") or name
    taken = {speaker.label for speaker in people.values()}
    label = next(form for form in (report_name, name, f"{name} ({identity})") if form not in taken)
    role = "gespreksleider" if identity in chairs else None
    people[identity] = Speaker(
        label, name=name, functie=functie_of(_value(person, "functie")), gespreksrol=role, also=also
    )
    return people[identity]


def _forms(person: etree._Element) -> tuple[str, tuple[str, ...]]:
    """Give the full name of a person and the other forms in which the record writes it."""
    surname = _natural(_value(person, "achternaam")) or _value(person, "verslagnaam")
    given = _value(person, "voornaam")
    called = re.fullmatch(r"(?P<given>[^()]{1,60}) \((?P<called>[^()]{1,60})\)", given)
    name = tidy(f"{called['given'] if called else given} {surname}")
    by_call = f"{called['called']} {surname}" if called else ""
    shown = _value(person, "weergavenaam")
    forms = (by_call, surname, _value(person, "verslagnaam"), shown, _natural(shown))
    return name, tuple(form for form in dict.fromkeys(forms) if form and form != name)


def _natural(surname: str) -> str:
    """Put a surname in natural order: "Dijk van" -> "van Dijk", "Haersma Buma van" -> "van Haersma Buma"."""
    bare = re.sub(r"\s*\([^()]*\)", "", surname).strip()
    match = _PREFIX.fullmatch(bare)
    return f"{match['prefix'].strip()} {match['name']}" if match else bare


def _others(root: etree._Element, speaking: set[str]) -> list[str]:
    """Give full names and surnames of everybody the file names who does not speak."""
    names: list[str] = []
    for person in root.iter():
        if local(person) == "spreker" and _identity(person) not in speaking:
            name, also = _forms(person)
            names += [name, *also]
    return list(dict.fromkeys(name for name in names if name))


def _words(element: etree._Element) -> str:
    return tidy("".join(str(text) for text in element.itertext()))


def _paragraphs(element: etree._Element, *, without_label: bool = False) -> list[str]:
    """Give the paragraphs of a text; on request without the label that the first one begins with."""
    items: list[str] = []
    for index, item in enumerate(found for found in element.iter() if local(found) == "alineaitem"):
        words = _words(item)
        if words and not (without_label and index == 0 and _is_label(item, words)):
            items.append(words)
    return items


def _is_label(item: etree._Element, words: str) -> bool:
    bold = any(local(child) == "nadruk" and child.get("type") == "Vet" for child in item)
    return words.endswith(":") and len(words) <= _SHORT_LABEL and (bold or bool(_HONORIFICS.match(words)))


def roots(root: etree._Element) -> Iterator[str]:
    """Give the names of the root and its children, to recognise the format by."""
    yield local(root)
    yield from (local(child) for child in root)
