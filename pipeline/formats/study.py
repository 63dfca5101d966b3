"""A study's own declaration: `study.yaml` and its table of sessions, `sessions.csv` or `sessions.xlsx`.

Everything is read before anything is said, so that one reading reports every mistake. Whether the transcripts and
rosters are there and can be read is for their own readers: one file that is missing must not stop the other sessions.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from pipeline.domain.study import (
    TALK_OUTCOMES,
    Analysis,
    Component,
    Level,
    Outcome,
    Question,
    Session,
    Site,
    Study,
    Value,
    ValueType,
    Variable,
)
from pipeline.formats.analysis import read_analysis
from pipeline.formats.findings import Findings, instead_of, one_of
from pipeline.formats.grid import SYNONYMS
from pipeline.formats.sheets import Columns, Row, Sheet, read_sheet
from pipeline.formats.yaml_lines import YES_NO, YamlSection, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.domain.codebook import Codebook

DECLARATION: Final = "study.yaml"
SESSION_FILES: Final = ("sessions.csv", "sessions.xlsx")
ID_RULE: Final = "Gebruik kleine letters, cijfers, - en _, en begin met een letter of cijfer."
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_FIXED: Final = ("sessie", "werkplaats", "ronde", "datum", "transcript", "deelnemers")
_KEYS: Final = (
    "studie",
    "titel",
    "codeboek",
    "fictief",
    "werkplaatsen",
    "rondes",
    "componenten",
    "uitkomsten",
    "vragen",
    "analyse",
    "kolommen",
)
_COUNT: Final = re.compile(r"\d{1,12}(?:[.,]0+)?")
_NUMBER: Final = re.compile(r"[+-]?\d{1,12}(?:[.,]\d{1,12})?")
_DATE_FORMATS: Final = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y")
_EARLIEST_YEAR, _LATEST_YEAR = 1950, 2100
_WINDOWS_DRIVE: Final = re.compile(r"[A-Za-z]:")
_TABLE_FILE: Final = re.compile(r".+\.(?:csv|tsv|txt|xls[xm]?|ods|docx?)", re.IGNORECASE)
"""Names that a roster can have, also one that its reader will refuse with the cure for its kind."""


def is_id(text: str) -> bool:
    """Say whether a text can be the id of a study, site, session, component or outcome."""
    return _ID.fullmatch(text) is not None


def read_study(folder: Path) -> Study:
    """Read and check a study's declaration and its table of sessions.

    Args:
        folder: holds `study.yaml`, `sessions.csv` or `sessions.xlsx`, the transcripts and the rosters; whether the
            last two are there is not looked at.

    Raises:
        InputError: with every problem found in both files, by line or by row and column.
    """
    findings = Findings()
    top = read_yaml(folder / DECLARATION, DECLARATION, findings)
    declared = _declaration(top, folder, findings)
    sessions = _SessionReader(folder, declared, findings).read()
    findings.stop_if_any()
    return Study(
        id=declared.id,
        title=declared.title,
        codebook=declared.codebook,
        fictional=declared.fictional,
        sites=declared.sites,
        rounds=declared.rounds,
        components=declared.components,
        outcomes=declared.outcomes,
        questions=declared.questions,
        sessions=sessions,
        columns=declared.columns,
        analysis=declared.analysis,
    )


def check_questions(study: Study, codebook: Codebook) -> None:
    """Check the outcomes of registered questions that follow from labels or talk, such as "sr.brug_burger".

    Args:
        study: as read.
        codebook: the one that the study names; its labels and roll-ups can be outcomes.

    Raises:
        InputError: when a question asks for a dimension or label that the codebook does not have.
    """
    findings = Findings()
    known = [*codebook.shares, *codebook.speaker_shares, *codebook.levels, *TALK_OUTCOMES]
    for number, question in enumerate(study.questions, start=1):
        if _is_share(question.outcome) and question.outcome not in known:
            found = f"'{question.outcome}' staat niet in codeboek '{codebook.id}'"
            cure = instead_of(question.outcome, known, "Deze aandelen zijn er")
            findings.add(f"{DECLARATION}, vraag {number}", found, cure)
    findings.stop_if_any()


@dataclass(frozen=True, slots=True)
class _Declared:
    """What study.yaml says, with the fields of `Study` by the same names."""

    id: str
    title: str
    codebook: str
    fictional: bool
    sites: tuple[Site, ...]
    rounds: tuple[int, ...]
    components: tuple[Component, ...]
    outcomes: tuple[Outcome, ...]
    questions: tuple[Question, ...]
    analysis: Analysis
    columns: Mapping[str, str]


def _declaration(top: YamlSection, folder: Path, findings: Findings) -> _Declared:
    top.only(*_KEYS)
    study_id = top.text("studie")
    if study_id and not is_id(study_id):
        findings.add(top.place_of("studie"), f"'{study_id}' kan geen naam van een studie zijn", ID_RULE)
    components = tuple(_component(section, findings) for section in _variables(top, "componenten", findings))
    outcomes = tuple(_outcome(section, findings) for section in _variables(top, "uitkomsten", findings))
    _report_shared_ids(top, components, outcomes, findings)
    return _Declared(
        id=study_id,
        title=top.text("titel"),
        codebook=_codebook(top, folder, findings),
        fictional=top.yes_no("fictief"),
        sites=_sites(top, findings),
        rounds=_rounds(top, findings),
        components=components,
        outcomes=outcomes,
        questions=tuple(_question(section, components, outcomes, findings) for section in top.sections("vragen")),
        analysis=read_analysis(top.section("analyse"), components, findings),
        columns=_column_mapping(top),
    )


def _codebook(top: YamlSection, folder: Path, findings: Findings) -> str:
    name = top.text("codeboek")
    place = top.place_of("codeboek")
    if not name or is_id(name):
        return name
    if _leaves(name, folder):
        cure = "Zet je eigen codeboek in de map van de studie, of noem een codeboek dat wordt meegeleverd."
        findings.add(place, f"'{name}' ligt buiten de map van de studie", cure)
    elif not (folder / name / "codebook.yaml").is_file():
        findings.add(place, f"in '{name}' staat geen codebook.yaml", "Wijs de map aan waarin je codeboek staat.")
    return name


def _sites(top: YamlSection, findings: Findings) -> tuple[Site, ...]:
    section = top.section("werkplaatsen")
    if not section.keys:
        findings.add(
            top.place_of("werkplaatsen"),
            "er is geen werkplaats",
            "Noem ze onder 'werkplaatsen:', per regel 'id: naam'.",
        )
    for key in section.keys:
        if not is_id(key):
            findings.add(section.place_of(key), f"'{key}' kan geen id van een werkplaats zijn", ID_RULE)
    return tuple(Site(key, section.text(key)) for key in section.keys)


def _rounds(top: YamlSection, findings: Findings) -> tuple[int, ...]:
    rounds: list[int] = []
    for text, place in top.texts_with_place("rondes"):
        if not text.isascii() or not text.isdigit() or int(text[:6]) < 1:
            findings.add(place, f"'{text}' is geen nummer van een ronde", "Schrijf rondes als [1, 2].")
        elif int(text[:6]) in rounds:
            findings.add(place, f"ronde {text} staat er twee keer", "Houd er één over.")
        else:
            rounds.append(int(text[:6]))
    return tuple(rounds)


@dataclass(frozen=True, slots=True)
class _VariableSection:
    id: str
    section: YamlSection


def _variables(top: YamlSection, key: str, findings: Findings) -> Iterable[_VariableSection]:
    block = top.section(key)
    for name in block.keys:
        if not is_id(name):
            findings.add(block.place_of(name), f"'{name}' kan geen naam van een kolom zijn", ID_RULE)
        elif name in _FIXED:
            cure = "Kies een andere naam."
            findings.add(block.place_of(name), f"'{name}' is al een vaste kolom van de tabel met sessies", cure)
        if block.has(name):
            yield _VariableSection(name, block.section(name))
        else:
            cure = f"Geef '{name}' een naam en een type ({one_of(ValueType)})."
            findings.add(block.place_of(name), f"bij '{name}' staat niets", cure)


def _component(variable: _VariableSection, findings: Findings) -> Component:
    variable.section.only("naam", "type", "waarden")
    value_type, values = _type(variable.section, findings)
    return Component(variable.id, variable.section.text("naam"), value_type, values)


def _outcome(variable: _VariableSection, findings: Findings) -> Outcome:
    section = variable.section
    section.only("naam", "type", "waarden", "niveau")
    value_type, values = _type(section, findings)
    level = Level.CASUS
    written = section.text("niveau")
    if written in set(Level):
        level = Level(written)
    elif written:
        cure = instead_of(written, Level, "Kies uit")
        findings.add(section.place_of("niveau"), f"'{written}' is geen niveau van een uitkomst", cure)
    return Outcome(variable.id, section.text("naam"), value_type, values, level)


def _type(section: YamlSection, findings: Findings) -> tuple[ValueType, tuple[str, ...]]:
    written = section.text("type")
    values = section.texts("waarden")
    if written not in set(ValueType):
        if written:
            cure = instead_of(written, ValueType, "Kies uit")
            findings.add(section.place_of("type"), f"'{written}' is geen type", cure)
        return ValueType.TEKST, values
    value_type = ValueType(written)
    place = section.place_of("waarden")
    if value_type is ValueType.CATEGORIE:
        if len(values) < 2:  # noqa: PLR2004 - one category tells nothing
            cure = "Schrijf bijvoorbeeld waarden: [geen, mondeling, schriftelijk]."
            findings.add(place, "een categorie heeft minstens twee waarden nodig", cure)
        if len({value.casefold() for value in values}) < len(values):
            findings.add(place, "een waarde staat er twee keer", "Houd er één over; hoofdletters maken geen verschil.")
    elif values:
        cure = "Haal 'waarden' weg, of maak het type 'categorie'."
        findings.add(place, f"bij het type '{written}' horen geen waarden", cure)
    return value_type, values


def _report_shared_ids(
    top: YamlSection, components: Iterable[Variable], outcomes: Iterable[Variable], findings: Findings
) -> None:
    names = {component.id for component in components}
    block = top.section("uitkomsten")
    for outcome in outcomes:
        if outcome.id in names:
            found = f"'{outcome.id}' is zowel een component als een uitkomst"
            findings.add(block.place_of(outcome.id), found, "Geef een van beide een andere naam, met een eigen kolom.")


def _question(
    section: YamlSection, components: Iterable[Component], outcomes: Iterable[Outcome], findings: Findings
) -> Question:
    section.only("vraag", "component", "uitkomst", "datum")
    component = section.text("component")
    outcome = section.text("uitkomst")
    _report_undeclared(section, "component", component, [variable.id for variable in components], findings)
    if not _is_share(outcome):
        _report_undeclared(section, "uitkomst", outcome, [variable.id for variable in outcomes], findings)
    written = section.text("datum")
    registered = _read_date(written) if written else None
    if written and registered is None:
        findings.add(section.place_of("datum"), f"'{written}' is geen bestaande datum", _DATE_CURE)
    return Question(section.text("vraag"), component, outcome, registered or date.min)


def _is_share(outcome: str) -> bool:
    """Say whether an outcome is a share that follows from the labels: "sr.brug_burger"."""
    parts = outcome.split(".")
    return len(parts) == 2 and all(is_id(part) for part in parts)  # noqa: PLR2004 - dimension and label


def _report_undeclared(section: YamlSection, key: str, found: str, declared: list[str], findings: Findings) -> None:
    if not found or found in declared:
        return
    block = "componenten" if key == "component" else "uitkomsten"
    cure = instead_of(found, declared, "Deze staan er") if declared else f"Zet '{found}' eerst onder '{block}'."
    if key == "uitkomst":
        cure += " Een aandeel uit het codeboek schrijf je als dimensie.label, zoals sr.brug_burger."
    findings.add(section.place_of(key), f"'{found}' staat niet onder '{block}'", cure)


def _column_mapping(top: YamlSection) -> dict[str, str]:
    section = top.section("kolommen")
    section.only(*SYNONYMS)
    return {key: section.text(key) for key in section.keys}


class _SessionReader:
    """Reads the table of sessions against what study.yaml declares."""

    def __init__(self, folder: Path, declared: _Declared, findings: Findings) -> None:
        self._folder = folder
        self._declared = declared
        self._findings = findings
        self._ids: dict[str, Row] = {}
        self._transcripts: dict[Path, Row] = {}

    def read(self) -> tuple[Session, ...]:
        present = [name for name in SESSION_FILES if (self._folder / name).exists()]
        if len(present) > 1:
            found = f"er staan twee tabellen met sessies: {' en '.join(present)}"
            self._findings.add("de map van de studie", found, "Houd er één over.")
            return ()
        if not present:
            cure = f"Maak {one_of(SESSION_FILES)} met één rij per sessie."
            self._findings.add("de map van de studie", "er is geen tabel met sessies", cure)
            return ()
        sheet = read_sheet(self._folder / present[0], present[0], self._columns(), self._findings)
        return self._sessions(sheet, present[0]) if sheet else ()

    def _columns(self) -> Columns:
        variables = [variable.id for variable in (*self._declared.components, *self._declared.outcomes)]
        required = ["sessie", "werkplaats", "transcript", *(["ronde"] if self._declared.rounds else []), *variables]
        return Columns(tuple(dict.fromkeys(required)), tuple(name for name in _FIXED if name not in required))

    def _sessions(self, sheet: Sheet, place: str) -> tuple[Session, ...]:
        if not sheet.rows:
            self._findings.add(place, "de tabel heeft geen sessies", "Zet elke sessie op een eigen rij.")
        return tuple(self._session(row) for row in sheet.rows)

    def _session(self, row: Row) -> Session:
        return Session(
            id=self._session_id(row),
            site=self._site(row),
            round=self._round(row),
            date=self._date(row),
            transcript=self._transcript(row),
            roster=self._roster(row),
            components={variable.id: self._value(row, variable) for variable in self._declared.components},
            outcomes={variable.id: self._value(row, variable) for variable in self._declared.outcomes},
        )

    def _report(self, row: Row, column: str, found: str, cure: str) -> None:
        self._findings.add(row.place_of(column), found, cure)

    def _filled(self, row: Row, column: str) -> str:
        """Give a cell that must be filled; a column that is missing altogether has been reported once already."""
        if column in row.cells and not row.cells[column]:
            self._report(row, column, "de cel is leeg", "Vul de cel in.")
        return row.get(column)

    def _session_id(self, row: Row) -> str:
        session_id = self._filled(row, "sessie")
        if session_id and not is_id(session_id):
            self._report(row, "sessie", f"'{session_id}' kan geen naam van een sessie zijn", ID_RULE)
        elif session_id:
            earlier = self._ids.setdefault(session_id, row)
            if earlier is not row:
                found = f"sessie '{session_id}' staat al op rij {earlier.number}"
                self._report(row, "sessie", found, "Geef elke sessie een eigen naam.")
        return session_id

    def _site(self, row: Row) -> str:
        site = self._filled(row, "werkplaats")
        known = [declared.id for declared in self._declared.sites]
        if site and known and site not in known:
            cure = f"{instead_of(site, known, 'Deze staan in study.yaml')} Of voeg hem daar toe."
            self._report(row, "werkplaats", f"werkplaats '{site}' is niet bekend", cure)
        return site

    def _round(self, row: Row) -> int | None:
        known = [str(number) for number in self._declared.rounds]
        if not known:
            if row.get("ronde"):
                cure = "Voeg 'rondes: [1, 2]' toe aan study.yaml, of maak de kolom leeg."
                self._report(row, "ronde", "study.yaml noemt geen rondes", cure)
            return None
        written = self._filled(row, "ronde")
        if not written or written in known:
            return int(written) if written else None
        cure = f"Vul {one_of(known)} in, of voeg de ronde toe aan study.yaml."
        self._report(row, "ronde", f"ronde '{written}' is niet bekend", cure)
        return None

    def _date(self, row: Row) -> date | None:
        written = row.get("datum")
        found = _read_date(written) if written else None
        if written and found is None:
            self._report(row, "datum", f"'{written}' is geen bestaande datum", f"{_DATE_CURE} Of laat de cel leeg.")
        return found

    def _transcript(self, row: Row) -> PurePosixPath:
        if not self._filled(row, "transcript"):
            return PurePosixPath()
        path = self._file(row, "transcript")
        earlier = self._transcripts.setdefault(_real(self._folder / path), row)
        if earlier is not row:
            found = f"dit transcript hoort al bij de sessie op rij {earlier.number}"
            self._report(row, "transcript", found, "Geef elke sessie een eigen transcript.")
        return path

    def _roster(self, row: Row) -> PurePosixPath | None:
        if not row.get("deelnemers"):
            return None
        if _TABLE_FILE.fullmatch(row.get("deelnemers")):
            return self._file(row, "deelnemers")
        cure = "Schrijf hier het pad van een .csv of .xlsx met de deelnemers; hun namen horen in dat bestand."
        self._report(row, "deelnemers", "dit is geen naam van een tabel", cure)  # it may be names of people
        return None

    def _file(self, row: Row, column: str) -> PurePosixPath:
        """Give the path in a cell, reporting one that leaves the study."""
        written = row.get(column)
        if _leaves(written, self._folder):
            cure = "Zet het bestand in de map van de studie en schrijf het pad vanaf daar."
            self._report(row, column, "dit bestand ligt buiten de map van de studie", cure)
        return _path(written)

    def _value(self, row: Row, variable: Variable) -> Value:
        written = row.get(variable.id)
        if not written:
            return None
        value = _read_value(written, variable)
        if value is None:
            self._report(row, variable.id, f"'{written}' {_WRONG[variable.type]}", _value_cure(written, variable))
        return value


_DATE_CURE: Final = "Schrijf een datum als 2019-10-08 of 8-10-2019."
_WRONG: Final = {
    ValueType.JA_NEE: "is geen ja of nee",
    ValueType.AANTAL: "is geen aantal",
    ValueType.GETAL: "is geen getal",
    ValueType.CATEGORIE: "is geen van de waarden uit study.yaml",
    ValueType.TEKST: "is geen tekst",
}


def _value_cure(written: str, variable: Variable) -> str:
    cures = {
        ValueType.JA_NEE: "Vul ja of nee in.",
        ValueType.AANTAL: "Vul een heel getal van 0 of meer in.",
        ValueType.GETAL: "Vul een getal in, zoals 3,5; zonder eenheid en zonder punt voor duizendtallen.",
        ValueType.TEKST: "Vul een tekst in.",
    }
    if variable.type is ValueType.CATEGORIE:
        return (
            f"{instead_of(written, variable.values or ('-',), 'Kies uit')} Of laat de cel leeg als het niet bekend is."
        )
    return f"{cures[variable.type]} Of laat de cel leeg als het niet bekend is."


def _read_value(written: str, variable: Variable) -> Value:
    """Read a cell by the type of its column; `None` when it does not fit."""
    if variable.type is ValueType.JA_NEE:
        return YES_NO.get(written.casefold())
    if variable.type is ValueType.AANTAL:
        return int(float(written.replace(",", "."))) if _COUNT.fullmatch(written) else None
    if variable.type is ValueType.GETAL:
        return float(written.replace(",", ".")) if _NUMBER.fullmatch(written) else None
    if variable.type is ValueType.CATEGORIE:
        return next((value for value in variable.values if value.casefold() == written.casefold()), None)
    return written


def _read_date(written: str) -> date | None:
    """Read a date as people in the Netherlands write it; `None` when there is no such day."""
    for pattern in _DATE_FORMATS:
        try:
            found = datetime.strptime(written, pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
        return found if _EARLIEST_YEAR <= found.year <= _LATEST_YEAR else None
    return None


def _path(written: str) -> PurePosixPath:
    return PurePosixPath(written.replace("\\", "/"))


def _real(path: Path) -> Path:
    """Follow links as far as they lead; unlike `Path.resolve`, one that leads to itself is no error."""
    return Path(os.path.realpath(path))


def _leaves(written: str, folder: Path) -> bool:
    """Say whether a written path points out of its folder, on any system or by a link."""
    path = _path(written)
    if path.is_absolute() or ".." in path.parts or _WINDOWS_DRIVE.match(written):
        return True
    return not _real(folder / path).is_relative_to(_real(folder))
