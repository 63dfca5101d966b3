"""Read a transcript in whatever format it comes: recognise it by its content and hand it to the reader of its family.

The extension is only a hint where the content leaves a choice (a text with a heading row may be a CSV). Every failure
is an `InputError` that names the file and says what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError
from pipeline.formats.document import read_document
from pipeline.formats.intake import Archive, decode, load, local, parse_xml
from pipeline.formats.plain import read_lines, text_lines
from pipeline.formats.plenary import is_plenary, read_plenary
from pipeline.formats.recogniser import read_json, read_recogniser, segments_in, suspicions
from pipeline.formats.subtitles import has_cues, read_subtitles
from pipeline.formats.tables import delimiter_of, read_csv, read_xlsx
from pipeline.formats.tei import read_tei
from pipeline.formats.turns import Aside, Piece, assemble
from pipeline.formats.vlos import read_vlos, roots
from pipeline.formats.word import main_part, read_docx, read_odt

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lxml import etree

    from pipeline.domain.transcript import Transcript

READER_VERSION = "1"
"""Goes up with every change that gives another transcript for the same file; part of content keys."""
FORMATS = ("docx", "odt", "xlsx", "csv", "webvtt", "srt", "json", "vlos", "tei", "europarl", "txt")
"""Names of the formats that are read, as in `Transcript.format`."""

_AS_DOCX = "Open het bestand in Word en sla het op als .docx."
_REFUSED = (
    (
        b"%PDF",
        "dit is een PDF",
        "Open de PDF in Word en sla het op als .docx, of vraag om het oorspronkelijke bestand.",
    ),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "dit is een oud Office-bestand (.doc of .xls), of een bestand met een wachtwoord",
        "Open het in Word of Excel en sla het op als .docx of .xlsx, zonder wachtwoord.",
    ),
    (b"{\\rtf", "dit is een RTF-bestand", _AS_DOCX),
    (b"ID3", "dit is een geluidsbestand", "Maak eerst een transcript met aTrain of noScribe."),
    (b"RIFF", "dit is een geluidsbestand", "Maak eerst een transcript met aTrain of noScribe."),
    (b"OggS", "dit is een geluidsbestand", "Maak eerst een transcript met aTrain of noScribe."),
    (b"\x1f\x8b", "dit is een ingepakt bestand (gzip)", "Pak het eerst uit."),
    (b"7z\xbc\xaf", "dit is een ingepakt bestand (7z)", "Pak het eerst uit."),
    (b"Rar!", "dit is een ingepakt bestand (RAR)", "Pak het eerst uit."),
)
_HTML = re.compile(r"\s*<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


@dataclass(slots=True)
class _Opened:
    """A file whose format is known, with what was opened to find out."""

    format: str
    data: bytes = b""
    text: str = ""
    archive: Archive | None = None
    root: etree._Element | None = None
    json: object = None


def sniff(path: Path) -> str:
    """Give the name of the format of a file, a value of `FORMATS`.

    Raises:
        InputError: when the file cannot be read, or is of a format that is not read.
    """
    return _open(path, Aside(), {}).format


def read_transcript(path: Path, *, columns: Mapping[str, str] | None = None) -> Transcript:
    """Read a transcript.

    Args:
        path: of the file.
        columns: for tables: our name of a column (tijd, eind, spreker, functie, tekst) to theirs; `None` for the
            usual names.

    Raises:
        InputError: when the file cannot be read as a transcript; with everything that is wrong with it.
    """
    aside = Aside()
    opened = _open(path, aside, columns or {})
    pieces = _pieces(opened, path.name, columns, aside)
    transcript = assemble(opened.format, path.name, pieces, aside)
    if opened.format == "json":
        return replace(transcript, warnings=(*transcript.warnings, *suspicions(transcript.turns)))
    return transcript


def _pieces(opened: _Opened, place: str, columns: Mapping[str, str] | None, aside: Aside) -> list[Piece]:
    if opened.archive is not None:
        return _from_archive(opened, opened.archive, columns, aside)
    if opened.root is not None:
        return read_vlos(opened.root, aside) if opened.format == "vlos" else read_tei(opened.root, aside)
    if opened.format == "json":
        return read_recogniser(opened.json, place, aside)
    if opened.format == "csv":
        return read_csv(opened.text, place, columns, aside)
    if opened.format in ("webvtt", "srt"):
        return read_subtitles(opened.text, aside)
    lines = text_lines(opened.text)
    return read_plenary(lines, aside) if opened.format == "europarl" else read_lines(lines, aside)


def _from_archive(opened: _Opened, archive: Archive, columns: Mapping[str, str] | None, aside: Aside) -> list[Piece]:
    if opened.format == "xlsx":
        return read_xlsx(opened.data, archive, columns, aside)
    part = main_part(archive)
    document = read_docx(archive, part) if part else read_odt(archive)
    return read_document(document, archive.place, aside)


def _open(path: Path, aside: Aside, columns: Mapping[str, str]) -> _Opened:
    data = load(path)
    for start, found, cure in _REFUSED:
        if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(start):
            raise InputError.single(path.name, found, cure)
    if data.startswith(_ZIP):
        return _open_archive(data, path.name)
    if _looks_like_xml(data, path):
        return _open_xml(data, path.name)
    text, warnings = decode(data, path.name)
    if _HTML.match(text):
        cure = "Bewaar het transcript als .docx, .vtt of .txt (in noScribe: kies bij opslaan een ander bestandstype)."
        raise InputError.single(path.name, "dit is een webpagina (HTML)", cure)
    aside.warnings += warnings
    return _open_text(text, path, columns)


def _looks_like_xml(data: bytes, path: Path) -> bool:
    """Tell whether bytes begin as XML does; a text may begin with "<" too."""
    head = data[:4096].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if head[:15].lower().startswith((b"<!doctype html", b"<html")):
        return False
    declared = head.startswith(b"<?xml") or b"xmlns" in head or path.suffix.casefold() in {".xml", ".tei"}
    return head.startswith(b"<") and declared


def _open_archive(data: bytes, place: str) -> _Opened:
    archive = Archive(data, place)
    if main_part(archive):
        return _Opened("docx", data, archive=archive)
    if any(name.startswith("xl/") for name in archive.names):
        return _Opened("xlsx", data, archive=archive)
    if "content.xml" in archive.names:
        return _Opened("odt", data, archive=archive)
    cure = "Pak het zip-bestand uit en wijs het transcript zelf aan (.docx, .txt, .vtt, .srt, .csv, .xlsx of .json)."
    raise InputError.single(place, "dit zip-bestand is geen Word- of Excel-bestand", cure)


def _open_xml(data: bytes, place: str) -> _Opened:
    root = parse_xml(data, place)
    names = set(roots(root))
    if "vergadering" in names:
        return _Opened("vlos", root=root)
    if local(root) in ("TEI", "teiCorpus"):
        return _Opened("tei", root=root)
    cure = "Lever .docx, .txt, .vtt, .srt, .csv, .xlsx of .json aan, of XML van de Tweede Kamer (VLOS) of TEI."
    raise InputError.single(place, "deze soort XML wordt niet gelezen", cure)


def _open_text(text: str, path: Path, columns: Mapping[str, str]) -> _Opened:
    suffix = path.suffix.casefold()
    start = text.lstrip()
    if start.startswith("WEBVTT") or (suffix == ".vtt" and has_cues(text)):
        return _Opened("webvtt", text=text)
    if start[:1] in ("{", "["):
        opened = _open_json(text, path.name, certain=suffix == ".json" or start.startswith("{"))
        if opened:
            return opened
    if has_cues(text) and (suffix == ".srt" or _cue_first(start)):
        return _Opened("srt", text=text)
    if suffix in (".csv", ".tsv") or (columns and suffix != ".txt") or delimiter_of(text):
        return _Opened("csv", text=text)
    _refuse_other(suffix, path.name)
    lines = text_lines(text)
    return _Opened("europarl" if is_plenary(lines) else "txt", text=text)


def _refuse_other(suffix: str, place: str) -> None:
    """Refuse a text whose name promises something that it does not hold."""
    if suffix in (".docx", ".xlsx", ".odt"):
        found = f"het bestand heet {suffix}, maar is het niet"
        raise InputError.single(place, found, "Sla het transcript opnieuw op, of geef het de goede extensie.")
    if suffix == ".json":
        raise InputError.single(
            place, "het bestand is geen JSON", "Exporteer het transcript opnieuw uit de spraakherkenner."
        )
    if suffix in (".vtt", ".srt"):
        raise InputError.single(
            place, "het bestand heeft geen tijdregels (00:00:01.000 --> …)", "Exporteer de ondertitels opnieuw."
        )


def _cue_first(start: str) -> bool:
    """Tell whether a text begins as SRT does: a number and a time line, or a time line at once."""
    lines = [line for line in start[:500].splitlines() if line.strip()][:2]
    return any("->" in line for line in lines[:1]) or (
        len(lines) > 1 and lines[0].strip().isdigit() and "->" in lines[1]
    )


def _open_json(text: str, place: str, *, certain: bool) -> _Opened | None:
    """Parse a text as JSON; a text that only begins with a bracket ("[r1] ja") may be none."""
    try:
        data = read_json(text, place)
    except InputError:
        if certain:
            raise
        return None
    if not certain and segments_in(data) is None:
        return None
    return _Opened("json", json=data)
