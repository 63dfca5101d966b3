"""A codebook as a folder that people can edit: `codebook.yaml`, `labels.csv` and `voorbeelden.csv`.

Dimensions, rules and order stand in the YAML file, labels and example sentences in the tables. Everything that the
tagger, the coders and the report need follows from these three files; reading them reports every mistake at once.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.domain.codebook import Codebook, Dimension, DimensionKind, Example, Label, RollUp
from pipeline.domain.errors import InputError
from pipeline.formats.findings import Findings, instead_of
from pipeline.formats.sheets import Columns, Row, read_sheet
from pipeline.formats.yaml_lines import YamlSection, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

DECLARATION: Final = "codebook.yaml"
LABELS: Final = "labels.csv"
EXAMPLES: Final = "voorbeelden.csv"
NO_HIT: Final = "geen"
"""What stands in a table for "none of these labels" in a multi dimension; no label of one may be called so."""
NO_HIT_WORDS: Final = frozenset({NO_HIT, "-"})
JOIN: Final = "+"
"""Between the labels of one cell of a multi dimension."""
_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
_ID_RULE: Final = "Gebruik kleine letters, cijfers, - en _, en begin met een letter of cijfer."
_RESERVED: Final = (
    "uiting",
    "codeur",
    "soort_codeur",
    "trekking",
    "blind",
    "tekst_sha",
    "vooraf",
    "functie",
    "tekst",
)
"""Columns of a table of labels; no dimension may be called so."""
_KEYS: Final = (
    "id",
    "titel",
    "versie",
    "eenheid",
    "beslisvolgorde",
    "regels",
    "verduidelijkingen",
    "dimensies",
    "samenvoegingen",
)
_DIMENSION_KEYS: Final = (
    "naam",
    "vraag",
    "soort",
    "kern",
    "geen",
    "voorrang",
    "poort",
    "automatisch",
    "per_sessie",
    "regels",
)
_LABEL_COLUMNS: Final = Columns(("dimensie", "label", "naam", "definitie", "wel", "niet", "grens"))
_EXAMPLE_COLUMNS: Final = Columns(("dimensie", "label", "soort", "tekst", "gecodeerd_als", "toelichting"))
_PLAIN: Final = "voorbeeld"
_NEAR_MISS: Final = "grensgeval"
_SEPARATOR: Final = "|"
"""Between several rules in one cell."""


def read_codebook(folder: Path) -> Codebook:
    """Read and check a codebook.

    Args:
        folder: holds `codebook.yaml`, `labels.csv` and `voorbeelden.csv`.

    Raises:
        InputError: with every problem found in the three files, by line or by row and column.
    """
    _check_files(folder)
    findings = Findings()
    top = read_yaml(folder / DECLARATION, DECLARATION, findings)
    reader = _Reader(top, findings)
    reader.read_labels(folder / LABELS)
    reader.read_examples(folder / EXAMPLES)
    codebook = reader.codebook(_sha(folder))
    findings.stop_if_any()
    return codebook


def _check_files(folder: Path) -> None:
    if not folder.is_dir():
        others = sorted(path.parent.name for path in folder.parent.glob(f"*/{DECLARATION}"))
        cure = instead_of(folder.name, others, "Deze zijn er") if others else "Wijs de map van een codeboek aan."
        raise InputError.single(folder.name, "dit codeboek is er niet", cure)
    findings = Findings()
    for name in (DECLARATION, LABELS, EXAMPLES):
        if not (folder / name).is_file():
            cure = "Neem de map corpora/codebook/casuistiek als voorbeeld."
            findings.add(f"{folder.name}/{name}", "dit bestand ontbreekt in het codeboek", cure)
    findings.stop_if_any()


def _sha(folder: Path) -> str:
    """Give the first 12 hex digits of the SHA-256 of the three files, whatever their line ends."""
    digest = hashlib.sha256()
    for name in (DECLARATION, LABELS, EXAMPLES):
        content = (folder / name).read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class _Declared:
    """A dimension as codebook.yaml declares it, before its labels are known."""

    section: YamlSection
    id: str
    kind: DimensionKind | None


class _Reader:
    """Puts a codebook together from its files; what is wrong goes to the findings."""

    def __init__(self, top: YamlSection, findings: Findings) -> None:
        self._top = top
        self._findings = findings
        self._labels: dict[str, dict[str, Row]] = defaultdict(dict)
        """Dimension id to label id to its row of labels.csv."""
        self._examples: dict[tuple[str, str], list[Example]] = defaultdict(list)
        self._shown: set[tuple[str, str]] = set()
        """(dimension, label) that some sentence is coded as."""
        self._declared = self._declarations()

    def codebook(self, sha: str) -> Codebook:
        top = self._top
        top.only(*_KEYS)
        self._check_id(top.text("id"), top.place_of("id"))
        dimensions = tuple(self._dimension(declared) for declared in self._declared.values())
        return Codebook(
            id=top.text("id"),
            title=top.text("titel"),
            version=top.text("versie"),
            sha=sha,
            unit=top.text("eenheid"),
            dimensions=dimensions,
            roll_ups=self._roll_ups(),
            rules=self._rules(),
        )

    # codebook.yaml

    def _declarations(self) -> dict[str, _Declared]:
        block = self._top.section("dimensies")
        if not block.keys:
            cure = "Noem onder 'dimensies:' elke vraag die aan een uiting gesteld wordt."
            self._findings.add(block.place, "er is geen dimensie", cure)
        declared = {}
        for name in block.keys:
            self._check_id(name, block.place_of(name))
            if name in _RESERVED:
                found = f"'{name}' is al een kolom in tabellen met labels"
                self._findings.add(block.place_of(name), found, "Kies een andere naam.")
            section = block.section(name)
            section.only(*_DIMENSION_KEYS)
            declared[name] = _Declared(section, name, self._kind(section))
        return declared

    def _kind(self, section: YamlSection) -> DimensionKind | None:
        written = section.text("soort")
        if written in set(DimensionKind):
            return DimensionKind(written)
        if written:
            cure = instead_of(written, DimensionKind, "Kies uit")
            self._findings.add(section.place_of("soort"), f"'{written}' is geen soort dimensie", cure)
        return None

    def _dimension(self, declared: _Declared) -> Dimension:
        section = declared.section
        labels = tuple(self._label(declared.id, row) for row in self._labels[declared.id].values())
        self._check_labels(declared)
        kind = declared.kind or DimensionKind.SINGLE
        return Dimension(
            id=declared.id,
            name=section.text("naam"),
            question=section.text("vraag"),
            kind=kind,
            labels=labels,
            core=section.yes_no("kern", default=True),
            none_label=self._none_label(declared),
            precedence=self._known_labels(declared, "voorrang"),
            gate=self._gate(declared),
            per_session=section.yes_no("per_sessie"),
            automatic=self._known_labels(declared, "automatisch"),
        )

    def _check_labels(self, declared: _Declared) -> None:
        labels = self._labels[declared.id]
        least = 1 if declared.kind is DimensionKind.MULTI else 2
        if len(labels) < least:
            found = f"dimensie '{declared.id}' heeft {len(labels)} labels, en minstens {least} nodig"
            self._findings.add(LABELS, found, f"Voeg rijen toe met '{declared.id}' in de kolom dimensie.")
        for label, row in labels.items():
            if (declared.id, label) not in self._shown:
                cure = f"Voeg in {EXAMPLES} minstens één zin toe die zo gecodeerd wordt."
                self._findings.add(row.place, f"label '{label}' heeft geen voorbeeld", cure)
            if declared.kind is DimensionKind.MULTI and label in NO_HIT_WORDS:
                cure = "Haal het label weg: in een meervoudige dimensie is 'geen' al het woord voor geen enkel label."
                self._findings.add(row.place_of("label"), f"'{label}' kan hier geen label zijn", cure)

    def _none_label(self, declared: _Declared) -> str | None:
        section = declared.section
        label = section.optional_text("geen")
        if declared.kind is DimensionKind.MULTI:
            if label:
                found = "een meervoudige dimensie heeft geen label voor 'geen'"
                self._findings.add(section.place_of("geen"), found, "Haal de regel 'geen:' weg.")
            return None
        if label:
            self._check_label(declared.id, label, section.place_of("geen"))
        elif section.has("poort"):
            cure = "Zeg met 'geen:' welk label geldt als de poort dicht is."
            self._findings.add(section.place, f"dimensie '{declared.id}' heeft een poort maar geen 'geen'", cure)
        return label

    def _gate(self, declared: _Declared) -> str | None:
        section = declared.section
        gate = section.optional_text("poort")
        if gate is None:
            return None
        place = section.place_of("poort")
        if gate not in self._declared or gate == declared.id:
            cure = (
                instead_of(gate, self._multi(), "Kies een meervoudige dimensie") if self._multi() else "Haal hem weg."
            )
            self._findings.add(place, f"de poort '{gate}' is geen andere dimensie", cure)
        elif self._declared[gate].kind is not DimensionKind.MULTI:
            cure = "Een poort is een meervoudige dimensie; kies er zo een, of haal de regel weg."
            self._findings.add(place, f"de poort '{gate}' is niet meervoudig", cure)
        elif declared.kind is DimensionKind.MULTI:
            cure = "Maak deze dimensie enkel of ordinaal, of haal de poort weg."
            self._findings.add(place, "een meervoudige dimensie kan geen poort hebben", cure)
        return gate

    def _multi(self) -> list[str]:
        return [declared.id for declared in self._declared.values() if declared.kind is DimensionKind.MULTI]

    def _known_labels(self, declared: _Declared, key: str) -> tuple[str, ...]:
        found = declared.section.texts_with_place(key)
        self._check_known(declared.id, key, found)
        return tuple(label for label, _ in found)

    def _check_known(self, dimension: str, key: str, found: Sequence[tuple[str, str]]) -> None:
        seen: set[str] = set()
        for label, place in found:
            self._check_label(dimension, label, place)
            if label in seen:
                self._findings.add(place, f"'{label}' staat twee keer bij '{key}'", "Houd er één over.")
            seen.add(label)

    def _roll_ups(self) -> tuple[RollUp, ...]:
        block = self._top.section("samenvoegingen")
        return tuple(self._roll_up(name, block) for name in block.keys)

    def _roll_up(self, name: str, block: YamlSection) -> RollUp:
        self._check_id(name, block.place_of(name))
        section = block.section(name)
        section.only("naam", "dimensie", "labels")
        dimension = section.text("dimensie")
        labels = section.texts_with_place("labels")
        if dimension and self._check_dimension(dimension, section.place_of("dimensie")):
            self._check_known(dimension, f"samenvoegingen > {name}", labels)
            if name in self._labels[dimension]:
                found = f"'{name}' is ook een label van '{dimension}'"
                self._findings.add(block.place_of(name), found, "Geef de samenvoeging een andere naam.")
        if len(labels) < 2:  # noqa: PLR2004 - one label is not together with anything
            cure = "Noem minstens twee labels die samen gerapporteerd worden."
            self._findings.add(section.place_of("labels"), f"samenvoeging '{name}' voegt niets samen", cure)
        return RollUp(name, section.text("naam"), dimension, tuple(label for label, _ in labels))

    def _rules(self) -> tuple[str, ...]:
        """Give all rules as coders read them: order of deciding, general rules, clarifications, per dimension."""
        steps = [f"Stap {number}. {step}" for number, step in enumerate(self._top.texts("beslisvolgorde"), start=1)]
        cases = self._top.texts("verduidelijkingen")
        own = [
            f"Bij {declared.section.optional_text('naam') or declared.id}: {rule}"
            for declared in self._declared.values()
            for rule in declared.section.texts("regels")
        ]
        clarified = [f"Verduidelijking {number}. {case}" for number, case in enumerate(cases, start=1)]
        return (*steps, *self._top.texts("regels"), *clarified, *own)

    # labels.csv

    def read_labels(self, path: Path) -> None:
        sheet = read_sheet(path, LABELS, _LABEL_COLUMNS, self._findings)
        for row in sheet.rows if sheet else ():
            self._check_filled(row, ("dimensie", "label", "naam", "definitie"))
            dimension, label = row.get("dimensie"), row.get("label")
            if dimension:
                self._check_dimension(dimension, row.place_of("dimensie"))
            if not label:
                continue
            self._check_id(label, row.place_of("label"))
            earlier = self._labels[dimension].setdefault(label, row)
            if earlier is not row:
                found = f"label '{label}' van '{dimension}' staat al op rij {earlier.number}"
                self._findings.add(row.place_of("label"), found, "Houd er één over.")

    def _label(self, dimension: str, row: Row) -> Label:
        return Label(
            id=row.get("label"),
            name=row.get("naam"),
            definition=row.get("definitie"),
            include=row.get("wel"),
            exclude=row.get("niet"),
            borderline=tuple(rule.strip() for rule in row.get("grens").split(_SEPARATOR) if rule.strip()),
            examples=tuple(self._examples[dimension, row.get("label")]),
        )

    # voorbeelden.csv

    def read_examples(self, path: Path) -> None:
        sheet = read_sheet(path, EXAMPLES, _EXAMPLE_COLUMNS, self._findings)
        texts: dict[tuple[str, str], Row] = {}
        for row in sheet.rows if sheet else ():
            self._check_filled(row, ("dimensie", "label", "soort", "tekst"))
            dimension, label = row.get("dimensie"), row.get("label")
            if not dimension or not self._check_dimension(dimension, row.place_of("dimensie")):
                continue
            if label:
                self._check_label(dimension, label, row.place_of("label"))
            earlier = texts.setdefault((dimension, row.get("tekst").casefold()), row)
            if earlier is not row and row.get("tekst"):
                found = f"deze zin staat bij '{dimension}' al op rij {earlier.number}"
                self._findings.add(row.place_of("tekst"), found, "Kies een andere zin, of haal een van beide weg.")
            self._examples[dimension, label].append(self._example(row))

    def _example(self, row: Row) -> Example:
        near_miss = row.get("soort") == _NEAR_MISS
        if row.get("soort") and row.get("soort") not in (_PLAIN, _NEAR_MISS):
            cure = instead_of(row.get("soort"), (_PLAIN, _NEAR_MISS), "Kies uit")
            self._findings.add(row.place_of("soort"), f"'{row.get('soort')}' is geen soort voorbeeld", cure)
        labels = self._coded_as(row)
        self._shown.update((row.get("dimensie"), label) for label in labels)
        self._check_example(row, labels)
        return Example(row.get("tekst"), labels, near_miss=near_miss, note=row.get("toelichting"))

    def _coded_as(self, row: Row) -> tuple[str, ...]:
        written = row.get("gecodeerd_als")
        dimension = row.get("dimensie")
        if not written:
            return (row.get("label"),) if row.get("label") else ()
        if self._declared[dimension].kind is DimensionKind.MULTI and written in NO_HIT_WORDS:
            return ()
        labels = tuple(part.strip() for part in written.split(JOIN))
        place = row.place_of("gecodeerd_als")
        if len(labels) > 1 and self._declared[dimension].kind is not DimensionKind.MULTI:
            self._findings.add(place, f"'{dimension}' heeft één label per uiting", "Houd er één over.")
        self._check_known(dimension, "gecodeerd_als", [(label, place) for label in labels])
        return labels

    def _check_example(self, row: Row, labels: tuple[str, ...]) -> None:
        label, place = row.get("label"), row.place_of("gecodeerd_als")
        if row.get("soort") == _NEAR_MISS and label in labels:
            found = f"een grensgeval van '{label}' is niet zelf '{label}'"
            cure = f"Vul in wat het wel is (bij een meervoudige dimensie kan '{NO_HIT}'), of maak er een voorbeeld van."
            self._findings.add(place, found, cure)
        if row.get("soort") == _PLAIN and label and label not in labels:
            cure = f"Laat de cel leeg, neem '{label}' erin op, of maak er een grensgeval van."
            self._findings.add(place, f"een voorbeeld van '{label}' is als iets anders gecodeerd", cure)

    # shared

    def _check_filled(self, row: Row, columns: Iterable[str]) -> None:
        for column in columns:
            if column in row.cells and not row.cells[column]:
                self._findings.add(row.place_of(column), "de cel is leeg", "Vul de cel in.")

    def _check_id(self, written: str, place: str) -> None:
        if written and not _ID.fullmatch(written):
            self._findings.add(place, f"'{written}' kan geen id zijn", _ID_RULE)

    def _check_dimension(self, dimension: str, place: str) -> bool:
        if dimension in self._declared:
            return True
        cure = f"{_choose(dimension, self._declared)} Of voeg hem toe aan {DECLARATION}."
        self._findings.add(place, f"dimensie '{dimension}' is onbekend", cure)
        return False

    def _check_label(self, dimension: str, label: str, place: str) -> None:
        if label not in self._labels[dimension]:
            cure = f"{_choose(label, self._labels[dimension])} Of voeg het toe aan {LABELS}."
            self._findings.add(place, f"label '{label}' van '{dimension}' is onbekend", cure)


def _choose(found: str, known: Mapping[str, object]) -> str:
    return instead_of(found, known, "Deze zijn er") if known else "Er zijn er nog geen."
