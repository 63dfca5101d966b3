"""Who is in a session: the table that says which label is whom, and who else is spoken about.

One row a person. With `spreker` filled the person speaks under that label; without it the person is only spoken about,
and `naam` and `soort` tell who that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pipeline.domain.transcript import FUNCTIES, GESPREKSROLLEN, GROEPEN, PERSON_KINDS, Person, Roster, Speaker
from pipeline.formats.findings import Findings, instead_of, one_of
from pipeline.formats.sheets import Columns, Row, Sheet, read_sheet
from pipeline.formats.speakers import functie_of, gespreksrol_of, read_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

COLUMNS: Final = Columns(required=("spreker", "naam"), optional=("functie", "gespreksrol", "groep", "soort", "ook"))
_OF_SPEAKERS: Final = ("functie", "gespreksrol", "groep")
_GROUPS: Final = {
    "klant": "klant",
    "client": "klant",
    "cliënt": "klant",
    "inwoner": "klant",
    "sociale professional": "sociale_professional",
    "sociaal professional": "sociale_professional",
    "sociaal werker": "sociale_professional",
    "professional": "sociale_professional",
    "klantmanager": "klantmanager",
}


def read_roster(path: Path) -> Roster:
    """Read who takes part in a session and who is spoken about, from CSV or XLSX.

    Args:
        path: the table, with the columns spreker, naam, functie, gespreksrol, groep, soort and ook (the last five
            may be left out); `ook` holds other forms of the name, separated by "|".

    Raises:
        InputError: with all problems at once: columns, words that are no function, role, group or kind, double labels
            and persons, rows without a name.
    """
    findings = Findings()
    sheet = read_sheet(path, path.name, COLUMNS, findings)
    roster = _roster(sheet, path.name, findings) if sheet else Roster()
    findings.stop_if_any()
    return roster


def _roster(sheet: Sheet, place: str, findings: Findings) -> Roster:
    if not set(COLUMNS.required) <= set(sheet.columns):
        return Roster()  # reported already, and no row can be understood without them
    if not sheet.rows:
        findings.add(place, "de tabel heeft geen rijen", "Zet elke spreker op een eigen rij.")
    speaking = [row for row in sheet.rows if row.get("spreker")]
    spoken_about = [row for row in sheet.rows if not row.get("spreker")]
    _report_repeats(speaking, "spreker", lambda row: _label(row.get("spreker")).casefold(), findings)
    _report_repeats(spoken_about, "naam", lambda row: (row.get("naam").casefold(), row.get("soort").upper()), findings)
    return Roster(
        speakers=tuple(_speaker(row, findings) for row in speaking),
        persons=tuple(_person(row, findings) for row in spoken_about),
    )


def _speaker(row: Row, findings: Findings) -> Speaker:
    if row.get("soort"):
        findings.add(
            row.place_of("soort"),
            "deze persoon heeft een spreker én een soort",
            "Laat 'soort' leeg voor wie spreekt, of laat 'spreker' leeg voor wie alleen genoemd wordt.",
        )
    return Speaker(
        label=_label(row.get("spreker")),
        name=row.get("naam") or None,
        functie=_word(row, "functie", _functie, FUNCTIES, findings),
        gespreksrol=_word(row, "gespreksrol", _gespreksrol, GESPREKSROLLEN, findings),
        groep=_word(row, "groep", _groep, GROEPEN, findings),
        also=_also(row),
    )


def _person(row: Row, findings: Findings) -> Person:
    if not row.get("naam"):
        cure = "Vul de naam in, of vul 'spreker' in als deze persoon spreekt."
        findings.add(row.place_of("naam"), "de naam ontbreekt", cure)
    kind = row.get("soort").upper()
    if kind not in PERSON_KINDS:
        found = "dit is geen soort persoon" if kind else "de soort ontbreekt bij iemand zonder spreker"
        cure = f"Kies {one_of(PERSON_KINDS)}; vul 'spreker' in als deze persoon spreekt."
        findings.add(row.place_of("soort"), found, cure)
    for column in _OF_SPEAKERS:
        if row.get(column):
            found = f"iemand zonder spreker heeft een {column}"
            findings.add(row.place_of(column), found, "Laat de cel leeg, of vul 'spreker' in als deze persoon spreekt.")
    return Person(name=row.get("naam"), kind=kind, also=_also(row))


def _word(
    row: Row, column: str, normal: Callable[[str], str | None], choices: tuple[str, ...], findings: Findings
) -> str | None:
    """Bring a word back to one of the choices; `None` when the cell is empty."""
    written = row.get(column)
    if not written:
        return None
    value = normal(written)
    if value is None:
        found = f"dit is geen bekende {column}"  # not what was written: in a shifted row that is a name
        findings.add(row.place_of(column), found, f"{instead_of(written, choices, 'Kies uit')} Of laat de cel leeg.")
    return value


def _label(written: str) -> str:
    """Give a label as the readers of transcripts give it: "R1 (klantmanager)" is "R1"."""
    label = read_label(written)
    return label.base if label else written


def _functie(text: str) -> str | None:
    return "anders" if text.casefold() in {"anders", "overig"} else functie_of(text)


def _gespreksrol(text: str) -> str | None:
    return "deelnemer" if text.casefold() in {"deelnemer", "deelneemster"} else gespreksrol_of(text)


def _groep(text: str) -> str | None:
    word = " ".join(text.casefold().replace("_", " ").split())
    return _GROUPS.get(word) or _GROUPS.get(word.removesuffix("en").removesuffix("s"))


def _also(row: Row) -> tuple[str, ...]:
    forms = (form.strip() for form in row.get("ook").split("|"))
    return tuple(dict.fromkeys(form for form in forms if form))


def _report_repeats(rows: Iterable[Row], column: str, key: Callable[[Row], object], findings: Findings) -> None:
    first: dict[object, Row] = {}
    for row in rows:
        earlier = first.setdefault(key(row), row)
        if earlier is not row and row.get(column):
            found = f"dezelfde {column} staat al op rij {earlier.number}"
            findings.add(row.place_of(column), found, "Voeg de rijen samen, of maak het verschil zichtbaar.")
