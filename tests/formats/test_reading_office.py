"""Word, OpenDocument, Excel and CSV: paragraphs, bold labels, tables, columns. All texts are invented."""

from __future__ import annotations

import datetime as dt
import zipfile
from typing import TYPE_CHECKING

import docx
import openpyxl
import pytest

from pipeline.domain.errors import InputError
from pipeline.domain.transcript import EventKind, Transcript
from pipeline.formats.reading import read_transcript, sniff

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def spoken(transcript: Transcript) -> list[tuple[str | None, str]]:
    return [(turn.speaker, turn.text) for turn in transcript.turns]


def read_paragraphs(folder: Path, paragraphs: Sequence[str | tuple[str, str]]) -> Transcript:
    """A pair is a bold beginning and the rest."""
    document = docx.Document()
    for text in paragraphs:
        paragraph = document.add_paragraph()
        if isinstance(text, tuple):
            paragraph.add_run(text[0]).bold = True
            paragraph.add_run(text[1])
        else:
            paragraph.add_run(text)
    document.save(str(folder / "gesprek.docx"))
    return read_transcript(folder / "gesprek.docx")


def read_table(folder: Path, rows: Sequence[Sequence[str]], *, before: str = "") -> Transcript:
    document = docx.Document()
    if before:
        document.add_paragraph(before)
    table = document.add_table(rows=len(rows), cols=len(rows[0]))
    for row, cells in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.save(str(folder / "gesprek.docx"))
    return read_transcript(folder / "gesprek.docx")


def test_labelled_paragraphs_of_word_are_turns(tmp_path: Path) -> None:
    transcript = read_paragraphs(
        tmp_path,
        ["Casus 3", "Datum: 3 mei", "KM1: Goed (lacht).", "SW1: Ja\nen nee.", "Nou kijk: vervolg.", "KM1: Oké."],
    )
    assert transcript.format == "docx"
    assert spoken(transcript) == [("KM1", "Goed."), ("SW1", "Ja en nee. Nou kijk: vervolg."), ("KM1", "Oké.")]
    assert transcript.header == ("Casus 3", "Datum: 3 mei")
    assert transcript.turns[0].events[0].kind is EventKind.LACHEN


def test_bold_labels_without_colon_are_labels_and_bold_words_are_not(tmp_path: Path) -> None:
    transcript = read_paragraphs(
        tmp_path,
        [
            ("Anna de Wit", " Goedemorgen."),
            ("Bas", " Dag."),
            ("Nee", ", dat niet."),
            ("Anna de Wit", " Ja."),
            ("Bas", " Hm."),
        ],
    )
    assert spoken(transcript) == [
        ("Anna de Wit", "Goedemorgen."),
        ("Bas", "Dag. Nee, dat niet."),
        ("Anna de Wit", "Ja."),
        ("Bas", "Hm."),
    ]


def test_teams_paragraphs_with_name_and_time_are_turns(tmp_path: Path) -> None:
    transcript = read_paragraphs(
        tmp_path,
        [
            "Overleg",
            ("Anna de Wit", "   0:03\nGoedemorgen. Nou kijk: zo."),
            ("Bas Smit", "   0:08\nHoi."),
            ("Anna de Wit", "   1:02:11\nJa."),
            "Anna de Wit heeft de transcriptie gestopt",
        ],
    )
    assert [(turn.speaker, turn.start) for turn in transcript.turns] == [
        ("Anna de Wit", 3),
        ("Bas Smit", 8),
        ("Anna de Wit", 3731),
    ]
    assert transcript.turns[0].text == "Goedemorgen. Nou kijk: zo."
    assert transcript.turns[2].text == "Ja."
    assert {speaker.name for speaker in transcript.speakers} == {"Anna de Wit", "Bas Smit"}


def test_older_teams_documents_with_time_lines_are_turns(tmp_path: Path) -> None:
    transcript = read_paragraphs(
        tmp_path,
        [
            "0:0:0.0 --> 0:0:1.230\nAnna de Wit\nGoedemorgen.",
            "0:0:2.0 --> 0:0:3.230\nBas Smit\nHoi.",
            "0:0:12.0 --> 0:0:13.0\nAnna de Wit\nNou.",
        ],
    )
    assert spoken(transcript) == [("Anna de Wit", "Goedemorgen."), ("Bas Smit", "Hoi."), ("Anna de Wit", "Nou.")]
    assert transcript.turns[1].start == 2


@pytest.mark.parametrize(
    "rows",
    [
        [("KM1", "Goed, dan beginnen we."), ("SW1", "Ja."), ("", "Wie?"), ("KM1", "Nou kijk: zo is het.")],
        [
            ("Spreker", "Tekst"),
            ("KM1", "Goed, dan beginnen we."),
            ("SW1", "Ja."),
            ("", "Wie?"),
            ("KM1", "Nou kijk: zo is het."),
        ],
    ],
    ids=["without heading", "with heading"],
)
def test_tables_of_two_columns_are_turns(tmp_path: Path, rows: Sequence[Sequence[str]]) -> None:
    transcript = read_table(tmp_path, rows, before="Aanwezig: Anna de Wit")
    assert spoken(transcript) == [
        ("KM1", "Goed, dan beginnen we."),
        ("SW1", "Ja."),
        (None, "Wie?"),
        ("KM1", "Nou kijk: zo is het."),
    ]
    assert transcript.header[0] == "Aanwezig: Anna de Wit"
    assert transcript.known_names == ("Anna de Wit",)


def test_tables_of_three_columns_have_times(tmp_path: Path) -> None:
    transcript = read_table(tmp_path, [("00:12:31", "KM1:", "Goed, we gaan."), ("00:12:40", "SW1:", "Ja hoor.")])
    assert [(turn.start, turn.speaker, turn.text) for turn in transcript.turns] == [
        (751, "KM1", "Goed, we gaan."),
        (760, "SW1", "Ja hoor."),
    ]


def test_a_table_as_title_block_is_no_talk(tmp_path: Path) -> None:
    document = docx.Document()
    table = document.add_table(rows=2, cols=2)
    for row, cells in zip(table.rows, [("Datum", "3 mei"), ("Aanwezig", "Anna de Wit, Bas")], strict=True):
        row.cells[0].text, row.cells[1].text = cells
    for text in ("KM1: Goed.", "SW1: Ja."):
        document.add_paragraph(text)
    document.sections[0].header.paragraphs[0].text = "Vertrouwelijk"
    document.save(str(tmp_path / "g.docx"))
    transcript = read_transcript(tmp_path / "g.docx")
    assert spoken(transcript) == [("KM1", "Goed."), ("SW1", "Ja.")]
    assert "Vertrouwelijk" in transcript.header
    assert set(transcript.known_names) == {"Anna de Wit", "Bas"}


def word_file(folder: Path, body: str) -> Path:
    path = folder / "g.docx"
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>')
    return path


def test_tracked_deletions_are_left_out_and_insertions_stay(tmp_path: Path) -> None:
    run = "<w:r><w:t xml:space='preserve'>{}</w:t></w:r>"
    body = (
        f"<w:p>{run.format('KM1: wel ')}<w:del><w:r><w:delText>niet </w:delText></w:r></w:del><w:ins>"
        f"{run.format('toch ')}</w:ins>"
        f"{run.format('goed')}</w:p><w:p>{run.format('SW1: ja')}</w:p>"
    )
    assert spoken(read_transcript(word_file(tmp_path, body))) == [("KM1", "wel toch goed"), ("SW1", "ja")]


def test_open_document_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "g.odt"
    office, text = "urn:oasis:names:tc:opendocument:xmlns:office:1.0", "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr(
            "content.xml",
            f'<o:document-content xmlns:o="{office}" xmlns:t="{text}"><o:body><o:text><t:p>KM1:<t:tab/>Goed '
            f"<t:span>dan</t:span> maar.</t:p>"
            "<t:p>SW1: Ja<t:line-break/>hoor.</t:p></o:text></o:body></o:document-content>",
        )
    assert sniff(path) == "odt"
    assert spoken(read_transcript(path)) == [("KM1", "Goed dan maar."), ("SW1", "Ja hoor.")]


def read_csv(folder: Path, text: str, *, columns: Mapping[str, str] | None = None) -> Transcript:
    path = folder / "g.csv"
    path.write_text(text, encoding="utf-8-sig")
    return read_transcript(path, columns=columns)


def test_csv_rows_are_turns_with_functions(tmp_path: Path) -> None:
    transcript = read_csv(
        tmp_path,
        'tijd;spreker;functie;tekst;opmerking\n00:00:01;Anna;werkcoach;"Nou; kijk: zo (lacht)";x\n12,5;R2;'
        "wijkteam;Ja;\n;;;Wie?;\n",
    )
    assert [(turn.start, turn.speaker, turn.text) for turn in transcript.turns] == [
        (1, "Anna", "Nou; kijk: zo"),
        (12.5, "R2", "Ja"),
        (None, None, "Wie?"),
    ]
    assert [speaker.functie for speaker in transcript.speakers] == ["klantmanager", "sociaal_werker"]
    assert any("kolom 5" in warning for warning in transcript.warnings)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_every_delimiter_and_english_headings_are_read(tmp_path: Path, mark: str) -> None:
    text = "\n".join(
        mark.join(row) for row in [("Start time", "Speaker", "Text"), ("1.5", "Anna", "Hoi"), ("2", "Bas", "Dag")]
    )
    transcript = read_csv(tmp_path, text)
    assert [(turn.start, turn.speaker, turn.text) for turn in transcript.turns] == [
        (1.5, "Anna", "Hoi"),
        (2, "Bas", "Dag"),
    ]


def test_a_mapping_of_columns_is_followed(tmp_path: Path) -> None:
    transcript = read_csv(tmp_path, "c1,c2,c3\nAnna,Hoi,4\n", columns={"spreker": "C1", "tekst": "c2", "tijd": "c3"})
    assert [(turn.start, turn.speaker, turn.text) for turn in transcript.turns] == [(4, "Anna", "Hoi")]


def test_all_problems_of_a_table_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_csv(tmp_path, "tijd,spreker,tekst\nstraks,A1,hoi\n1,B1,dag\nlater,A1,ja\n")
    assert [problem.place for problem in error.value.problems] == [
        "g.csv, rij 2, kolom tijd",
        "g.csv, rij 4, kolom tijd",
    ]
    with pytest.raises(InputError) as error:
        read_csv(tmp_path, "a,b\n1,2\n", columns={"tekst": "weg", "onzin": "a"})
    assert len(error.value.problems) == 2
    with pytest.raises(InputError, match="geen kolom 'tekst'"):
        read_csv(tmp_path, "naam,waarde\n1,2\n")


def test_a_quote_that_is_never_closed_is_refused_with_its_row(tmp_path: Path) -> None:
    rows = "".join(f"A1,zin {n}\n" for n in range(20))
    with pytest.raises(InputError, match="rij 2"):
        read_csv(tmp_path, 'spreker,tekst\nA1,"Nee\n' + rows)


def read_xlsx(folder: Path, rows: Sequence[Sequence[object]]) -> Transcript:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))  # type: ignore[union-attr]
    book.save(folder / "g.xlsx")
    return read_transcript(folder / "g.xlsx")


def test_xlsx_rows_are_turns_and_excel_times_are_read(tmp_path: Path) -> None:
    transcript = read_xlsx(
        tmp_path,
        [
            ("Tijd", "Spreker", "Rol", "Tekst"),
            (dt.time(0, 12, 31), "KM1", "consulent", "Goed."),
            (760.5, "SW1", None, "Ja."),
        ],
    )
    assert transcript.format == "xlsx"
    assert [(turn.start, turn.speaker, turn.text) for turn in transcript.turns] == [
        (751, "KM1", "Goed."),
        (760.5, "SW1", "Ja."),
    ]


def test_minutes_that_excel_took_for_hours_are_minutes(tmp_path: Path) -> None:
    rows = [("tijd", "spreker", "tekst"), *[(dt.time(m, s), "KM1", "Ja.") for m, s in [(3, 12), (3, 19), (12, 31)]]]
    transcript = read_xlsx(tmp_path, rows)
    assert [turn.start for turn in transcript.turns] == [192, 199, 751]
    assert any("minuten:seconden" in warning for warning in transcript.warnings)
