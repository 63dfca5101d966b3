"""One small made-up world: a study of three short sessions, with names that must not come out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

NAMES = ("Tjitske", "Wiersma", "Reduan", "Benali", "Kowalczyk", "Marjolein", "Hendrik")
"""Real names in the world's transcripts; none may stand in anything that is stored or logged in the clear."""

TALKS = {
    "een": (
        "Gespreksleider: Goed, wie brengt er in vandaag?\n"
        "KM1: Ik. Het gaat over meneer Kowalczyk, die woont sinds mei bij zijn zus in Stadskanaal.\n"
        "SW1: Die ken ik, ja. Reduan Benali van de woningbouw belde er ook al over.\n"
        "KM1: Hij had die klus op moeten geven, nu moet hij straks tweehonderd euro terugbetalen.\n"
        "Gespreksleider: Hm.\n"
        "SW1: En slapen doet hij ook niet, dat huis is veel te vol. (lacht) Nou ja, lachen.\n"
        "KM1: Bel me maar, 06-12345678, of anders Tjitske Wiersma.\n"
    ),
    "twee": (
        "Gespreksleider: Tweede ronde. Marjolein, jij had wat?\n"
        "SW1: Mevrouw is mantelzorger voor haar man en dat gaat gewoon niet meer samen met dat traject.\n"
        "KM1: Kan ze niet twee ochtenden? Meer vraag ik niet.\n"
        "SW1: Vraag het haar, zou ik zeggen. Hendrik zei dat ze daar zelf heel anders over denkt.\n"
        "KM1: Oké.\n"
        "Gespreksleider: Dan doen we dat zo.\n"
    ),
    "drie": (
        "Gespreksleider: Zijn we compleet?\n"
        "KM1: Tjitske komt later, die staat in de file bij Assen.\n"
        "SW1: Het gaat om een jongen van negentien, geen adres, geen uitkering, wel een hond.\n"
        "KM1: Zonder inschrijving kan ik niks toekennen, dat is bij iedereen zo.\n"
        "SW1: Hij zegt: ik ga niet naar de opvang want daar mag die hond niet in.\n"
        "Gespreksleider: Ja.\n"
    ),
}
ROSTER = (
    "spreker,naam,functie,gespreksrol,soort,ook\n"
    "Gespreksleider,Marjolein Postma,gespreksleider,gespreksleider,,\n"
    "KM1,Hendrik Wiersma,klantmanager,deelnemer,,\n"
    "SW1,Tjitske Wiersma,sociaal_werker,inbrenger,,\n"
    ",Kowalczyk,,,CLIENT,\n"
)
STUDY = """\
studie: wereld
titel: Kleine wereld
codeboek: casuistiek
fictief: ja
werkplaatsen:
  noord: Noord
  zuid: Zuid
rondes: [1, 2]
componenten:
  client_aanwezig: {naam: Cliënt aan tafel, type: ja_nee}
uitkomsten:
  n_afspraken: {naam: Aantal afspraken, type: aantal, niveau: casus}
"""
ROWS = {
    "een": "een,noord,1,2019-03-01,transcripten/een.txt,deelnemers.csv,ja,2",
    "twee": "twee,noord,2,2019-06-01,transcripten/twee.txt,deelnemers.csv,nee,0",
    "drie": "drie,zuid,1,2019-04-01,transcripten/drie.txt,deelnemers.csv,nee,1",
}
HEADER = "sessie,werkplaats,ronde,datum,transcript,deelnemers,client_aanwezig,n_afspraken"


def make_study(folder: Path, sessions: tuple[str, ...] = ("een", "twee", "drie")) -> Path:
    """Write the study into a new folder and give that folder."""
    (folder / "transcripten").mkdir(parents=True)
    (folder / "study.yaml").write_text(STUDY, encoding="utf-8")
    rows = [HEADER, *(ROWS[session] for session in sessions)]
    (folder / "sessions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (folder / "deelnemers.csv").write_text(ROSTER, encoding="utf-8")
    for session in sessions:
        (folder / "transcripten" / f"{session}.txt").write_text(TALKS[session], encoding="utf-8")
    return folder


def typed(*words: str) -> Result:
    """Type a command; what it does to the rights of new files stays with it."""
    from typer.testing import CliRunner

    from pipeline.cli import app

    mask = os.umask(0o022)
    try:
        return CliRunner().invoke(app, words)
    finally:
        os.umask(mask)
