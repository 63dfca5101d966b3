"""A real day of parliament through the whole job (only where ../shared exists; see the README for doing it by hand)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from pipeline.store.database import open_store

DAY = Path(__file__).parents[3] / "shared" / "data" / "tweede-kamer" / "vlos-2014-10-15.xml"
RAAMWERK = Path(sys.executable).parent / "raamwerk"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(not DAY.is_file(), reason="the parliamentary day lies in ../shared, which is not here"),
]

STUDY = """\
studie: kamer
titel: Een dag in de Tweede Kamer
codeboek: casuistiek
fictief: nee
werkplaatsen: {kamer: Plenaire zaal}
rondes: [1]
"""
SESSIONS = "sessie,werkplaats,ronde,datum,transcript,deelnemers\ndag,kamer,1,2014-10-15,vlos.xml,\n"


def speaker_names() -> set[str]:
    """Every verslagnaam and achternaam of somebody who speaks, as the file spells them."""
    tree = etree.parse(DAY)
    names = set()
    for speaker in tree.iter("{*}woordvoerder", "{*}interrumpant"):
        for element in speaker.iter("{*}verslagnaam", "{*}achternaam"):
            names.add((element.text or "").strip())
    return names - {""}


def test_the_whole_job_leaves_no_speaker_s_name_in_what_is_stored(
    flow_environment: dict[str, str], tmp_path: Path
) -> None:
    study = tmp_path / "kamer"
    study.mkdir()
    shutil.copy(DAY, study / "vlos.xml")
    (study / "study.yaml").write_text(STUDY, encoding="utf-8")
    (study / "sessions.csv").write_text(SESSIONS, encoding="utf-8")
    done = subprocess.run(
        [RAAMWERK, "run", study], env=flow_environment, capture_output=True, text=True, check=False, timeout=1500
    )
    assert done.returncode == 0, done.stderr
    with open_store(f"sqlite:///{study / '.raamwerk' / 'raamwerk.db'}") as store:
        transcript = store.pseudonymised("dag")
        session = store.unitised("dag")
    assert transcript is not None
    assert session is not None
    assert len(transcript.turns) == 604
    assert len(transcript.speakers) == 36
    stored = "\n".join([*(turn.text for turn in transcript.turns), *(unit.text for unit in session.utterances)])
    names = speaker_names()
    assert len(names) >= 36
    left = {name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", stored)}
    assert left == set()
