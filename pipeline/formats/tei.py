"""Read TEI as parliaments use it (ParlaMint): `<u who="#Anna">` with `<seg>`, notes and a list of speakers.

Every `<u>` is a turn. Notes that are no speech ("<note type="speaker">") go to `header`; incidents, vocal sounds,
gaps and pauses become events. Names come from the `<person>` elements of the header, where the file has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from pipeline.domain.transcript import Speaker
from pipeline.formats.clock import in_range
from pipeline.formats.intake import local
from pipeline.formats.marks import tidy
from pipeline.formats.speakers import functie_of
from pipeline.formats.turns import Aside, Piece

if TYPE_CHECKING:
    from collections.abc import Mapping

_ID = "{http://www.w3.org/XML/1998/namespace}id"
_MARKS = {"gap": "[onverstaanbaar]", "pause": "[pauze]", "unclear": "[onverstaanbaar]"}
_SOUNDS = frozenset({"vocal", "incident", "kinesic"})
_NAME_PARTS = ("forename", "nameLink", "surname")
_CHAIR = frozenset({"chair", "chairperson"})


def read_tei(root: etree._Element, aside: Aside) -> list[Piece]:
    """Give the turns of a TEI file.

    Args:
        root: root of the XML.
        aside: gets speakers, names and header.
    """
    people = {str(person.get(_ID)): person for person in root.iter() if local(person) == "person" and person.get(_ID)}
    times = _timeline(root)
    pieces: list[Piece] = []
    for element in root.iter():
        if local(element) == "u":
            pieces.append(_turn(element, times))
            _describe(element, people, aside)
        elif (local(element) in ("note", "head") and not _within_talk(element)) or local(element) == "title":
            aside.header.append(" ".join(str(text) for text in element.itertext()))
    speaking = {piece.label for piece in pieces}
    aside.known_names += [
        name for identity, person in people.items() if identity not in speaking for name in _names(person)
    ]
    return pieces


def _within_talk(element: etree._Element) -> bool:
    return any(local(above) == "u" for above in element.iterancestors())


def _turn(element: etree._Element, times: Mapping[str, float]) -> Piece:
    label = _label(element)
    start = _time(element.get("start"), times)
    return Piece(label, _words(element), start, _time(element.get("end"), times))


def _label(element: etree._Element) -> str | None:
    return str(element.get("who") or "").split(" ")[0].removeprefix("#") or None


def _words(element: etree._Element) -> str:
    """Give the words of an utterance; events become marks between brackets, which `marks` takes out again."""
    pieces: list[str] = []
    walker = etree.iterwalk(element, events=("start", "end"))
    for event, part in walker:
        name = local(part)
        if event == "end":
            if part is not element and part.tail:
                pieces.append(part.tail)
            pieces.append(" " if name in ("seg", "p") else "")
        elif name in _SOUNDS or name == "note" or (name in _MARKS and name != "unclear"):
            pieces.append(_mark(part, name))
            walker.skip_subtree()
        elif part.text:
            pieces.append(part.text)
    return "".join(pieces)


def _mark(part: etree._Element, name: str) -> str:
    said = tidy(" ".join(str(text) for text in part.itertext())).strip("[]()")
    return _MARKS.get(name, f"[{said or 'geluid'}]".replace("\n", " "))


def _timeline(root: etree._Element) -> dict[str, float]:
    """Give seconds for the moments of a `<timeline>` with intervals in seconds."""
    times: dict[str, float] = {}
    for when in (found for found in root.iter() if local(found) == "when"):
        identity, interval = when.get(_ID), when.get("interval")
        try:
            seconds = in_range(float(str(interval))) if identity and interval else None
        except ValueError:
            seconds = None
        if seconds is not None:
            times[str(identity)] = seconds + times.get(str(when.get("since") or "").removeprefix("#"), 0.0)
    return times


def _time(reference: str | None, times: Mapping[str, float]) -> float | None:
    return times.get(str(reference or "").removeprefix("#"))


def _names(person: etree._Element) -> list[str]:
    """Give the full name of a person in natural order, the surname, and names given whole."""
    parts = {kind: [tidy(part.text or "") for part in person.iter() if local(part) == kind] for kind in _NAME_PARTS}
    surname = " ".join((*parts["nameLink"], *parts["surname"]))
    whole = [tidy(part.text or "") for part in person.iter() if local(part) in {"persName", "name"}]
    return [
        name for name in dict.fromkeys((tidy(" ".join((*parts["forename"], surname))), tidy(surname), *whole)) if name
    ]


def _describe(element: etree._Element, people: Mapping[str, etree._Element], aside: Aside) -> None:
    label = _label(element)
    if not label or label in aside.speakers:
        return
    names = _names(people[label]) if label in people else []
    role = str(element.get("ana") or "").removeprefix("#").casefold()
    aside.speakers[label] = Speaker(
        label=label,
        name=names[0] if names else None,
        functie=functie_of(role),
        gespreksrol="gespreksleider" if role in _CHAIR else None,
        also=tuple(names[1:]),
    )
