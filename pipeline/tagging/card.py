"""The card of a tagger: what it is, how good it is, what it may be used for. In Dutch, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.coding import CoderKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.params import TaggerParams
    from pipeline.domain.training import TrainingSession
    from pipeline.tagging.evaluate import DimensionScore, Evaluation
    from pipeline.tagging.weights import Manifest

FEW = 20
"""A label with fewer units than this has figures that mean little."""

USE = """## Waar hij voor is

- Als eerste voorstel bij het coderen: een mens kijkt elk label na dat ertoe doet.
- Om te laten zien hoe Raamwerk werkt, van transcript tot rapport.

## Waar hij niet voor is

- Geen besluit over een cliënt, een medewerker of een gemeente mag op deze labels steunen.
- Aandelen die de tagger telt, zijn geen uitkomst van onderzoek: ze zijn niet gecorrigeerd voor zijn fouten. Dat kan
  alleen met een blinde steekproef die mensen hebben gecodeerd.
- De kansen zijn niet geijkt: zeldzame labels wogen bij het leren zwaarder, dus hun kansen vallen te hoog uit.
- Andere gesprekken, streken, jaren of manieren van uitschrijven dan die van de sessies hieronder: onbekend terrein.
"""


def write_card(
    sessions: Sequence[TrainingSession], codebook: Codebook, manifest: Manifest, evaluation: Evaluation | None
) -> str:
    """Write the card as Markdown.

    Args:
        sessions: what it learnt from.
        codebook: what the labels mean.
        manifest: of the tagger, `files` left aside.
        evaluation: out-of-fold figures, or `None` when there are none.
    """
    parts = [
        f"# Tagger voor codeboek “{codebook.title}”",
        _what(manifest),
        "## Waar hij van leerde",
        _origin(sessions, len(manifest.trained_on)),
        "## Hoe goed hij is",
        *(_figures(evaluation) if evaluation else (_NO_FIGURES,)),
        USE.rstrip(),
        "## Hoe hij getraind is",
        _how(manifest.params),
    ]
    return "\n\n".join(parts) + "\n"


def _what(manifest: Manifest) -> str:
    params = manifest.params
    return (
        f"Codeboek {manifest.codebook_version}. Basismodel {manifest.base} ({manifest.base_sha[:12]}…), met een "
        f"LoRA-adapter van rang {params.lora_rank} en één uitvoerlaag per dimensie "
        f"({', '.join(head.dimension for head in manifest.heads)}). Invoer: de uiting met rolaanduiding en maximaal "
        f"{params.context} voorgaande uitingen, samen {params.max_tokens} woordstukken."
    )


def _how(params: TaggerParams) -> str:
    return (
        f"Seed {params.seed}, {params.epochs} keer door alle uitingen, {params.batch} per stap, leersnelheid "
        f"{params.learning_rate_adapter:g} (adapter) en {params.learning_rate_heads:g} (uitvoerlagen). Een zeldzaam "
        "label weegt met de wortel van zijn zeldzaamheid, hoogstens vijf keer. De drempels van dimensies met meer "
        "labels per uiting zijn gekozen op uitingen uit sessies die bij het leren niet meededen."
    )


_NO_FIGURES = (
    "Daar is niets eerlijks over te zeggen: er was maar één sessie met labels, dus geen sessie om op te toetsen."
)


def _origin(sessions: Sequence[TrainingSession], texts: int) -> str:
    lines = [f"{len(sessions)} sessies, {texts} verschillende gecodeerde uitingen."]
    made_up = [labelled for labelled in sessions if labelled.written_by is not None]
    if made_up:
        which = "Alle sessies zijn" if len(made_up) == len(sessions) else f"{len(made_up)} sessies zijn"
        authors = {labelled.written_by for labelled in made_up}
        by = " en ".join(sorted(_WHO[author] for author in authors if author is not None))
        lines.append(f"**{which} verzonnen**, geschreven door {by}; er heeft geen echt gesprek plaatsgevonden.")
    coders = {labelled.labelled_by for labelled in sessions}
    lines.append(f"De labels zijn gegeven door {' en '.join(sorted(_WHO[coder] for coder in coders))}.")
    if CoderKind.TAALMODEL in coders:
        lines.append(
            "Wat een taalmodel codeerde, is geen menselijk oordeel: de cijfers hieronder zeggen hoe goed de tagger "
            "dat taalmodel nadoet."
        )
    if made_up:
        lines.append("Hoe goed hij het op echte gesprekken doet, is niet gemeten; reken op minder.")
    return " ".join(lines)


_WHO = {CoderKind.MENS: "mensen", CoderKind.TAALMODEL: "een taalmodel"}


def _figures(evaluation: Evaluation) -> list[str]:
    intro = (
        f"Gemeten op hele sessies die bij het leren niet meededen ({evaluation.folds} groepen, {evaluation.sessions} "
        f"sessies, {evaluation.units} uitingen). F1 loopt van 0 tot 1. Ernaast: altijd het meest voorkomende label, en "
        "woorden tellen (TF-IDF met logistische regressie). Het zijn kleine aantallen van weinig sessies: verschillen "
        "van enkele honderdsten betekenen niets."
    )
    head = (
        "| dimensie | uitingen | tagger, macro-F1 | vaakste label | woorden tellen |\n"
        "| --- | ---: | ---: | ---: | ---: |"
    )
    rows = [
        f"| {score.dimension} | {score.units} | {score.macro_f1:.2f} | {score.macro_f1_majority:.2f} | "
        f"{score.macro_f1_words:.2f} |"
        for score in evaluation.dimensions
    ]
    return [intro, "\n".join([head, *rows]), *_verdict(evaluation), *map(_labels, evaluation.dimensions)]


def _verdict(evaluation: Evaluation) -> list[str]:
    behind = [s.dimension for s in evaluation.dimensions if s.macro_f1 <= max(s.macro_f1_words, s.macro_f1_majority)]
    if not behind:
        return []
    return [f"**Let op:** bij {', '.join(behind)} doet de tagger het niet beter dan een van de eenvoudige methoden."]


def _labels(score: DimensionScore) -> str:
    head = (
        f"### {score.dimension}\n\n| label | uitingen | F1 | precisie | gevonden | woorden tellen, F1 |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: |"
    )
    rows = []
    for label in score.labels:
        figures = (label.f1, label.precision, label.recall, label.f1_words) if label.count else ()
        cells = [f"{figure:.2f}" for figure in figures] or ["–"] * 4
        rows.append(f"| {' | '.join([label.label, str(label.count), *cells])} |")
    few = [label.label for label in score.labels if label.count < FEW]
    note = f"\n\nTe weinig uitingen (minder dan {FEW}) voor een houdbaar cijfer: {', '.join(few)}." if few else ""
    return "\n".join([head, *rows]) + note
