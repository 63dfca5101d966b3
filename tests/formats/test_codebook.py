"""What must stay true of codebooks: the two that ship, and what is said about one that does not hold together."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.domain.codebook import DimensionKind
from pipeline.domain.errors import InputError
from pipeline.formats.codebook import read_codebook

if TYPE_CHECKING:
    from pipeline.domain.codebook import Codebook

SHIPPED = Path(__file__).parents[2] / "corpora" / "codebook"

# Typed in by hand from domain.md 6.2-6.7.
CASUISTIEK = {
    "frame": "leefwereld activering rechtmatigheid beleid client geen_frame",
    "reframing": (
        "eigen_frame_benoemen ander_frame_verkennen herkaderen frames_verbinden frame_afwijzen geen_reframing"
    ),
    "sr": "brug_burger brug_professional brug_beleid zelf",
    "sr_niveau": "0 1 2 3",
    "bijdrage": (
        "informatievraag verdiepende_vraag sturende_vraag informatie duiding voorstel afspraak proces minimaal"
    ),
    "fase": "inbreng vraagverheldering ordening oplossingen afronding",
}
# From domain.md 6.10.
BEELDEN = {
    "kijkhoek": "klantperspectief uitvoeringsperspectief organisatieperspectief beleidsperspectief geen",
    "beeld": "hele_mens een_ingang samen_optrekken klant_aan_zet maatwerk begrensd geen_beeld",
    "werkzaam": (
        "vertrouwensrelatie tijd_en_continuiteit korte_lijnen ruimte_en_mandaat afspraken_en_info gedeelde_visie "
        "eigen_kracht_netwerk"
    ),
    "richting": "bevorderend belemmerend wens geen",
}

SMALL_YAML = """\
id: klein
titel: Een klein codeboek
versie: 1.0
eenheid: een uiting
dimensies:
  toon:
    naam: Toon
    vraag: Hoe klinkt het?
    soort: enkel
    geen: neutraal
  over:
    naam: Onderwerp
    vraag: Waar gaat het over?
    soort: meervoudig
  mate:
    naam: Mate
    vraag: Hoe sterk?
    soort: ordinaal
    geen: "0"
    poort: over
samenvoegingen:
  geld_en_werk:
    naam: Geld en werk
    dimensie: over
    labels: [geld, werk]
"""
SMALL_LABELS = """\
dimensie,label,naam,definitie,wel,niet,grens
toon,blij,Blij,Het klinkt blij.,,,
toon,neutraal,Neutraal,Het klinkt gewoon.,,,een regel | nog een regel
over,geld,Geld,Het gaat over geld.,,,
over,werk,Werk,Het gaat over werk.,,,
mate,0,Niet,Er is niets.,,,
mate,1,Een beetje,Er is iets.,,,
"""
SMALL_EXAMPLES = """\
dimensie,label,soort,tekst,gecodeerd_als,toelichting
toon,blij,voorbeeld,Wat fijn!,,
toon,blij,grensgeval,Het is goed.,neutraal,een feit
over,geld,voorbeeld,"Twintig euro per uur, dat is best.",geld+werk,
over,werk,voorbeeld,Maandag begint hij.,,
over,werk,grensgeval,Het regent.,-,
mate,1,voorbeeld,Een beetje geld.,,
mate,1,grensgeval,Geen idee.,0,
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "klein"
    folder.mkdir()
    (folder / "codebook.yaml").write_text(SMALL_YAML, encoding="utf-8")
    (folder / "labels.csv").write_text(SMALL_LABELS, encoding="utf-8")
    (folder / "voorbeelden.csv").write_text(SMALL_EXAMPLES, encoding="utf-8")
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_codebook(folder)
    return [str(problem) for problem in caught.value.problems]


def ids(codebook: Codebook) -> dict[str, str]:
    return {dimension.id: " ".join(dimension.label_ids) for dimension in codebook.dimensions}


def test_codebook_casuistiek_has_every_label_of_the_domain_dossier_in_order() -> None:
    assert ids(read_codebook(SHIPPED / "casuistiek")) == CASUISTIEK


def test_codebook_beelden_has_every_label_of_the_domain_dossier_in_order() -> None:
    assert ids(read_codebook(SHIPPED / "beelden")) == BEELDEN


def test_codebook_casuistiek_declares_kinds_gate_precedence_and_roll_ups() -> None:
    codebook = read_codebook(SHIPPED / "casuistiek")
    kinds = {dimension.id: dimension.kind for dimension in codebook.dimensions}
    assert kinds["frame"] is DimensionKind.SINGLE
    assert kinds["sr"] is DimensionKind.MULTI
    assert kinds["sr_niveau"] is DimensionKind.ORDINAL
    level = codebook.dimension("sr_niveau")
    assert (level.gate, level.none_label) == ("sr", "0")
    assert codebook.dimension("reframing").precedence == (
        "frames_verbinden",
        "herkaderen",
        "ander_frame_verkennen",
        "eigen_frame_benoemen",
        "frame_afwijzen",
        "geen_reframing",
    )
    assert codebook.dimension("bijdrage").automatic == ("minimaal",)
    assert [dimension.id for dimension in codebook.dimensions if dimension.core] == [
        "frame",
        "reframing",
        "sr",
        "sr_niveau",
    ]
    assert [dimension.id for dimension in codebook.dimensions if dimension.per_session] == ["fase"]
    roll_up = codebook.roll_ups[0]
    assert (roll_up.id, roll_up.dimension, roll_up.labels) == (
        "werk_inkomen",
        "frame",
        ("activering", "rechtmatigheid"),
    )


def test_codebook_casuistiek_has_all_nine_clarifications_and_six_steps() -> None:
    rules = read_codebook(SHIPPED / "casuistiek").rules
    assert [rule.split(".")[0] for rule in rules if rule.startswith("Verduidelijking")] == [
        f"Verduidelijking {number}" for number in range(1, 10)
    ]
    assert [rule.split(".")[0] for rule in rules if rule.startswith("Stap")] == [f"Stap {n}" for n in range(1, 7)]


def test_codebook_beelden_gates_direction_by_working_elements() -> None:
    direction = read_codebook(SHIPPED / "beelden").dimension("richting")
    assert (direction.gate, direction.none_label) == ("werkzaam", "geen")


@pytest.mark.parametrize(
    ("dimension", "text", "labels"),
    [
        ("frame", "Zolang hij die rugklachten heeft kan ik hem nergens plaatsen.", ("activering",)),
        ("frame", "Hij is gewoon niet gemotiveerd, klaar.", ("activering",)),
        ("reframing", "Herken jij dat vanuit jouw kant ook?", ("ander_frame_verkennen",)),
        ("sr", "Ze is bang voor instanties.", ()),
        ("sr_niveau", "Het systeem deugt niet.", ("0",)),
        ("bijdrage", "Hoe lang al?", ("informatievraag",)),
    ],
)
def test_near_misses_say_what_they_are_instead(dimension: str, text: str, labels: tuple[str, ...]) -> None:
    codebook = read_codebook(SHIPPED / "casuistiek")
    found = [
        example
        for label in codebook.dimension(dimension).labels
        for example in label.examples
        if example.text == text and example.near_miss
    ]
    assert [example.labels for example in found] == [labels]


def test_an_example_can_carry_two_labels_of_a_multi_dimension() -> None:
    label = next(
        label for label in read_codebook(SHIPPED / "casuistiek").dimension("sr").labels if label.id == "brug_beleid"
    )
    assert [example.labels for example in label.examples[:3]] == [
        ("brug_beleid",),
        ("brug_beleid", "zelf"),
        ("brug_beleid",),
    ]


@pytest.mark.parametrize(("dimension", "count"), [("frame", 4), ("reframing", 4), ("sr", 4)])
def test_every_core_label_has_four_examples_and_two_near_misses(dimension: str, count: int) -> None:
    for label in read_codebook(SHIPPED / "casuistiek").dimension(dimension).labels:
        assert sum(not example.near_miss for example in label.examples) == count, label.id
        assert sum(example.near_miss for example in label.examples) == 2, label.id


def test_several_borderline_rules_stand_in_one_cell(small: Path) -> None:
    assert read_codebook(small).dimension("toon").labels[1].borderline == ("een regel", "nog een regel")


def test_a_dimension_belongs_to_the_core_unless_it_says_otherwise(small: Path) -> None:
    assert all(dimension.core for dimension in read_codebook(small).dimensions)


def test_the_version_changes_with_any_word_and_not_with_line_ends(small: Path) -> None:
    before = read_codebook(small).sha
    for path in small.iterdir():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_codebook(small).sha == before
    edit(small / "labels.csv", "Het klinkt blij.", "Het klinkt vrolijk.")
    assert read_codebook(small).sha != before
    assert len(before) == 12


def test_semicolons_a_byte_order_mark_and_windows_line_ends_are_read_the_same(small: Path) -> None:
    before = read_codebook(small).dimensions
    for name in ("labels.csv", "voorbeelden.csv"):
        lines = (small / name).read_text(encoding="utf-8").splitlines()
        marked = [line.replace(", dat", "# dat").replace('"', "") for line in lines]
        text = "\r\n".join(line.replace(",", ";").replace("#", ",") for line in marked) + "\r\n"
        (small / name).write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_codebook(small).dimensions == before


def test_the_readme_is_no_part_of_the_version(small: Path) -> None:
    before = read_codebook(small).sha
    (small / "README.md").write_text("iets", encoding="utf-8")
    assert read_codebook(small).sha == before


def test_a_typing_error_in_a_key_is_reported_with_line_and_nearest_key(small: Path) -> None:
    edit(small / "codebook.yaml", "    geen: neutraal", "    gen: neutraal")
    (found,) = problems_of(small)
    assert found == (
        "codebook.yaml, regel 10: hier staat de onbekende sleutel 'gen' bij 'dimensies > toon'. Bedoel je 'geen'? "
        "Deze sleutels bestaan hier: naam, vraag, soort, kern, geen, voorrang, poort, automatisch, per_sessie, regels."
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        (
            "labels.csv",
            "toon,blij,Blij",
            "tono,blij,Blij",
            "labels.csv, rij 2, kolom dimensie: dimensie 'tono' is onbekend",
        ),
        (
            "labels.csv",
            "toon,neutraal,",
            "toon,blij,",
            "labels.csv, rij 3, kolom label: label 'blij' van 'toon' staat al",
        ),
        ("labels.csv", "Het gaat over geld.", "", "labels.csv, rij 4, kolom definitie: de cel is leeg"),
        ("labels.csv", "over,geld,", "over,Geld!,", "labels.csv, rij 4, kolom label: 'Geld!' kan geen id zijn"),
        ("labels.csv", "definitie", "omschrijving", "labels.csv, rij 1: de kolom 'definitie' ontbreekt"),
        ("labels.csv", "definitie", "omschrijving", "labels.csv, rij 1, kolom D: deze kolom is onbekend"),
        ("labels.csv", "over,werk,", "over,geen,", "labels.csv, rij 5, kolom label: 'geen' kan hier geen label zijn"),
        (
            "labels.csv",
            "toon,neutraal",
            "toon,boos,Boos,Het klinkt boos.,,,\ntoon,neutraal",
            "label 'boos' heeft geen voorbeeld",
        ),
        (
            "voorbeelden.csv",
            "toon,blij,voorbeeld",
            "toon,bljj,voorbeeld",
            "rij 2, kolom label: label 'bljj' van 'toon' is onbekend. Bedoel je 'blij'?",
        ),
        (
            "voorbeelden.csv",
            ",neutraal,een feit",
            ",saai,een feit",
            "rij 3, kolom gecodeerd_als: label 'saai' van 'toon'",
        ),
        (
            "voorbeelden.csv",
            ",neutraal,een feit",
            ",,een feit",
            "rij 3, kolom gecodeerd_als: een grensgeval van 'blij' is niet zelf",
        ),
        ("voorbeelden.csv", "Het is goed.", "wat FIJN!", "rij 3, kolom tekst: deze zin staat bij 'toon' al op rij 2"),
        (
            "voorbeelden.csv",
            "blij,voorbeeld",
            "blij,voorbeld",
            "rij 2, kolom soort: 'voorbeld' is geen soort voorbeeld",
        ),
        (
            "voorbeelden.csv",
            "Wat fijn!,,",
            "Wat fijn!,blij+neutraal,",
            "rij 2, kolom gecodeerd_als: 'toon' heeft één label",
        ),
        (
            "voorbeelden.csv",
            "Wat fijn!,,",
            "Wat fijn!,neutraal,",
            "rij 2, kolom gecodeerd_als: een voorbeeld van 'blij' is als iets anders",
        ),
        (
            "codebook.yaml",
            "soort: enkel",
            "soort: enkele",
            "codebook.yaml, regel 9: 'enkele' is geen soort dimensie. Bedoel je 'enkel'?",
        ),
        (
            "codebook.yaml",
            "geen: neutraal",
            "geen: niks",
            "codebook.yaml, regel 10: label 'niks' van 'toon' is onbekend",
        ),
        (
            "codebook.yaml",
            "geen: neutraal",
            "geen: neutraal\n    voorrang: [blij, droef]",
            "codebook.yaml, regel 11: label 'droef' van 'toon'",
        ),
        (
            "codebook.yaml",
            "poort: over",
            "poort: oever",
            "codebook.yaml, regel 20: de poort 'oever' is geen andere dimensie",
        ),
        ("codebook.yaml", "poort: over", "poort: toon", "codebook.yaml, regel 20: de poort 'toon' is niet meervoudig"),
        (
            "codebook.yaml",
            '    geen: "0"\n',
            "",
            "codebook.yaml, regel 16: dimensie 'mate' heeft een poort maar geen 'geen'",
        ),
        (
            "codebook.yaml",
            "soort: meervoudig",
            "soort: meervoudig\n    geen: geld",
            "regel 15: een meervoudige dimensie heeft geen label voor 'geen'",
        ),
        (
            "codebook.yaml",
            "[geld, werk]",
            "[geld, wrk]",
            "codebook.yaml, regel 25: label 'wrk' van 'over' is onbekend. Bedoel je 'werk'?",
        ),
        (
            "codebook.yaml",
            "dimensie: over",
            "dimensie: overig",
            "codebook.yaml, regel 24: dimensie 'overig' is onbekend",
        ),
        ("codebook.yaml", "titel: Een klein codeboek\n", "", "codebook.yaml, regel 1: 'titel' ontbreekt"),
        ("codebook.yaml", "versie: 1.0", "id: twee", "codebook.yaml, regel 3: de sleutel 'id' staat er al op regel 1"),
        (
            "codebook.yaml",
            "  toon:",
            "  codeur: {naam: x, vraag: x, soort: enkel}\n  toon:",
            "'codeur' is al een kolom",
        ),
    ],
)
def test_a_mistake_is_reported_where_it_stands(small: Path, file: str, old: str, new: str, expected: str) -> None:
    edit(small / file, old, new)
    assert any(expected in problem for problem in problems_of(small)), problems_of(small)


def test_all_mistakes_in_all_files_are_reported_at_once(small: Path) -> None:
    edit(small / "codebook.yaml", "soort: enkel", "soort: enkele")
    edit(small / "labels.csv", "Het gaat over werk.", "")
    edit(small / "voorbeelden.csv", ",neutraal,een feit", ",saai,een feit")
    found = problems_of(small)
    files = ("codebook.yaml", "labels.csv", "voorbeelden.csv")
    assert all(any(problem.startswith(name) for problem in found) for name in files)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x [1, 2]\nb: *x\n", "regel 2: hier staat een verwijzing"),
        ("id: !!python/object/apply:os.system ['true']\n", "regel 1: hier staat een soortaanduiding"),
        ("id: [\n", "de opmaak klopt hier niet"),
        ("id: x\n---\nid: y\n", "regel 2: hier staat een tweede document"),
        ("- a\n- b\n", "het bestand bestaat niet uit sleutels"),
        ("[" * 5000, "meer dan 20 niveaus"),
        ("? [a, b]\n: c\n", "hier staat een lijst als sleutel"),
        ("", "het bestand is leeg"),
    ],
)
def test_hostile_or_broken_yaml_is_refused(small: Path, text: str, expected: str) -> None:
    (small / "codebook.yaml").write_text(text, encoding="utf-8")
    (found,) = problems_of(small)
    assert expected in found


def test_a_yaml_bomb_is_refused_at_once(small: Path) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (small / "codebook.yaml").write_text(bomb, encoding="utf-8")
    assert "regel 2: hier staat een verwijzing" in problems_of(small)[0]


def test_a_missing_file_is_named(small: Path) -> None:
    (small / "labels.csv").unlink()
    (found,) = problems_of(small)
    assert found.startswith("klein/labels.csv: dit bestand ontbreekt in het codeboek. Neem de map corpora/codebook/")


def test_a_codebook_that_is_not_there_gets_the_nearest_one_that_is() -> None:
    (found,) = problems_of(SHIPPED / "casuistik")
    assert "Bedoel je 'casuistiek'?" in found


def test_a_shipped_codebook_can_be_copied_and_read_from_elsewhere(tmp_path: Path) -> None:
    copied = shutil.copytree(SHIPPED / "beelden", tmp_path / "eigen")
    assert read_codebook(copied) == read_codebook(SHIPPED / "beelden")


@pytest.mark.parametrize("name", ["casuistiek", "beelden"])
def test_names_shown_to_people_are_words_and_not_identifiers(name: str) -> None:
    names = [label.name for dimension in read_codebook(SHIPPED / name).dimensions for label in dimension.labels]
    assert [shown for shown in names if "_" in shown or not shown[0].isupper()] == []


def test_shares_are_labels_and_roll_ups_of_what_is_coded_per_unit() -> None:
    shares = read_codebook(SHIPPED / "casuistiek").shares
    assert shares["sr.zelf"] == {("sr", "zelf")}
    assert shares["frame.werk_inkomen"] == {("frame", "activering"), ("frame", "rechtmatigheid")}
    assert "sr_niveau.2" in shares
    assert not [name for name in shares if name.startswith("fase.")]
