"""Study B: groups and kinds of knowledge, from what people coded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pipeline.domain.codebook import Codebook, Dimension, DimensionKind
from pipeline.domain.coding import CoderKind, Judgement
from pipeline.domain.evidence import Evidence
from pipeline.domain.pseudonym import PseudonymisedSpeaker, UnitisedSession, Utterance, utterance_id
from pipeline.domain.study import Component, Session, Site, Study, ValueType
from pipeline.statistics.comparison import Design, compare
from pipeline.statistics.results import result_tables
from pipeline.statistics.triangulation import KNOWLEDGE_TYPES, Mark
from tests.statistics.builders import labels

if TYPE_CHECKING:
    from collections.abc import Mapping

QUICK = Design(permutations=99, bootstraps=20, rank_draws=50)
CODEBOOK = Codebook(
    "beelden_klein",
    "Beelden",
    "1.0",
    "0123456789ab",
    "uiting",
    (
        Dimension("werkzaam", "Werkzaam", "Wat werkt?", DimensionKind.MULTI, labels("tijd", "vertrouwen")),
        Dimension(
            "richting",
            "Richting",
            "Helpt het?",
            DimensionKind.SINGLE,
            labels("bevorderend", "belemmerend", "wens", "geen"),
            none_label="geen",
            gate="werkzaam",
        ),
    ),
)
UNITS = 30


def transcript(name: str, group: str | None) -> UnitisedSession:
    """An interview: every third unit is of the interviewer, who has no group."""
    speakers = (PseudonymisedSpeaker("WIE_1", groep=group), PseudonymisedSpeaker("VRAGER_2"))
    units = tuple(
        Utterance(
            utterance_id(name, turn, 1), name, turn, 1, speakers[turn % 3 == 0].pseudonym, "dit is wat ik zeg",
            None, None, minimal=False,
        )
        for turn in range(1, UNITS + 1)
    )  # fmt: skip
    return UnitisedSession(name, speakers, units)


def judge(unit: Utterance, dimension: str, given: tuple[str, ...]) -> Judgement:
    return Judgement(
        unit.id, unit.text_sha, dimension, given, "a", CoderKind.MENS, CODEBOOK.version_key, "2020-01-01T00:00:00+00:00"
    )


def coded(session: UnitisedSession, often: Mapping[str, int], direction: str) -> tuple[Judgement, ...]:
    """Give every so many units a label, mostly with one direction; where there is none, the gate is shut, not coded."""
    other = next(one for one in ("belemmerend", "bevorderend") if one != direction)
    found = []
    for unit in session.utterances:
        given = tuple(label for label, every in often.items() if unit.turn % every == 1)
        found.append(judge(unit, "werkzaam", given))
        if given:
            found.append(judge(unit, "richting", (other if unit.turn % 7 == 0 else direction,)))
    return tuple(found)


def make_evidence(*, whole: bool = True) -> Evidence:
    """Clients say that time hinders, professionals that it helps; literature has single statements on trust."""
    groups = {
        **{f"klant-{at}": "klant" for at in range(4)},
        **{f"prof-{at}": "sociale_professional" for at in range(3)},
        **{f"km-{at}": "klantmanager" for at in range(3)},
        "literatuur-0": None,
    }
    units = {name: transcript(name, group) for name, group in groups.items()}
    judgements = {}
    for name, session in units.items():
        direction = "belemmerend" if name.startswith("klant") else "bevorderend"
        often = {"vertrouwen": 2} if name.startswith("lit") else {"tijd": 2}
        judgements[name] = coded(session, often, direction)[: None if whole else 10]
    rows = tuple(
        Session(
            name, "plek", None, None, PurePosixPath(f"{name}.txt"), None,
            {"bron": "literatuur" if name.startswith("lit") else "interview"}, {},
        )
        for name in groups
    )  # fmt: skip
    component = Component("bron", "Bron", ValueType.CATEGORIE, ("interview", "literatuur"))
    study = Study("b", "B", "b", True, (Site("plek", "Plek"),), (), (component,), (), (), rows, {})
    return Evidence(study, CODEBOOK, None, units, {}, (), judgements)


def tables(evidence: Evidence) -> dict[str, list[dict[str, Any]]]:
    found = result_tables(compare(evidence, QUICK))
    return {name: [dict(zip(header, row, strict=True)) for row in rows] for name, (header, rows) in found.items()}


def test_groups_and_kinds_of_knowledge_are_compared_on_what_people_coded() -> None:
    voices = compare(make_evidence(), QUICK).voices
    assert voices is not None
    assert voices.groups == ("klant", "sociale_professional", "klantmanager", "literatuur")
    assert voices.types == tuple(dict.fromkeys(KNOWLEDGE_TYPES.values()))
    (dimension,) = voices.dimensions
    assert dimension.dimension == "werkzaam"
    assert len(voices.transcripts["werkzaam"]) == 11
    assert isinstance(dimension.matrix, tuple), str(dimension.matrix)
    assert [row.label for row in dimension.matrix] == ["tijd", "vertrouwen"]
    marks = {row.label: row.mark for row in dimension.matrix}
    # Half of what clients say is about time that hinders, half of what professionals say about time that helps.
    assert marks["tijd"] is Mark.STRIJDIG
    rate = dimension.rates["vertrouwen", "literatuur"]
    assert getattr(rate, "transcripts", None) == UNITS
    found = tables(make_evidence())
    assert "strijdig" in {row["merk"] for row in found["triangulatie"]}
    assert any(row["andere_groep"] is not None for row in found["groepen"])


def test_a_transcript_that_is_coded_in_part_is_left_out_and_said_to_be() -> None:
    voices = compare(make_evidence(whole=False), QUICK).voices
    assert voices is not None
    assert voices.transcripts["werkzaam"] == {}
    assert len(voices.left_out["werkzaam"]) == 11
    found = tables(make_evidence(whole=False))
    assert {row["merk"] for row in found["triangulatie"]} == {"onbeslist"}
    assert all(row["reden"] is not None for row in found["groepen"])


def test_each_transcript_that_is_left_out_is_named_with_the_reason() -> None:
    evidence = make_evidence()
    said = {**evidence.judgements, "klant-0": evidence.judgements["klant-0"][:10]}
    units = {name: one for name, one in evidence.units.items() if name != "km-1"}
    units["prof-0"] = replace(
        units["prof-0"], speakers=(PseudonymisedSpeaker("WIE_1"), PseudonymisedSpeaker("VRAGER_2"))
    )
    found = tables(replace(evidence, judgements=said, units=units))["transcripten"]
    out = {row["transcript"]: row for row in found if row["dimensie"] == "werkzaam" and not row["gebruikt"]}
    assert sorted(out) == ["klant-0", "km-1", "prof-0"]
    assert "Niet alle uitingen" in out["klant-0"]["reden"]
    assert "nog niet verwerkt" in out["km-1"]["reden"]
    assert "groep" in out["prof-0"]["reden"]
    assert all(row["wat_helpt"] for row in out.values())
    assert sum(row["gebruikt"] for row in found) == 8


def test_statements_of_one_document_are_said_to_be_alike() -> None:
    found = tables(make_evidence())
    for name, column, kind in (
        ("groepen", "groep", "literatuur"),
        ("triangulatie", "kennistype", "wetenschappelijke kennis"),
    ):
        notes = {row["opmerking"] for row in found[name] if row[column] == kind and row["waarde"] is not None}
        (note,) = notes
        assert "Deze 30 uitspraken komen uit 1 stuk;" in note
        others = {row["opmerking"] for row in found[name] if row[column] != kind}
        assert others == {None}


def test_labels_given_blindly_go_before_others_and_the_tables_say_which_were_used() -> None:
    evidence = make_evidence()
    blind = {name: tuple(replace(one, blind=True) for one in said) for name, said in evidence.judgements.items()}
    found = tables(replace(evidence, judgements=blind))
    # Somebody who saw a machine's proposals says otherwise of all that one client says.
    seen = tuple(
        replace(one, coder="0", labels=()) for one in evidence.judgements["klant-0"] if one.dimension == "werkzaam"
    )
    more = tables(replace(evidence, judgements={**blind, "klant-0": (*blind["klant-0"], *seen)}))
    for name in ("groepen", "triangulatie", "transcripten", "overgangen", "derden"):
        assert more[name] == found[name], name
        told = {row["blind"] for row in found[name] if row.get("stand") != "beschrijvend"} - {None}
        assert told == {True}, name
    one = {**blind, "klant-0": evidence.judgements["klant-0"]}
    mixed = tables(replace(evidence, judgements=one))
    assert {row["groep"]: row["blind"] for row in mixed["groepen"] if row["andere_groep"] is None} == {
        "klant": False,
        "sociale_professional": True,
        "klantmanager": True,
        "literatuur": True,
    }
    assert {row["blind"] for row in mixed["triangulatie"] if row["kennistype"] == "klantenkennis"} == {False}
    told = {row["transcript"]: row["blind"] for row in mixed["transcripten"]}
    assert [name for name, value in told.items() if value is False] == ["klant-0"]
    assert {row["blind"] for row in mixed["derden"]} == {False}
    note = next(row["zin"] for row in mixed["voorbehoud"] if row["onderwerp"] == "stand: waargenomen")
    assert "blind nee" in note
    assert "niet door een model bepaald" not in note


def test_without_groups_there_is_nothing_to_triangulate() -> None:
    evidence = make_evidence()
    bare = {
        name: replace(one, speakers=tuple(replace(each, groep=None) for each in one.speakers))
        for name, one in evidence.units.items()
    }
    assert compare(replace(evidence, units=bare), QUICK).voices is None
