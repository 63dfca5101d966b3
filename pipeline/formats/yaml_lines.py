"""YAML that people write by hand: every value is text that knows its line; nothing is built, nothing is expanded.

Leaves to its callers what the values mean. Aliases and tags are refused: an alias can blow up a small file
("billion laughs") and a tag can ask for objects; neither has a use in a declaration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from pipeline.domain.errors import InputError, Problem
from pipeline.formats.findings import Findings, instead_of
from pipeline.formats.intake import decode, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST_BYTES: Final = 1_000_000
DEEPEST: Final = 20
"""Levels of nesting; our own files have four."""
EMPTY_WORDS: Final = frozenset({"", "~", "null"})
YES_NO: Final = {
    **dict.fromkeys(("ja", "j", "x", "1", "waar", "true", "yes"), True),
    **dict.fromkeys(("nee", "n", "0", "onwaar", "false", "no"), False),
}
"""What people write for yes and no, in lower case."""


@dataclass(frozen=True, slots=True)
class YamlText:
    """A value; `text` is what was written, without its quotes."""

    text: str
    line: int


@dataclass(slots=True)
class YamlList:
    """A list of values."""

    items: list[YamlNode]
    line: int


@dataclass(slots=True)
class YamlTable:
    """Keys with values; `lines` says where each key stands."""

    entries: dict[str, YamlNode]
    lines: dict[str, int]
    line: int


YamlNode = YamlText | YamlList | YamlTable


class YamlSection:
    """A table of a YAML file, asked key by key; what is wrong goes to the findings, and reading goes on."""

    def __init__(self, table: YamlTable, file: str, name: str, findings: Findings) -> None:
        self._table = table
        self._file = file
        self._name = name
        self._findings = findings

    @property
    def place(self) -> str:
        """Where the section begins, for people."""
        return self._place(self._table.line)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys as written, in order."""
        return tuple(self._table.entries)

    def place_of(self, key: str) -> str:
        """Say where a key stands; the beginning of the section when it is not there."""
        return self._place(self._table.lines.get(key, self._table.line))

    def only(self, *known: str) -> None:
        """Report every key that is not one of the known ones."""
        for key in self._table.entries:
            if key not in known:
                self._findings.add(
                    self.place_of(key),
                    f"hier staat de onbekende sleutel '{key}'{self._in_section()}",
                    instead_of(key, known, "Deze sleutels bestaan hier"),
                )

    def has(self, key: str) -> bool:
        """Say whether the key is there with a value."""
        node = self._table.entries.get(key)
        return node is not None and not _is_empty(node)

    def text(self, key: str) -> str:
        """Give a text that must be there; empty (and reported) when it is not."""
        if not self.has(key):
            self._missing(key)
            return ""
        return self.optional_text(key) or ""

    def optional_text(self, key: str) -> str | None:
        """Give a text, `None` when the key is not there or empty."""
        if not self.has(key):
            return None
        node = self._table.entries[key]
        if isinstance(node, YamlText):
            return " ".join(node.text.split())
        self._findings.add(
            self.place_of(key),
            f"'{key}' is een {_kind(node)}, maar moet één tekst zijn",
            f"Schrijf de waarde achter '{key}:', op dezelfde regel.",
        )
        return None

    def yes_no(self, key: str, *, default: bool = False) -> bool:
        """Give a yes or no; the default when the key is not there."""
        word = self.optional_text(key)
        if word is None:
            return default
        answer = YES_NO.get(word.casefold())
        if answer is None:
            self._findings.add(
                self.place_of(key), f"'{key}' heeft de waarde '{word}'", f"Vul bij '{key}' ja of nee in."
            )
        return bool(answer)

    def texts(self, key: str) -> tuple[str, ...]:
        """Give a list of texts; empty when the key is not there."""
        return tuple(text for text, _ in self.texts_with_place(key))

    def texts_with_place(self, key: str) -> list[tuple[str, str]]:
        """Give the texts of a list, each with its place; empty when the key is not there."""
        found: list[tuple[str, str]] = []
        for node in self._list(key):
            if isinstance(node, YamlText) and not _is_empty(node):
                found.append((" ".join(node.text.split()), self._place(node.line)))
            else:
                what = "een lege waarde" if isinstance(node, YamlText) else f"een {_kind(node)}"
                cure = "Schrijf achter elk streepje één tekst; zet er aanhalingstekens om als er ': ' in staat."
                self._findings.add(self._place(node.line), f"in de lijst '{key}' staat {what}", cure)
        return found

    def section(self, key: str) -> YamlSection:
        """Give the table under a key; an empty one when the key is not there."""
        name = f"{self._name} > {key}" if self._name else key
        if self.has(key):
            node = self._table.entries[key]
            if isinstance(node, YamlTable):
                return YamlSection(node, self._file, name, self._findings)
            self._findings.add(
                self.place_of(key),
                f"'{key}' is een {_kind(node)}, maar moet uit sleutels met waarden bestaan",
                f"Schrijf onder '{key}:' ingesprongen regels als 'sleutel: waarde'.",
            )
        line = self._table.lines.get(key, self._table.line)
        return YamlSection(YamlTable({}, {}, line), self._file, name, self._findings)

    def sections(self, key: str) -> Iterator[YamlSection]:
        """Give the tables in the list under a key."""
        for number, node in enumerate(self._list(key), start=1):
            if isinstance(node, YamlTable):
                yield YamlSection(node, self._file, f"{key} {number}", self._findings)
            else:
                self._findings.add(
                    self._place(node.line),
                    f"onderdeel {number} van '{key}' is een {_kind(node)}",
                    "Schrijf achter het streepje regels als 'sleutel: waarde', gelijk ingesprongen.",
                )

    def _list(self, key: str) -> list[YamlNode]:
        if not self.has(key):
            return []
        node = self._table.entries[key]
        if isinstance(node, YamlList):
            return node.items
        self._findings.add(
            self.place_of(key),
            f"'{key}' is een {_kind(node)}, maar moet een lijst zijn",
            f"Schrijf onder '{key}:' voor elk onderdeel een regel die met '- ' begint.",
        )
        return []

    def _missing(self, key: str) -> None:
        state = "is leeg" if key in self._table.entries else "ontbreekt"
        self._findings.add(
            self.place_of(key),
            f"'{key}' {state}{self._in_section()}",
            f"Voeg een regel '{key}: ...' toe, met een waarde.",
        )

    def _in_section(self) -> str:
        return f" bij '{self._name}'" if self._name else ""

    def _place(self, line: int) -> str:
        return f"{self._file}, regel {line}"


def read_yaml(path: Path, place: str, findings: Findings) -> YamlSection:
    """Read a YAML file whose top level is a table.

    Args:
        path: the file.
        place: how to call it in messages.
        findings: gets what is wrong in the values that are asked for later.

    Raises:
        InputError: when the file cannot be read as a table of keys and values.
    """
    text = _text_of(path, place)
    builder = _Builder(place, findings)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.feed(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        findings.add(
            place if mark is None else f"{place}, regel {mark.line + 1}",
            "de opmaak klopt hier niet (of op de regel ervoor)",
            "Controleer de inspringing (spaties, geen tabs), de dubbele punten en de aanhalingstekens; "
            "zet een tekst met ': ' of '#' erin tussen aanhalingstekens.",
        )
    except _TooMuchError:
        pass
    findings.stop_if_any()
    if not isinstance(builder.root, YamlTable):
        found = "het bestand bestaat niet uit sleutels met waarden"
        raise InputError.single(place, found, "Schrijf regels als 'sleutel: waarde'.")
    return YamlSection(builder.root, place, "", findings)


def _text_of(path: Path, place: str) -> str:
    try:
        data = load(path)
        if len(data) > LARGEST_BYTES:
            found = f"het bestand is te groot (meer dan {LARGEST_BYTES // 1_000_000} MB)"
            raise InputError.single(place, found, "Zet hier alleen de beschrijving in; gegevens horen in tabellen.")
        return decode(data, place)[0]
    except InputError as error:
        problems = (Problem(place, problem.found, problem.cure) for problem in error.problems)
        raise InputError(problems) from error


class _TooMuchError(Exception):
    """The file asks for something that is refused; the finding is already noted."""


class _Builder:
    """Builds the tree from the parser's events, without recursion."""

    def __init__(self, file: str, findings: Findings) -> None:
        self.root: YamlNode | None = None
        self._file = file
        self._findings = findings
        self._open: list[YamlList | YamlTable] = []
        self._keys: list[YamlText | None] = []
        """For every open container the key that waits for its value."""

    def feed(self, event: yaml.Event) -> None:
        """Take the next event of the parser.

        Raises:
            _TooMuchError: when the file asks for something that is refused.
        """
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            self._refuse(line, "een verwijzing (*naam)", "Schrijf de waarde voluit; verwijzingen worden niet gelezen.")
        elif isinstance(event, yaml.DocumentStartEvent):
            if self.root is not None:
                self._refuse(line, "een tweede document (---)", "Zet alles in één document en haal de streepjes weg.")
        elif isinstance(event, yaml.ScalarEvent):
            self._check_tag(event, line)
            self._place(YamlText("" if _plain_empty(event) else event.value, line))
        elif isinstance(event, yaml.CollectionStartEvent):
            self._check_tag(event, line)
            self._begin(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()

    def _begin(self, event: yaml.CollectionStartEvent, line: int) -> None:
        if len(self._open) >= DEEPEST:
            self._refuse(line, f"meer dan {DEEPEST} niveaus van inspringing", "Maak de inspringing minder diep.")
        node: YamlList | YamlTable
        node = YamlTable({}, {}, line) if isinstance(event, yaml.MappingStartEvent) else YamlList([], line)
        self._place(node)
        self._open.append(node)
        self._keys.append(None)

    def _place(self, node: YamlNode) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, YamlList):
            parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._begin_entry(parent, node)
            return
        if key.text not in parent.entries:
            parent.entries[key.text] = node
            parent.lines[key.text] = key.line
        self._keys[-1] = None

    def _begin_entry(self, parent: YamlTable, node: YamlNode) -> None:
        if not isinstance(node, YamlText):
            self._refuse(node.line, f"een {_kind(node)} als sleutel", "Gebruik een gewoon woord als sleutel.")
            return
        if node.text in parent.entries:
            self._findings.add(
                f"{self._file}, regel {node.line}",
                f"de sleutel '{node.text}' staat er al op regel {parent.lines[node.text]}",
                "Houd er één over.",
            )
        self._keys[-1] = node

    def _check_tag(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int) -> None:
        if event.tag is not None and event.tag != "!":
            self._refuse(line, "een soortaanduiding (!)", "Haal het woord dat met ! begint weg.")

    def _refuse(self, line: int, found: str, cure: str) -> None:
        self._findings.add(f"{self._file}, regel {line}", f"hier staat {found}", cure)
        raise _TooMuchError


def _plain_empty(event: yaml.ScalarEvent) -> bool:
    return event.style is None and event.value.casefold() in EMPTY_WORDS


def _is_empty(node: YamlNode) -> bool:
    return isinstance(node, YamlText) and not node.text.strip()


def _kind(node: YamlNode) -> str:
    if isinstance(node, YamlText):
        return "tekst"
    return "lijst" if isinstance(node, YamlList) else "tabel met sleutels"
