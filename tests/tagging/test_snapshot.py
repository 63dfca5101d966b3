"""What must stay true of a snapshot: what goes in comes back, and the same sessions give the same bytes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from pipeline.domain.coding import CoderKind
from pipeline.domain.errors import InputError
from pipeline.domain.pseudonym import PseudonymisedSpeaker
from pipeline.domain.training import SettledLabel, TrainingSession
from pipeline.tagging.snapshot import read_snapshot, write_snapshot
from tests.tagging import world

if TYPE_CHECKING:
    from pathlib import Path


def in_order(session: TrainingSession) -> TrainingSession:
    """The same session with its labels in one order, and only those speakers who speak."""

    def key(label: SettledLabel) -> tuple[str, str]:
        return label.utterance_id, label.dimension

    spoke = dict.fromkeys(unit.speaker for unit in session.session.utterances)
    speakers = tuple(session.session.by_pseudonym[who] for who in spoke if who)
    return replace(
        session,
        session=replace(session.session, speakers=speakers),
        labels=tuple(sorted(session.labels, key=key)),
        double=tuple(sorted(session.double, key=lambda pair: key(pair[0]))),
    )


def rich() -> tuple[TrainingSession, ...]:
    """Sessions that between them have all that a session can have."""
    plain, cutting, coded, real = world.world(4)
    twice = tuple((one, SettledLabel(one.utterance_id, one.dimension, ())) for one in coded.labels[1:9:3])
    first, *others = real.session.utterances
    timed = replace(first, speaker=None, start=0.1, end=7.25)
    interviewed = PseudonymisedSpeaker("PERSOON_7", groep="zuid")
    last = replace(others[-1], speaker="PERSOON_7")
    talk = replace(
        real.session,
        speakers=(*real.session.speakers, interviewed),
        utterances=(timed, *others[:-1], last),
    )
    return (
        plain,
        replace(cutting, group="w1", only_teaches=True, facets=(("stijl", 'cliënt, "letterlijk"'), ("stijl", "b"))),
        replace(coded, group="w1", double=twice, labelled_by=CoderKind.MENS),
        replace(real, session=talk, labels=real.labels[4:], written_by=None),
    )


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    sessions = rich()
    write_snapshot(tmp_path / "m", sessions)
    back = read_snapshot(tmp_path / "m")
    assert [in_order(one) for one in back] == [in_order(one) for one in sessions]
    assert [one.only_teaches for one in back] == [False, True, False, False]
    assert [len(one.double) for one in back] == [0, 0, 3, 0]
    minimal = [[unit.text for unit in one.session.utterances if unit.minimal] for one in back]
    assert minimal == [["Ja."]] * 4


def test_no_label_is_another_thing_than_the_judgement_that_there_is_none(tmp_path: Path) -> None:
    whole = world.world(1)[0]
    bare = [one for one in whole.labels if one.dimension == "sr" and not one.labels]
    write_snapshot(tmp_path / "m", [replace(whole, labels=tuple(bare[:2]))])
    assert read_snapshot(tmp_path / "m")[0].settled("sr") == {one.utterance_id: () for one in bare[:2]}


def test_the_same_sessions_give_the_same_bytes_whatever_their_order(tmp_path: Path) -> None:
    for name, sessions in (("een", rich()), ("twee", rich()[::-1])):
        write_snapshot(tmp_path / name, sessions)
    first, second = (
        {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
        for folder in (tmp_path / "een", tmp_path / "twee")
    )
    assert len(first) > 1
    assert first == second


def test_a_folder_without_a_snapshot_is_refused_with_its_cure(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"hier staat geen momentopname.*make train"):
        read_snapshot(tmp_path / "niets")
    with pytest.raises(InputError, match="hier staat geen momentopname"):
        read_snapshot(tmp_path)
