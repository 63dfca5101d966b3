"""Tables of labels: one row for what one coder said of one unit, one column for each dimension.

In a cell of a multi dimension labels are joined by "+", and "geen" (or "-") says that nothing fits. An empty cell says
that the dimension was not coded. Written for Dutch Excel, which opens it at a double click: semicolons, UTF-8 with
byte-order mark, CRLF; "geen" because a cell that begins with "-" can be taken for a formula, and `sha:` before a
checksum because Excel would turn one of digits alone into a rounded number. A text that a spreadsheet would take for a
formula gets an apostrophe in front, which reading takes off again. Read are semicolons, commas and tabs, and XLSX.
"""

from __future__ import annotations

import difflib
import io
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import openpyxl

from pipeline.domain.codebook import Codebook, Dimension, DimensionKind
from pipeline.domain.coding import CoderKind
from pipeline.domain.errors import InputError, Problem
from pipeline.domain.labels import LabelRow
from pipeline.formats.codebook import JOIN, NO_HIT, NO_HIT_WORDS
from pipeline.formats.export import RISKY, cell, csv_bytes, guarded
from pipeline.formats.findings import Findings, instead_of, one_of
from pipeline.formats.sheets import Columns, Row, read_sheet
from pipeline.formats.study import ID_RULE, is_id
from pipeline.formats.yaml_lines import YES_NO

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

UNIT: Final = "uiting"
CODER: Final = "codeur"
CODER_KIND: Final = "soort_codeur"
TEXT_SHA: Final = "tekst_sha"
DRAW: Final = "trekking"
BLIND: Final = "blind"
BEFORE, ROLE, TEXT = "vooraf", "functie", "tekst"
CONTEXT: Final = (BEFORE, ROLE, TEXT)
"""Columns that help a coder and are not read back (`units` writes them)."""
REMARKS: Final = ("opmerking", "opmerkingen", "notitie", "notities")
"""Columns in which a coder writes something to himself or others; not read back either."""
COMMAS: Final = "er staan komma's tussen de labels"
COMMAS_CURE: Final = f"Zet er '{JOIN}' tussen in plaats van een komma."
LONGEST_NAME: Final = 100
_KIND_CURE: Final = f"Vul {one_of(CoderKind)} in."
_UNIT_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]*\.\d{4,}\.\d{2,}")
_SHA: Final = re.compile(r"(?:sha:)?([0-9a-f]{16})")
_SHA_MARK: Final = "sha:"


@dataclass(frozen=True, slots=True)
class LabelTable:
    """A table of labels that has been read, with everything that is wrong with it.

    Attributes:
        name: of the file.
        rows: those that somebody began with, each with the number that Excel shows. Where a cell could not be read, it
            stands empty: an id or name as "", a draw as `None`.
        untouched: number of rows of the sheet of a draw with neither label nor coder, which are left out.
        missing: core dimensions that have no column.
        empty: core dimensions whose column holds nothing.
        ignored: columns with remarks, which are not read.
        problems: what is wrong; a table with problems is not to be used.
    """

    name: str
    rows: tuple[tuple[int, LabelRow], ...] = ()
    untouched: int = 0
    missing: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def read_labels(path: Path, codebook: Codebook) -> LabelTable:
    """Read a table of labels from CSV or XLSX.

    Args:
        path: the table, with the columns uiting, codeur and soort_codeur, at least one dimension of the codebook, and
            tekst_sha if wanted. A row without any label is what a coder has not got to yet. The sheet of a draw has the
            columns trekking and blind too; there a row with neither label nor coder is left out.
        codebook: says which dimensions and labels there are.

    Returns:
        The rows, and all problems at once, by row and column: unknown columns and labels, more labels than a
        dimension allows, labels that only a rule gives, a level without a hit in its gate or a hit without a level,
        units and coders that occur twice, a draw without a word on blindness or the other way about, cells that are
        empty or garbled.
    """
    findings = Findings()
    dimensions = codebook.unit_dimensions
    optional = (TEXT_SHA, DRAW, BLIND, *CONTEXT, *(dimension.id for dimension in dimensions), *REMARKS)
    columns = Columns((UNIT, CODER, CODER_KIND), optional, fill={CODER_KIND: _KIND_CURE}, told=True)
    sheet = read_sheet(path, path.name, columns, findings)
    if sheet is None:
        return LabelTable(path.name, problems=findings.listed)
    if not any(dimension.id in sheet.columns for dimension in dimensions):
        cure = f"Voeg een kolom toe voor {one_of(dimension.id for dimension in dimensions)}."
        findings.add(path.name, "er is geen kolom met labels", cure)
    begun = [row for row in sheet.rows if not _is_blank(row, dimensions)]
    lacking = _report_lacking(sheet.columns, begun, path.name, findings)
    rows = tuple((row.number, _RowReader(row, dimensions, findings, lacking).read()) for row in begun)
    report_repeats(begun, findings)
    core = [dimension.id for dimension in dimensions if dimension.core]
    return LabelTable(
        name=path.name,
        rows=rows,
        untouched=len(sheet.rows) - len(begun),
        missing=tuple(name for name in core if name not in sheet.columns),
        empty=tuple(
            name for name in core if name in sheet.columns and begun and not any(row.get(name) for row in begun)
        ),
        ignored=tuple(name for name in sheet.columns if name in REMARKS),
        problems=findings.listed,
    )


def write_labels(path: Path, rows: Iterable[LabelRow], codebook: Codebook) -> None:
    """Write a table of labels that `read_labels` gives back unchanged; whole, or not at all.

    Args:
        path: ends in .csv or .xlsx.
        rows: what to write; coders' names without control characters and white space at the ends.
        codebook: gives the columns, in its order.

    Raises:
        InputError: when the path ends in something else.
        ValueError: when a row does not fit the codebook or cannot be written.
    """
    listed = tuple(rows)
    dimensions = codebook.unit_dimensions
    with_sha = any(row.text_sha for row in listed)
    with_draw = any(row.draw for row in listed)
    further = (*((TEXT_SHA,) if with_sha else ()), *((DRAW, BLIND) if with_draw else ()))
    table = [[UNIT, CODER, CODER_KIND, *further, *(dimension.id for dimension in dimensions)]]
    for row in listed:
        _check(row, dimensions)
        sha = [marked_sha(row.text_sha) if row.text_sha else ""] if with_sha else []
        draw = [row.draw or "", cell(row.blind) if row.draw else ""] if with_draw else []
        labels = [_cell(row.labels.get(dimension.id), dimension) for dimension in dimensions]
        table.append([guarded(row.utterance_id), guarded(row.coder), row.coder_kind.value, *sha, *draw, *labels])
    if path.suffix.lower() == ".csv":
        _replace(path, csv_bytes(table))
    elif path.suffix.lower() == ".xlsx":
        _replace(path, _xlsx_bytes(table))
    else:
        raise InputError.single(path.name, "dit soort bestand kan geen tabel zijn", "Kies een naam op .csv of .xlsx.")


def marked_sha(text_sha: str) -> str:
    """Write a checksum so that a spreadsheet does not take it for a number."""
    return _SHA_MARK + text_sha


def labels_in(row: Row, dimensions: Sequence[Dimension], findings: Findings) -> dict[str, tuple[str, ...]]:
    """Give the labels that a row has in the columns of the dimensions.

    Args:
        row: of a table whose columns have the ids of dimensions.
        dimensions: those that may be there.
        findings: gets what is wrong.
    """
    return _RowReader(row, dimensions, findings).labels()


class _RowReader:
    """Reads one row; what is wrong goes to the findings."""

    def __init__(
        self, row: Row, dimensions: Sequence[Dimension], findings: Findings, lacking: AbstractSet[str] = frozenset()
    ) -> None:
        self._row = row
        self._dimensions = dimensions
        self._findings = findings
        self._lacking = lacking

    def read(self) -> LabelRow:
        return LabelRow(
            utterance_id=self._unit(),
            coder=self._coder(),
            coder_kind=self._coder_kind(),
            labels=self.labels(),
            text_sha=self._text_sha(),
            draw=self._draw(),
            blind=self._blind(),
        )

    def labels(self) -> dict[str, tuple[str, ...]]:
        """Give the labels in the columns of the dimensions; an empty cell is a dimension that was not coded."""
        labels: dict[str, tuple[str, ...]] = {}
        for dimension in self._dimensions:
            before = len(self._findings)
            found = self._labels(dimension) if self._row.get(dimension.id) else None
            if found is not None and len(self._findings) == before:
                labels[dimension.id] = found
        for dimension in self._dimensions:
            self._check_gate(dimension, labels)
        return labels

    def _report(self, column: str, found: str, cure: str) -> None:
        self._findings.add(self._row.place_of(column), found, cure)

    def _filled(self, column: str, cure: str = "Vul de cel in.") -> str:
        """Give a cell that must be filled; a column that is missing or empty has been reported once already."""
        if column in self._row.cells and column not in self._lacking and not self._row.cells[column]:
            self._report(column, "de cel is leeg", cure)
        return self._row.get(column)

    def _unit(self) -> str:
        unit = self._filled(UNIT)
        if unit and not _UNIT_ID.fullmatch(unit):
            cure = "Een uiting heet sessie.beurt.stuk, zoals noord-1.0012.01; neem de naam over uit de export."
            self._report(UNIT, "dit is geen naam van een uiting", cure)
            return ""
        return unit

    def _coder(self) -> str:
        coder = _unguarded(self._filled(CODER))
        if len(coder) > LONGEST_NAME or not coder.isprintable():
            cure = f"Gebruik een (schuil)naam van hoogstens {LONGEST_NAME} gewone tekens."
            self._report(CODER, "dit kan geen naam van een codeur zijn", cure)
            return ""
        return coder

    def _coder_kind(self) -> CoderKind:
        written = self._filled(CODER_KIND, _KIND_CURE).casefold()
        if written in set(CoderKind):
            return CoderKind(written)
        if written:
            self._report(CODER_KIND, "dit is geen soort codeur", _KIND_CURE)
        return CoderKind.MENS

    def _text_sha(self) -> str | None:
        written = self._row.get(TEXT_SHA)
        if not written:
            return None
        found = _SHA.fullmatch(written)
        if found is None:
            cure = "Neem de waarde over uit de export (Excel maakt er soms een getal van), of maak de cel leeg."
            self._report(TEXT_SHA, "dit is geen controlegetal van een tekst", cure)
            return None
        return found[1]

    def _draw(self) -> str | None:
        written = self._row.get(DRAW)
        if written and not is_id(written):
            self._report(DRAW, "dit is geen naam van een trekking", f"Neem de naam over uit het codeerblad. {ID_RULE}")
            return None
        return written or None

    def _blind(self) -> bool:
        written = self._filled(BLIND) if self._row.get(DRAW) else self._row.get(BLIND)
        if written and DRAW in self._row.cells and DRAW not in self._lacking and not self._row.get(DRAW):
            cure = "Neem de naam over uit het codeerblad; hoort de rij bij geen trekking, maak dan blind leeg."
            self._report(DRAW, f"de cel is leeg, en '{BLIND}' is ingevuld", cure)
        if written and written.casefold() not in YES_NO:
            cure = "Vul ja in als de codeur niet zag wat het model ervan zei, en anders nee."
            self._report(BLIND, "dit is geen ja of nee", cure)
        return YES_NO.get(written.casefold(), False)

    def _labels(self, dimension: Dimension) -> tuple[str, ...]:
        written = self._row.get(dimension.id).casefold()
        if dimension.kind is DimensionKind.MULTI and written in NO_HIT_WORDS:
            return ()
        if has_commas(written, dimension):
            self._report(dimension.id, COMMAS, COMMAS_CURE)
            return ()
        parts = [part.strip() for part in written.split(JOIN)]
        if len(parts) > 1 and dimension.kind is not DimensionKind.MULTI:
            self._report(dimension.id, f"er staan {len(parts)} labels, en hier past er één", "Houd er één over.")
        for number, part in enumerate(self._row.get(dimension.id).split(JOIN), start=1):
            self._check_label(part.strip(), dimension, f"label {number}" if len(parts) > 1 else "dit")
        if len(set(parts)) < len(parts):
            self._report(dimension.id, "hetzelfde label staat er twee keer", "Houd er één over.")
        return tuple(label for label in dimension.label_ids if label in parts)

    def _check_label(self, written: str, dimension: Dimension, which: str) -> None:
        label = written.casefold()
        if label in dimension.choices:
            return
        if label in dimension.automatic:
            found = f"het label '{label}' wordt door een regel gegeven"
            self._report(dimension.id, found, f"Maak de cel leeg, of kies uit: {', '.join(dimension.choices)}.")
            return
        cure = instead_of(label, dimension.choices, "Kies uit")
        if dimension.kind is DimensionKind.MULTI:
            cure += f" Zet er '{JOIN}' tussen als er meer zijn; past er geen, vul dan '{NO_HIT}' in."
        self._report(
            dimension.id, f"{which} is geen label van '{dimension.id}'{quoted(written, dimension.choices)}", cure
        )

    def _check_gate(self, dimension: Dimension, labels: Mapping[str, tuple[str, ...]]) -> None:
        """Report a label behind a closed gate and a missing one behind an open gate, where both are coded here."""
        trouble = _gate_trouble(dimension, labels)
        if trouble == "dicht":
            self._report(
                dimension.id,
                f"hier staat een label terwijl '{dimension.gate}' geen label heeft",
                f"Vul '{dimension.none_label}' in, of geef '{dimension.gate}' een label.",
            )
        elif trouble == "open":
            others = [label for label in dimension.choices if label != dimension.none_label]
            self._report(
                dimension.id,
                f"hier staat '{dimension.none_label}' terwijl '{dimension.gate}' wel een label heeft",
                f"Kies {one_of(others)}, of vul bij '{dimension.gate}' '{NO_HIT}' in.",
            )


def _is_blank(row: Row, dimensions: Iterable[Dimension]) -> bool:
    """Say whether this is a row of the sheet of a draw that nobody has begun with."""
    asked = row.get(DRAW) or row.get(BLIND)
    return bool(asked) and not any(map(row.get, (CODER, *(dimension.id for dimension in dimensions))))


def _report_lacking(columns: Sequence[str], begun: Sequence[Row], place: str, findings: Findings) -> frozenset[str]:
    """Report once what would otherwise be wrong on every row: whole columns that are missing or empty.

    Returns:
        The columns of which no row need be reported any more.
    """
    asked = any(row.get(DRAW) for row in begun)
    blind = any(row.get(BLIND) for row in begun)
    if asked and BLIND not in columns:
        cure = f"Voeg de kolom '{BLIND}' toe en vul ja of nee in; zonder kolom '{DRAW}' zijn het gewone labels."
        findings.add(place, f"er is wel een kolom '{DRAW}' en geen kolom '{BLIND}'", cure)
    if blind and DRAW not in columns:
        cure = f"Neem de kolom '{DRAW}' over uit het codeerblad; zonder kolom '{BLIND}' zijn het gewone labels."
        findings.add(place, f"er is wel een kolom '{BLIND}' en geen kolom '{DRAW}'", cure)
    cures = {UNIT: "Vul de kolom in.", CODER: "Vul op elke rij de naam van de codeur in.", CODER_KIND: _KIND_CURE}
    cures |= {DRAW: f"Neem de naam over uit het codeerblad, of maak ook '{BLIND}' leeg."} if blind else {}
    cures |= {BLIND: "Vul op elke rij ja of nee in."} if asked else {}
    empty = [name for name in cures if len(begun) > 1 and name in columns and not any(row.get(name) for row in begun)]
    for name in empty:
        findings.add(f"{place}, kolom {name}", f"de hele kolom is leeg ({len(begun)} rijen)", cures[name])
    return frozenset(empty)


def _gate_trouble(dimension: Dimension, labels: Mapping[str, tuple[str, ...]]) -> str | None:
    own, gate = labels.get(dimension.id), labels.get(dimension.gate or "")
    if not own or gate is None:
        return None
    nothing = own == (dimension.none_label,)
    if nothing == (not gate):
        return None
    return "open" if nothing else "dicht"


def has_commas(written: str, dimension: Dimension) -> bool:
    """Say whether a cell of a multi dimension has commas where plus signs should be, and is fine apart from that."""
    parts = [part.strip() for part in written.replace(",", JOIN).split(JOIN)]
    return dimension.kind is DimensionKind.MULTI and "," in written and set(parts) <= set(dimension.choices)


def quoted(written: str, choices: Iterable[str]) -> str:
    """Give what stands in a cell for labels, for a message, if it looks like one of the labels.

    Where columns have moved, names and words stand in such a cell, and those are never repeated.
    """
    if difflib.get_close_matches(written.casefold(), list(choices), n=1):
        return f": '{written}'"
    return ""


def report_repeats(rows: Iterable[Row], findings: Findings) -> None:
    """Report every row in which a coder has already given labels to the unit on an earlier row."""
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        key = (row.get(UNIT), row.get(CODER))
        earlier = first.setdefault(key, row)
        if earlier is not row and all(key):
            found = f"deze uiting heeft van deze codeur al labels op rij {earlier.number}"
            findings.add(row.place_of(UNIT), found, "Houd één rij per uiting en codeur over.")


def lookalikes(named: Iterable[tuple[str, str]], known: Iterable[str] = ()) -> Iterator[Problem]:
    """Find coders whose name differs only in case or spaces from another one: nobody means them to be two.

    Args:
        named: places of rows, for people, each with the name of its coder.
        known: names that are there already, which stay what they are; only these are repeated in a message, since
            anything may stand in a column of names that is new.

    Yields:
        One problem a name, at the first row that has it.
    """
    accepted = set(known)
    first = {_folded(name): (name, f"'{name}'") for name in sorted(accepted)}
    for place, name in named:
        meant, told = first.setdefault(_folded(name), (name, f"de naam op {place}"))
        if name and name != meant and name not in accepted:
            yield Problem(
                f"{place}, kolom {CODER}",
                "deze naam verschilt alleen in hoofdletters of spaties van die van een andere codeur",
                f"Bedoel je {told}? Schrijf de naam overal hetzelfde; is het iemand anders, kies dan een andere.",
            )
        accepted.add(name)


def _folded(name: str) -> str:
    return "".join(name.split()).casefold()


def _check(row: LabelRow, dimensions: Sequence[Dimension]) -> None:
    """Refuse a row that could not be read back; the caller has made a mistake.

    Raises:
        ValueError: when it could not.
    """
    known = {dimension.id: dimension for dimension in dimensions}
    wrong = None
    if not _UNIT_ID.fullmatch(row.utterance_id):
        wrong = "its unit has no valid id"
    elif not _is_name(row.coder):
        wrong = "its coder has no valid name"
    elif row.text_sha is not None and not re.fullmatch(r"[0-9a-f]{16}", row.text_sha):
        wrong = "its checksum is not 16 hex digits"
    elif not (is_id(row.draw) if row.draw is not None else not row.blind):
        wrong = "its draw has no valid name, or it is blind for none"
    elif set(row.labels) - set(known):
        wrong = f"it has unknown dimensions {sorted(set(row.labels) - set(known))}"
    else:
        wrong = next((found for name, labels in row.labels.items() if (found := _misfit(labels, known[name]))), None)
    if wrong is None and any(_gate_trouble(dimension, row.labels) for dimension in dimensions):
        wrong = "a gate and what lies behind it contradict each other"
    if wrong:
        message = f"a row of labels cannot be written: {wrong}"
        raise ValueError(message)


def _is_name(coder: str) -> bool:
    return bool(coder) and len(coder) <= LONGEST_NAME and coder.isprintable() and " ".join(coder.split()) == coder


def _misfit(labels: tuple[str, ...], dimension: Dimension) -> str | None:
    if labels != tuple(label for label in dimension.choices if label in labels):
        return f"labels of {dimension.id} are unknown, double or not in codebook order"
    if dimension.kind is not DimensionKind.MULTI and len(labels) != 1:
        return f"{dimension.id} takes exactly one label"
    return None


def _cell(labels: tuple[str, ...] | None, dimension: Dimension) -> str:
    if labels is None:
        return ""
    return JOIN.join(labels) if labels or dimension.kind is not DimensionKind.MULTI else NO_HIT


def _unguarded(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:2] and text[1:2] in RISKY else text


def _xlsx_bytes(table: Iterable[Sequence[str]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("labels")
    for cells in table:
        sheet.append([cell or None for cell in cells])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _replace(path: Path, content: bytes) -> None:
    """Put a file in its place at once, so that nobody ever finds half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".labels-", suffix=path.suffix)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
