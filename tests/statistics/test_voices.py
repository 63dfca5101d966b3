"""Study B: groups and kinds of knowledge, from what people coded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

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


def test_groups_and_kinds_of_knowledge_are_compared_on_what_people_coded() -> None:
    voices = compare(make_evidence(), QUICK).voices
    assert voices is not None
    assert voices.groups == ("klant", "sociale_professional", "klantmanager", "literatuur")
    assert voices.types == tuple(dict.fromkeys(KNOWLEDGE_TYPES.values()))
    (dimension,) = voices.dimensions
    assert dimension.dimension == "werkzaam"
    assert len(voices.transcripts["werkzaam"]) == 11
    assert not isinstance(dimension.matrix, tuple) or [row.label for row in dimension.matrix] == ["tijd", "vertrouwen"]
    marks = {row.label: row.mark for row in dimension.matrix} if isinstance(dimension.matrix, tuple) else {}
    # Half of what clients say is about time that hinders, half of what professionals say about time that helps.
    assert marks["tijd"] is Mark.STRIJDIG
    rate = dimension.rates["vertrouwen", "literatuur"]
    assert getattr(rate, "transcripts", None) == UNITS
    found = result_tables(compare(make_evidence(), QUICK))
    assert {row[2] for row in found["triangulatie"][1]} >= {"strijdig"}
    assert any(row[3] is not None for row in found["groepen"][1])


def test_a_transcript_that_is_coded_in_part_is_left_out_and_said_to_be() -> None:
    voices = compare(make_evidence(whole=False), QUICK).voices
    assert voices is not None
    assert voices.transcripts["werkzaam"] == ()
    assert len(voices.left_out["werkzaam"]) == 11
    found = result_tables(compare(make_evidence(whole=False), QUICK))
    assert {row[2] for row in found["triangulatie"][1]} == {"onbeslist"}
    assert all(row[-2] is not None for row in found["groepen"][1])


def test_without_groups_there_is_nothing_to_triangulate() -> None:
    evidence = make_evidence()
    bare = {
        name: replace(one, speakers=tuple(replace(each, groep=None) for each in one.speakers))
        for name, one in evidence.units.items()
    }
    assert compare(replace(evidence, units=bare), QUICK).voices is None
