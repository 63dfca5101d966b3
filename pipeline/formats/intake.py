"""Take in a file without being hurt by it: sizes, encodings, archives and XML.

Everything a reader gets has passed here. The limits are far above any real session (a day of parliament is 1 MB) and
low enough that no file can fill the memory: files above them are refused before they are loaded.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from lxml import etree

from pipeline.domain.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 64 * 2**20
"""Largest file that is read, in bytes; also the most that one part of an archive may unpack to."""
MAX_ARCHIVE_BYTES = 256 * 2**20
"""Most that all parts of an archive together may unpack to, pictures included."""
MAX_ARCHIVE_PARTS = 5_000
MAX_LINES = 1_000_000
MAX_XML_TAGS = 4_000_000
"""Most "<" in an XML document: bounds the memory of its tree."""
CONTROL_SHARE = 0.01
"""A text with more control characters than this share is no text."""

_CONTROLS = {code: None for code in range(32) if chr(code) not in "\t\n\v\f\r\x1c\x1d\x1e"} | {127: None}
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f]")
_CP1252_HOLES = {0x81: "\x81", 0x8D: "\x8d", 0x8F: "\x8f", 0x90: "\x90", 0x9D: "\x9d"}
_DTD = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ARCHIVE_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    KeyError,
)


def load(path: Path) -> bytes:
    """Read a file whole, if it is an ordinary file of a size that can be a transcript.

    Raises:
        InputError: when the file is missing, no ordinary file, empty, too large or cannot be read.
    """
    place = path.name or str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError.single(place, "dit is een map, geen bestand", "Wijs het bestand zelf aan.")
        if not stat.S_ISREG(status.st_mode):
            raise InputError.single(place, "dit is geen gewoon bestand", "Wijs een gewoon bestand aan.")
        if status.st_size > MAX_BYTES:
            raise _too_large(place, status.st_size)
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        cure = (
            "Controleer de map en de naam (ook hoofdletters en wat achter de punt staat), of zet het bestand daar "
            "neer. Is het een snelkoppeling? Kijk dan of die nog ergens heen wijst."
        )
        raise InputError.single(place, "het bestand bestaat niet", cure) from error
    except (OSError, ValueError) as error:
        cure = "Sluit het bestand in andere programma's, en controleer of je het mag openen."
        raise InputError.single(place, "het bestand kan niet worden gelezen", cure) from error
    if len(data) > MAX_BYTES:
        raise _too_large(place, len(data))
    if not data.strip():
        raise InputError.single(place, "het bestand is leeg", "Sla het bestand opnieuw op.")
    return data


def _too_large(place: str, size: int) -> InputError:
    found = f"het bestand is te groot ({size / 2**20:.0f} MB; hoogstens {MAX_BYTES // 2**20} MB)"
    return InputError.single(place, found, "Lever één gesprek per bestand aan, als tekst en zonder geluid of beeld.")


def decode(data: bytes, place: str) -> tuple[str, tuple[str, ...]]:
    """Turn bytes into text: by byte-order mark, as UTF-8, and otherwise line by line as UTF-8 or Windows-1252.

    Returns:
        The text, without byte-order mark and control characters, line ends as they are; and warnings.

    Raises:
        InputError: when the bytes are no text.
    """
    text, warnings = _decoded(data)
    controls = len(_CONTROL.findall(text))
    if controls > max(1, int(len(text) * CONTROL_SHARE)):
        cure = (
            "Sla een tabel op als .csv of .xlsx, en een transcript als tekst, .docx, .vtt, .srt, .csv, .xlsx of .json."
        )
        raise InputError.single(place, "dit is geen tekst maar een ander soort bestand", cure)
    if text.count("\n") + text.count("\r") > MAX_LINES:
        found = f"het bestand heeft meer dan {MAX_LINES} regels"
        raise InputError.single(place, found, "Lever één gesprek per bestand aan.")
    text = text.translate(_CONTROLS) if controls else text
    if not text.strip():
        raise InputError.single(place, "het bestand heeft geen tekst", "Sla het bestand opnieuw op.")
    return text, warnings


def _decoded(data: bytes) -> tuple[str, tuple[str, ...]]:
    wide = _wide_encoding(data)
    if wide:
        return data.decode(wide, errors="replace").removeprefix("\ufeff"), ()
    try:
        return data.decode("utf-8").removeprefix("\ufeff"), ()
    except UnicodeDecodeError:
        pass
    lines = [_line(line) for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n")]
    some_utf8 = any(not line.isascii() for line, was_utf8 in lines if was_utf8)
    warnings = ("Het bestand mengt twee tekencoderingen; controleer letters met accenten.",) if some_utf8 else ()
    return "\n".join(line for line, _ in lines), warnings


def _wide_encoding(data: bytes) -> str | None:
    """Name the UTF-16 or UTF-32 encoding of bytes, by their mark or by where their zero bytes stand."""
    if data.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    sample = data[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    enough = max(1, len(sample) // 5)
    if odd > enough and even <= odd // 10:
        return "utf-16-le"
    if even > enough and odd <= even // 10:
        return "utf-16-be"
    return None


def _line(line: bytes) -> tuple[str, bool]:
    try:
        return line.decode("utf-8"), True
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="surrogateescape").translate(_cp1252_rest()), False


def _cp1252_rest() -> dict[int, str]:
    """Map the five bytes that Windows-1252 leaves undefined to what they are in Latin-1."""
    return {0xDC00 + byte: char for byte, char in _CP1252_HOLES.items()}


def parse_xml(data: bytes, place: str) -> etree._Element:
    """Parse XML without entities, document type or network.

    Raises:
        InputError: when it is no sound XML, declares a document type, or is too large.
    """
    ascii_view = data.replace(b"\x00", b"")
    if _DTD.search(ascii_view):
        raise _forbidden_dtd(place)
    if ascii_view.count(b"<") > MAX_XML_TAGS or len(data) > MAX_BYTES:
        raise InputError.single(place, "de XML is te groot voor één gesprek", "Lever één gesprek per bestand aan.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.LxmlError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None)
        where = f"{place}, regel {line}" if line else place
        raise InputError.single(where, "de XML is niet heel", "Haal of sla het bestand opnieuw op.") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _forbidden_dtd(place)
    return root


def _forbidden_dtd(place: str) -> InputError:
    cure = "Haal de regel met DOCTYPE en alle ENTITY-regels uit het bestand, of sla het opnieuw op."
    return InputError.single(
        place, "de XML heeft een documenttype (DOCTYPE); dat is om veiligheid niet toegestaan", cure
    )


def local(element: etree._Element) -> str:
    """Give the name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


class Archive:
    """A zip file (docx, xlsx, odt) whose sizes have been checked before anything is unpacked."""

    def __init__(self, data: bytes, place: str) -> None:
        """Open it.

        Args:
            data: the whole file.
            place: name of the file, for errors.

        Raises:
            InputError: when it is damaged, has too many parts or unpacks to too much.
        """
        self.place = place
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            infos = self._zip.infolist()
        except _ARCHIVE_FAULTS as error:
            raise self._damaged() from error
        declared = sum(info.file_size for info in infos)
        if len(infos) > MAX_ARCHIVE_PARTS or declared > MAX_ARCHIVE_BYTES:
            found = "het bestand wordt na uitpakken veel te groot"
            raise InputError.single(place, found, "Open het in Word of Excel en sla het opnieuw op zonder plaatjes.")
        self.names = tuple(info.filename for info in infos)

    def _damaged(self) -> InputError:
        cure = "Open het in Word of Excel en sla het opnieuw op, of haal het opnieuw op."
        return InputError.single(self.place, "het bestand is beschadigd of niet volledig", cure)

    def read(self, name: str) -> bytes:
        """Unpack one part.

        Raises:
            InputError: when it is damaged, missing, behind a password or too large.
        """
        try:
            with self._zip.open(name) as part:
                data = part.read(MAX_BYTES + 1)
        except _ARCHIVE_FAULTS as error:
            raise self._damaged() from error
        if len(data) > MAX_BYTES:
            raise InputError.single(
                self.place, "een deel van het bestand wordt na uitpakken te groot", "Lever één gesprek per bestand aan."
            )
        return data

    def screen(self) -> None:
        """Check all parts before another library reads them.

        Raises:
            InputError: when a part is damaged, too large, or has a document type.
        """
        for name in self.names:
            data = self.read(name) if not name.endswith("/") else b""
            if _DTD.search(data.replace(b"\x00", b"")):
                raise _forbidden_dtd(self.place)

    def xml(self, name: str) -> etree._Element:
        """Unpack and parse one part that is XML.

        Raises:
            InputError: as `read` and `parse_xml`.
        """
        return parse_xml(self.read(name), self.place)
