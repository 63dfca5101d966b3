"""No file can crash the readers, hang them or fill the memory: every failure is an InputError that says what to do."""

from __future__ import annotations

import contextlib
import io
import json
import os
import time
import traceback
import zipfile
from typing import TYPE_CHECKING

import docx
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.domain.errors import InputError
from pipeline.formats.intake import MAX_BYTES
from pipeline.formats.reading import FORMATS, read_transcript, sniff

if TYPE_CHECKING:
    from pathlib import Path

EXTENSIONS = (".txt", ".docx", ".odt", ".xlsx", ".csv", ".vtt", ".srt", ".json", ".xml", "")


def refused(path: Path, data: bytes, *, match: str) -> None:
    path.write_bytes(data)
    with pytest.raises(InputError, match=match) as error:
        read_transcript(path)
    assert all(path.name in problem.place and problem.cure for problem in error.value.problems)


def archive(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return stream.getvalue()


def word_bytes() -> bytes:
    stream = io.BytesIO()
    document = docx.Document()
    document.add_paragraph("KM1: hoi")
    document.save(stream)
    return stream.getvalue()


def test_a_pdf_called_docx_is_called_a_pdf(tmp_path: Path) -> None:
    refused(tmp_path / "a.docx", b"%PDF-1.7\n...", match="PDF")


def test_old_office_rtf_and_sound_are_refused_with_a_cure(tmp_path: Path) -> None:
    refused(tmp_path / "a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), match=r"\.docx")
    refused(tmp_path / "a.rtf", b"{\\rtf1 KM1: hoi}", match=r"\.docx")
    refused(tmp_path / "a.wav", b"RIFF....WAVE", match="geluid")
    refused(tmp_path / "a.html", b"<!DOCTYPE html><html><body>KM1: hoi</body></html>", match="HTML")
    refused(tmp_path / "a.zip", archive({"a.txt": b"KM1: hoi"}), match="zip")
    refused(tmp_path / "a.txt", bytes(range(256)) * 20, match="geen tekst")


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("data", [b"", b"  \n\r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"\x00" * 100], ids=repr)
def test_files_without_content_are_refused(tmp_path: Path, extension: str, data: bytes) -> None:
    path = tmp_path / f"a{extension}"
    path.write_bytes(data)
    with pytest.raises(InputError):
        read_transcript(path)


def test_formats_without_turns_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "a.vtt", b"WEBVTT\n\nNOTE niets\n", match="geen enkele beurt")
    refused(tmp_path / "a.csv", b"tijd,spreker,tekst\n", match="geen enkele beurt")
    refused(tmp_path / "a.docx", archive({"word/document.xml": b"<w><body/></w>"}), match="geen enkele beurt")


def test_missing_files_folders_links_and_pipes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "nergens.txt").symlink_to(tmp_path / "weg.txt")
    (tmp_path / "rond.txt").symlink_to(tmp_path / "rond.txt")
    (tmp_path / "map.txt").mkdir()
    (tmp_path / "nul.txt").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pijp.txt")
    for name, found in {
        "weg": "het bestand bestaat niet. Controleer de map en de naam",
        "nergens": "het bestand bestaat niet",
        "rond": "het bestand kan niet worden gelezen",
        "map": "dit is een map, geen bestand. Wijs het bestand zelf aan",
        "nul": "dit is geen gewoon bestand",
        "pijp": "dit is geen gewoon bestand",
    }.items():
        with pytest.raises(InputError, match=rf"^{name}\.txt: {found}"):
            read_transcript(tmp_path / f"{name}.txt")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_transcript_that_may_not_be_read_is_refused_with_a_cure(tmp_path: Path) -> None:
    path = tmp_path / "dicht.txt"
    path.write_text("KM1: hoi\n", encoding="utf-8")
    path.chmod(0)
    with pytest.raises(InputError, match=r"^dicht\.txt: het bestand kan niet worden gelezen. Sluit het bestand"):
        read_transcript(path)


def test_a_link_to_a_transcript_is_read(tmp_path: Path) -> None:
    (tmp_path / "echt.txt").write_text("KM1: hoi\n", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to(tmp_path / "echt.txt")
    assert read_transcript(tmp_path / "link.txt").turns[0].text == "hoi"


def test_a_file_of_a_gigabyte_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "groot.txt"
    with path.open("wb") as stream:
        stream.truncate(2**30)
    begun = time.perf_counter()
    with pytest.raises(InputError, match="te groot"):
        read_transcript(path)
    assert time.perf_counter() - begun < 1


def test_one_endless_line_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "a.txt", b"KM1: " + b"woord " * 1_000_000, match="langer dan")
    refused(tmp_path / "a.txt", b"\n" * 1_500_000 + b"a", match="regels")


@pytest.mark.parametrize(
    ("name", "part"), [("a.docx", "word/document.xml"), ("a.xlsx", "xl/workbook.xml"), ("a.odt", "content.xml")]
)
def test_zip_bombs_are_refused(tmp_path: Path, name: str, part: str) -> None:
    refused(tmp_path / name, archive({part: b"<a>" + b" " * (MAX_BYTES + 10) + b"</a>"}), match="te groot")
    many = archive({part: b"<a/>"} | {f"media/{n}": b"0" for n in range(5_001)})
    refused(tmp_path / name, many, match="te groot")


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    data = bytearray(archive({"word/document.xml": b"<a>" + b" " * 200_000 + b"</a>"}))
    directory = data.rindex(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = (100).to_bytes(4, "little")
    refused(tmp_path / "a.docx", bytes(data), match="beschadigd|niet heel|te groot")


ENTITIES = [
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;">]><a>&y;</a>',
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://localhost/a.dtd"><a/>',
    '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY x "ha">]><a>&x;</a>'.encode("utf-16"),
]


@pytest.mark.parametrize("bomb", ENTITIES)
def test_entities_and_document_types_are_refused_everywhere(tmp_path: Path, bomb: bytes) -> None:
    refused(tmp_path / "a.xml", bomb, match="DOCTYPE")
    refused(tmp_path / "a.docx", archive({"word/document.xml": bomb}), match="DOCTYPE")
    refused(tmp_path / "a.odt", archive({"content.xml": bomb}), match="DOCTYPE")
    book = io.BytesIO()
    openpyxl.Workbook().save(book)
    with zipfile.ZipFile(book) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    for part in ("xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml"):
        refused(tmp_path / "a.xlsx", archive(parts | {part: bomb}), match="DOCTYPE")


def test_no_error_repeats_what_was_said_or_who_said_it(tmp_path: Path) -> None:
    for name, text in {
        "a.csv": "Hendrika,een geheim\nHendrika,nog een geheim\n",
        "a.json": '{"segments": [{"text": "een geheim van Hendrika",,}]}',
        "a.xml": "<?xml version='1.0'?><TEI><u who='Hendrika'>een geheim</TEI>",
        "b.csv": "tijd,spreker,tekst\neen geheim van Hendrika,a,b\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        with pytest.raises(InputError) as error:
            read_transcript(tmp_path / name)
        told = "".join(traceback.format_exception(error.value))
        assert "geheim" not in str(error.value) + told
        assert "Hendrika" not in str(error.value) + told


def test_truncated_and_broken_archives_are_refused(tmp_path: Path) -> None:
    whole = word_bytes()
    for size in (10, 100, len(whole) // 2, len(whole) - 5):
        refused(tmp_path / "a.docx", whole[:size], match="beschadigd")
    refused(tmp_path / "a.docx", archive({"word/document.xml": b"<a><b></a>"}), match="niet heel")
    refused(tmp_path / "a.xlsx", archive({"xl/workbook.xml": b"<a/>"}), match="beschadigd")


def test_json_nested_very_deep_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "a.json", b"[" * 100_000, match="JSON")
    refused(tmp_path / "a.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, match="JSON")
    refused(tmp_path / "a.json", b'{"segments": [{"start": ' + b"9" * 10_000 + b"}]}", match="JSON")


def test_xml_nested_very_deep_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "a.xml", b"<?xml version='1.0'?>" + b"<a>" * 100_000, match="XML")
    refused(tmp_path / "a.docx", archive({"word/document.xml": b"<a>" * 50_000 + b"</a>" * 50_000}), match="XML")


def test_other_files_under_a_wrong_name_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "a.docx", b"KM1: hoi", match="heet .docx")
    refused(tmp_path / "a.json", b"KM1: hoi", match="geen JSON")
    refused(tmp_path / "a.srt", b"KM1: hoi", match="geen tijdregels")
    refused(tmp_path / "a.xml", b"<?xml version='1.0'?><html/>", match="XML")


def test_content_decides_and_not_the_extension(tmp_path: Path) -> None:
    texts = {
        "webvtt": "WEBVTT\n\n00:01.000 --> 00:02.000\nhoi\n",
        "srt": "1\n00:00:01,000 --> 00:00:02,000\nhoi\n",
        "json": '{"segments": [{"text": "hoi"}]}',
        "csv": "tijd;spreker;tekst\n1;A;hoi\n",
        "txt": "[r1] hoi\n[i] dag\n",
    }
    for expected, text in texts.items():
        (tmp_path / "a.txt").write_text(text, encoding="utf-8")
        assert sniff(tmp_path / "a.txt") == expected
        assert read_transcript(tmp_path / "a.txt").format == expected
        assert expected in FORMATS
    (tmp_path / "a.txt").write_bytes(word_bytes())
    assert sniff(tmp_path / "a.txt") == "docx"


MANY = 100_000


def many(kind: str) -> bytes:
    if kind == "txt":
        return "".join(
            f"[00:{n // 60 % 60:02d}:{n % 60:02d}] KM{n % 7}: zin {n} (lacht) en zo\n" for n in range(MANY)
        ).encode()
    if kind == "vtt":
        cues = (
            f"{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}.000 --> "
            f"{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}.900\n<v S{n % 7}>zin {n}\n"
            for n in range(MANY)
        )
        return ("WEBVTT\n\n" + "\n".join(cues)).encode()
    if kind == "csv":
        return ("spreker;tekst\n" + "".join(f"KM{n % 7};zin {n}\n" for n in range(MANY))).encode()
    if kind == "json":
        return json.dumps(
            [{"start": n, "end": n + 0.9, "text": f"zin {n}", "speaker": f"S{n % 7}"} for n in range(MANY)]
        ).encode()
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    body = "".join(f"<w:p><w:r><w:t>KM{n % 7}: zin {n}</w:t></w:r></w:p>" for n in range(MANY))
    return archive(
        {"word/document.xml": f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>'.encode()}
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["txt", "vtt", "csv", "json", "docx"])
def test_a_hundred_thousand_turns_are_read_in_seconds(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(many(kind))
    begun = time.perf_counter()
    transcript = read_transcript(path)
    assert len(transcript.turns) == MANY
    assert len(transcript.speakers) == 7
    assert time.perf_counter() - begun < 30


NASTY = {
    "open brackets": "(" * 400_000,
    "open squares": "[a" * 200_000,
    "spaces": "KM1" + " " * 400_000 + "x",
    "colons": "a:" * 200_000,
    "dots": "." * 400_000,
    "digits": "1" * 400_000,
    "clock": "12:31:" * 70_000,
    "tabs": "\t" * 300_000 + "a",
    "letters": "x" * 400_000,
    "capitals": "A " * 200_000,
    "slashes": "// " * 130_000,
    "slash labels": "//A: b" * 60_000,
    "names": "Van De " * 60_000 + ":",
    "dashes": " – " * 130_000,
    "hashes": "#00:" * 100_000,
    "angles": "<v " * 130_000,
    "commas": "a, " * 130_000,
    "plenary": "Anna de Wit, " * 30_000 + ". – (DE) ja",
}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
@pytest.mark.parametrize(
    "shape", ["{}", "KM1: {}\nSW1: ja\n", "WEBVTT\n\n00:01.000 --> 00:02.000\n{}\n", "Aanwezig: {}\n\nKM1: ja\n"]
)
def test_no_text_makes_an_expression_run_away(tmp_path: Path, text: str, shape: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(shape.format(text), encoding="utf-8")
    begun = time.perf_counter()
    with contextlib.suppress(InputError):
        read_transcript(path)
    assert time.perf_counter() - begun < 5


SEEDS = st.sampled_from(
    [
        b"KM1: hoi\n",
        b"[00:12] ",
        b"WEBVTT\n\n",
        b"00:00:01.000 --> 00:00:02.000\n",
        b"<v A>x",
        b'{"segments": [{"text": "a"}]}',
        b"\xff\xfe",
        b"tijd;spreker;tekst\n",
        b"<?xml version='1.0'?><TEI><u>a</u></TEI>",
        b"PK\x03\x04",
        b"#TEXT\n",
        b"A B (X). \xe2\x80\x93 (DE) c\n",
        b"\x00",
        b"\xe9",
        b"\r",
        b"//S1: a//",
        b"Datum: x\n\n",
        b"Anna 0:03\n",
        b"[",
        b"12\n",
        b'"',
        b"&#0;",
        b"\xed\xa0\x80",
        b"1 = b\n",
        b"\x1c\x85",
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SEEDS | st.binary(max_size=40), max_size=12), st.sampled_from(EXTENSIONS))
def test_any_bytes_are_read_or_refused(tmp_path: Path, parts: list[bytes], extension: str) -> None:
    path = tmp_path / f"willekeurig{extension}"
    path.write_bytes(b"".join(parts))
    with contextlib.suppress(InputError):
        transcript = read_transcript(path)
        assert transcript.turns
        assert transcript.format in FORMATS
        for turn in transcript.turns:
            turn.text.encode()


WORD = word_bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(WORD) - 1), st.binary(min_size=1, max_size=30))
def test_a_damaged_word_file_is_read_or_refused(tmp_path: Path, place: int, noise: bytes) -> None:
    path = tmp_path / "stuk.docx"
    path.write_bytes(WORD[:place] + noise + WORD[place + len(noise) :])
    with contextlib.suppress(InputError):
        read_transcript(path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "segments",
                        "text",
                        "words",
                        "word",
                        "start",
                        "end",
                        "speaker",
                        "score",
                        "offsets",
                        "from",
                        "timestamp",
                        "speakers",
                        "name",
                        "id",
                    ]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_read_or_refused(tmp_path: Path, data: object) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with contextlib.suppress(InputError):
        read_transcript(path)
