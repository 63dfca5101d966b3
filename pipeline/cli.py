"""The command `raamwerk`: parse, call one step, say what came of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.steps.single import Shelf
    from pipeline.steps.workplace import Workplace

app = typer.Typer(
    help="Raamwerk: van transcripten van casuïstiekbesprekingen naar frames, herkadering en sociale reflexiviteit.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Study = Annotated[Path, typer.Argument(metavar="STUDIE", help="Map met study.yaml, sessions.csv en de transcripten.")]
Transcript = Annotated[
    Path, typer.Argument(metavar="BESTAND", help="Eén transcript, in elk formaat dat gelezen wordt.")
]
Lines = Annotated[
    Path | None, typer.Option(metavar="UIT", help="JSON-regels; zonder: op het scherm. Velden: docs/velden.md.")
]
Roster = Annotated[
    Path | None, typer.Option(metavar="NAMEN", help="Deelnemerslijst (CSV, XLSX) of tekst met één naam per regel.")
]
Codebook = Annotated[Path | None, typer.Option(metavar="CODEBOEK", help="Map, of naam van een meegeleverd codeboek.")]


@app.command()
def run(study: Study) -> None:
    """Doe alles: inlezen, pseudonimiseren, afbakenen, coderen, vergelijken, rapport. Doet nooit werk twee keer.

    Voorbeeld: raamwerk run corpora/voorbeeld
    """
    from pipeline import settings

    def check() -> int:
        settings.workplace(study)
        return 0

    _guard(check, leave_when_well=False)
    # The flow takes the place of this process, so that stopping it stops everything.
    command = [sys.executable, "-m", "flows.process", str(study)]
    os.execve(sys.executable, command, settings.flow_environment())  # noqa: S606 - our own module, no shell


@app.command()
def ingest(
    path: Annotated[
        Path, typer.Argument(metavar="STUDIE|BESTAND", help="Een studie, of één transcript om te proberen.")
    ],
) -> None:
    """Lees transcripten in en zeg wat erin staat; één bestand wordt alleen bekeken, niet bewaard.

    Voorbeeld: raamwerk ingest gesprek.docx
    """
    from pipeline.steps import ingest as step

    if path.is_dir():
        _each_session(path, step.run)
    else:
        from pipeline.steps import inspect

        _guard(lambda: inspect.run(path))


@app.command()
def pseudonymise(study: Study) -> None:
    """Vervang namen en andere persoonsgegevens in de ingelezen sessies.

    Voorbeeld: raamwerk pseudonymise mijn-studie
    """
    from pipeline.steps import pseudonymise as step

    _each_session(study, step.run)


@app.command()
def unitise(study: Study) -> None:
    """Maak van de beurten de uitingen die gecodeerd worden.

    Voorbeeld: raamwerk unitise mijn-studie
    """
    from pipeline.steps import unitise as step

    _each_session(study, step.run)


@app.command()
def tag(study: Study) -> None:
    """Laat het model elke uiting coderen.

    Voorbeeld: raamwerk tag mijn-studie
    """
    from pipeline.steps import tag as step

    _each_session(study, step.run)


@app.command()
def compare(study: Study) -> None:
    """Vergelijk de componenten: tabellen (CSV en Parquet, in rapport/tabellen) en rapport/results.json.

    Voorbeeld: raamwerk compare mijn-studie
    """
    from pipeline.steps import compare as step

    _whole_study(study, step.run)


@app.command()
def power(
    study: Annotated[
        Path | None, typer.Argument(metavar="[STUDIE]", help="Neem hieruit de cijfers die er zijn; mag ook zonder.")
    ] = None,
    outcome: Annotated[str | None, typer.Option(help="Uitkomst van die studie, zoals sr.brug_burger.")] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAAM=WAARDE",
            help="Mag vaker. Procenten: aandeel, spreiding, gevoeligheid, specificiteit, verschil, deel (van de "
            "sessies met het kenmerk). Aantallen: uitingen, werkplaatsen, nabootsingen (100 tot 100.000); met komma's "
            "ertussen: sessies (per werkplaats) en labels (per sessie).",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="UIT", help="Dezelfde tabel als CSV.")] = None,
) -> None:
    """Reken uit hoeveel sessies en labels nodig zijn om een verschil te vinden, door studies na te bootsen.

    Voorbeeld: raamwerk power mijn-studie --outcome sr.brug_burger --given verschil=5 --given sessies=8,10
    """
    from pipeline import settings
    from pipeline.steps import power as step

    def work() -> int:
        settings.private_files()
        settings.quiet_libraries()
        plan = step.read_plan(given or ())
        return step.run(settings.workplace(study) if study else None, outcome, plan, out)

    _guard(work)


@app.command()
def report(study: Study) -> None:
    """Schrijf het rapport (rapport/index.html).

    Voorbeeld: raamwerk report mijn-studie
    """
    from pipeline.steps import report as step

    _whole_study(study, step.run)


@app.command()
def labels(
    study: Study,
    table: Annotated[
        Path | None, typer.Argument(metavar="[TABEL]", help="CSV of XLSX; zonder: alles in STUDIE/labels/.")
    ] = None,
) -> None:
    """Lees labels in die mensen (of een taalmodel) gaven.

    Voorbeeld: raamwerk labels mijn-studie labels.csv
    """
    from pipeline.steps import labels as step

    _whole_study(study, lambda place: step.run(place, table))


@app.command()
def units(
    study: Study,
    coder: Annotated[str, typer.Argument(metavar="CODEUR", help="Naam of nummer van wie gaat coderen.")],
    out: Annotated[Path | None, typer.Option(help="CSV; zonder: STUDIE/uitingen-CODEUR.csv.")] = None,
) -> None:
    """Schrijf een tabel van alle uitingen om zelf labels in te vullen; bewaar hem daarna in STUDIE/labels/.

    Voorbeeld: raamwerk units mijn-studie anna
    """
    from pipeline.steps import units as step

    _whole_study(study, lambda place: step.run(place, coder, out))


@app.command()
def draw(  # noqa: PLR0913, PLR0917 - one for each option that can be typed
    study: Study,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DIM.LABEL,…", help="Labels die vergeleken worden; zonder: die van de vragen in study.yaml."
        ),
    ] = None,
    per_session: Annotated[int | None, typer.Option(help="Uitingen per sessie; zonder: 40.")] = None,
    no_strata: Annotated[bool | None, typer.Option("--no-strata", help="Trek uit elke sessie als geheel.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Zaad van het toeval; zonder: een willekeurig.")] = None,
    name: Annotated[str | None, typer.Option(help="Naam van de trekking; zonder: trekking-1.")] = None,
    extend: Annotated[str | None, typer.Option(metavar="NAAM", help="Vul deze trekking aan.")] = None,
    more: Annotated[int | None, typer.Option(help="Bij --extend: zoveel uitingen per sessie erbij.")] = None,
    effects_seen: Annotated[
        bool | None,
        typer.Option(
            "--effects-seen/--effects-not-seen",
            help="Bij --extend: zag iemand al een uitkomst die erop rust? Na `raamwerk compare` kan het niet meer.",
        ),
    ] = None,
) -> None:
    """Trek willekeurig uitingen die mensen blind coderen, en schrijf daarvoor een codeerblad in STUDIE/codeerbladen/.

    Voorbeeld: raamwerk draw mijn-studie --labels sr.brug_burger,sr.brug_beleid
    """
    from pipeline.steps import draw as step

    listed = tuple(part.strip() for given in labels for part in given.split(",")) if labels else None
    asked = step.Asked(
        labels=listed,
        strata=not no_strata,
        per_session=per_session,
        seed=seed,
        name=name,
        extend=extend,
        more=more,
        effects_seen=effects_seen,
    )
    _whole_study(study, lambda place: step.run(place, asked))


@app.command()
def train(
    source: Annotated[
        Path, typer.Argument(metavar="STUDIE", help="Map van een studie, of een tabel (CSV, XLSX) met tekst en labels.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Map voor het model; zonder: bij de studie, of TABEL-model naast de tabel.")
    ] = None,
    codebook: Codebook = None,
    folds: Annotated[
        int | None,
        typer.Option(min=2, help="In zoveel rondes doen de sessies om de beurt niet mee; zonder: params.yaml."),
    ] = None,
) -> None:
    """Train een model op de vastgestelde labels van een studie (het blijft bij die studie), of op een tabel.

    Voorbeeld: raamwerk train mijn-studie
    """
    from pipeline.steps import train as step

    if source.is_file():
        place = out or source.with_name(f"{source.stem}-model")
        _model_stage(lambda shelf, params: step.run_table(shelf, source, codebook, params, place, folds))
    else:
        _whole_study(source, lambda study: step.run(study, out, folds, codebook))


@app.command()
def convert(path: Transcript, out: Lines = None) -> None:
    """Geef de beurten van één transcript, ongewijzigd en met namen.

    Voorbeeld: raamwerk convert gesprek.docx --out beurten.jsonl
    """
    from pipeline.steps import convert as step

    _one_file(lambda _shelf: step.run(path, out))


@app.command()
def mask(
    path: Transcript,
    roster: Roster = None,
    out: Lines = None,
) -> None:
    """Zeg waar in één transcript namen en andere persoonsgegevens staan; herhaalt ze niet.

    Voorbeeld: raamwerk mask gesprek.docx --roster namen.txt --out plekken.jsonl
    """
    from pipeline.steps import mask as step

    _one_file(lambda shelf: step.run(shelf, path, roster, out))


@app.command()
def label(
    paths: Annotated[list[Path], typer.Argument(metavar="BESTAND", help="Een of meer transcripten.")],
    out: Lines = None,
    codebook: Codebook = None,
    model: Annotated[
        Path | None, typer.Option(metavar="MAP", help="Model; zonder: het meegeleverde bij het codeboek.")
    ] = None,
    roster: Roster = None,
) -> None:
    """Laat het model losse transcripten coderen; de tekst in de uitvoer is gepseudonimiseerd.

    Voorbeeld: raamwerk label gesprek.csv --out labels.jsonl
    """
    from pipeline.steps import label as step

    _one_file(lambda shelf: step.run(shelf, paths, out, codebook, model, roster))


@app.command()
def agreement(
    table: Annotated[
        Path, typer.Argument(metavar="TABEL", help="CSV of XLSX: uiting, codeur, en per dimensie een kolom.")
    ],
    codebook: Codebook = None,
    out: Annotated[
        Path | None, typer.Option(metavar="UIT", help="Ook als JSON-regels in dit bestand. Velden: docs/velden.md.")
    ] = None,
) -> None:
    """Bereken hoe goed codeurs het eens zijn: alpha, AC1 en overeenstemming per dimensie, label en sessie.

    Voorbeeld: raamwerk agreement labels.csv --codebook casuistiek
    """
    from pipeline.steps import agreement as step

    _one_file(lambda shelf: step.run(shelf, table, codebook, out))


@app.command()
def prepare() -> None:
    """Zet vooraf klaar wat de eerste keer tijd kost: het basismodel.

    Voorbeeld: raamwerk prepare
    """
    from pipeline import settings
    from pipeline.steps import prepare as step

    settings.quiet_libraries()
    _guard(lambda: step.run(settings.root() / "models" / "base"))


model = typer.Typer(
    help="De stappen van `make train` (dvc.yaml). Voorbeeld: raamwerk model split --work models/work/casuistiek",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(model, name="model", hidden=True)
Work = Annotated[Path, typer.Option(help="Werkmap van het model, genoemd naar het codeboek.")]
Out = Annotated[Path, typer.Option(help="Map van het model.")]


@model.command()
def snapshot(studies: list[Path], work: Work) -> None:
    """Leg de vastgestelde labels van studies vast."""
    from pipeline import settings
    from pipeline.steps import model as step

    _model_stage(lambda _shelf, _params: step.snapshot([settings.workplace(study) for study in studies], work))


@model.command()
def split(work: Work, folds: Annotated[int | None, typer.Option(min=2, help="Aantal rondes.")] = None) -> None:
    """Verdeel schrijvers of sessies over rondes."""
    from pipeline.steps import model as step

    _model_stage(lambda shelf, params: step.split(shelf, params, work, folds))


@model.command(name="train")
def train_networks(work: Work) -> None:
    """Train de netwerken."""
    from pipeline.steps import model as step

    _model_stage(lambda shelf, params: step.train(shelf, params, work))


@model.command()
def calibrate(work: Work, out: Out) -> None:
    """IJk de kansen en kies de drempels."""
    from pipeline.steps import model as step

    _model_stage(lambda shelf, params: step.calibrate(shelf, params, work, out))


@model.command()
def evaluate(work: Work, out: Out) -> None:
    """Bereken de cijfers."""
    from pipeline.steps import model as step

    _model_stage(lambda shelf, params: step.evaluate(shelf, params, work, out))


@model.command()
def card(work: Work, out: Out) -> None:
    """Schrijf de kaart van het model."""
    from pipeline.steps import model as step

    _model_stage(lambda shelf, params: step.card(shelf, params, work, out))


def main() -> None:
    """Run the command line."""
    app()


def _whole_study(study: Path, step: Callable[[Workplace], dict[str, int]]) -> None:
    from pipeline import settings
    from pipeline.steps.lock import exclusive

    def work() -> int:
        settings.private_files()
        settings.quiet_libraries()
        place = settings.workplace(study)
        with exclusive(place):
            typer.echo(_counts(step(place)))
        return 0

    _guard(work)


def _each_session(study: Path, step: Callable[[Workplace, str], dict[str, int]]) -> None:
    from pipeline import settings
    from pipeline.steps.sessions import each_session

    def work() -> int:
        settings.private_files()
        settings.quiet_libraries()
        return each_session(
            settings.workplace(study), step, lambda name, summary: typer.echo(f"{name}: {_counts(summary)}")
        )

    _guard(work)


def _one_file(step: Callable[[Shelf], int]) -> None:
    from pipeline import settings
    from pipeline.steps.single import Shelf

    def work() -> int:
        settings.private_files()
        settings.quiet_libraries()
        return step(Shelf.of(settings.root()))

    _guard(work)


def _model_stage(stage: Callable[[Shelf, Path], dict[str, int]]) -> None:
    from pipeline import settings

    def work(shelf: Shelf) -> int:
        typer.echo(_counts(stage(shelf, settings.root() / "params.yaml")))
        return 0

    _one_file(work)


def _counts(summary: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in summary.items()) or "niets te doen"


def _guard(work: Callable[[], int], *, leave_when_well: bool = True) -> None:
    from pipeline.steps.outcome import guarded

    status = guarded(work)
    if status or leave_when_well:
        raise typer.Exit(status)
