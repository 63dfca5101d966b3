"""The card of a tagger: what it is, how good it is, what it may be used for. In Dutch, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.coding import CoderKind
from pipeline.tagging.baselines import CUES, FROZEN, MAJORITY, WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.params import TaggerParams
    from pipeline.domain.training import TrainingSession
    from pipeline.tagging.evaluate import DimensionScore, Evaluation
    from pipeline.tagging.papers import CurvePoint
    from pipeline.tagging.weights import Manifest

MEASURES = {"macro_f1": "macro-F1", "any_f1": "F1, wel of niet", "kappa": "kappa, kwadratisch"}
WAYS = {MAJORITY: "vaakste label", CUES: "signaalwoorden", WORDS: "woorden tellen", FROZEN: "basismodel"}
CODERS = "codeurs onderling"
FEW = 20
"""A label with fewer units than this has figures that mean little."""

USE = """## Waar hij voor is

- Als eerste voorstel bij het coderen: een mens kijkt elk label na dat ertoe doet, om te beginnen de onzekere.
- Om blinde steekproeven slim te trekken, zodat mensen minder hoeven te coderen.
- Om te laten zien hoe Raamwerk werkt, van transcript tot rapport.

## Waar hij niet voor is

- Geen besluit over een cliënt, een medewerker of een gemeente mag op deze labels steunen.
- Aandelen die de tagger telt, zijn geen uitkomst van onderzoek: ze zijn niet gecorrigeerd voor zijn fouten, en die
  fouten kunnen per component verschillen. Corrigeren kan alleen met een blinde steekproef die mensen hebben gecodeerd.
- Niet om deelnemers met elkaar te vergelijken of te beoordelen: één uiting zegt niets over iemands vakmanschap.
- Andere gesprekken, streken, jaren of manieren van uitschrijven dan die van de sessies hieronder: onbekend terrein.
  Codeer er eerst zelf een paar sessies van en kijk hoe vaak de tagger het met je eens is.
"""


def write_card(
    sessions: Sequence[TrainingSession],
    codebook: Codebook,
    manifest: Manifest,
    evaluation: Evaluation | None,
    curve: Sequence[CurvePoint] = (),
) -> str:
    """Write the card as Markdown.

    Args:
        sessions: what it learnt from.
        codebook: what the labels mean.
        manifest: of the tagger, `files` left aside.
        evaluation: out-of-fold figures, or `None` when there are none.
        curve: points of the learning curve, the smallest first.
    """
    parts = [
        f"# Tagger voor codeboek “{codebook.title}”",
        _what(manifest),
        *([_WENT_ON.format(manifest.went_on_from)] if manifest.went_on_from else []),
        USE.rstrip(),
        "## Waar hij van leerde",
        _origin(sessions),
        "## Hoe goed hij is",
        *(_figures(evaluation, curve) if evaluation else (_NO_FIGURES,)),
        "## Hoe hij getraind is",
        _how(manifest.params),
    ]
    return "\n\n".join(parts) + "\n"


def _what(manifest: Manifest) -> str:
    params = manifest.params
    return (
        f"Codeboek {manifest.codebook_version}. Basismodel {manifest.base} ({manifest.base_sha[:12]}…), waarvan de "
        f"bovenste {params.learnt_layers} lagen zijn bijgeleerd, met één uitvoerlaag per dimensie "
        f"({', '.join(head.dimension for head in manifest.heads)}). Invoer: de uiting met de functie van de spreker, "
        f"en de {params.context} uitingen ervoor. Ernaast telt een lineair model de woorden van de uiting zelf; bij "
        "het ijken blijkt hoe zwaar elk telt. "
        + (_CALIBRATED.format(params.unsure) if any(head.scales for head in manifest.heads) else _NOT_CALIBRATED)
    )


_WENT_ON = (
    "Hij begon niet bij het basismodel maar bij wat een eerdere tagger (versie {}) al had geleerd; lees ook de kaart "
    "daarvan. Die heeft van deze uitingen nooit een label gezien."
)
_CALIBRATED = (
    "De kansen zijn geijkt op sessies die bij het leren niet meededen. Bij elke dimensie is er een grens: de {:.0%} "
    "uitingen waar hij het minst zeker van is, kan een mens beter zelf bekijken."
)
_NOT_CALIBRATED = (
    "**De kansen zijn niet geijkt**, want er was geen andere sessie om dat op te doen: de woorden tellen niet mee, en "
    "hij zegt nooit dat hij onzeker is."
)


def _how(params: TaggerParams) -> str:
    return (
        f"Seed {params.seed}, {params.epochs} keer door alle uitingen, {params.batch} per stap, leersnelheid "
        f"{params.learning_rate_encoder:g} (basismodel) en {params.learning_rate_heads:g} (uitvoerlagen). Van de "
        f"stappen toont {params.as_recognised:.0%} de woorden zoals spraakherkenning ze schrijft en "
        f"{params.without_roles:.0%} ze zonder functie van de spreker. Een zeldzaam label weegt met de wortel van zijn "
        "zeldzaamheid, hoogstens vijf keer. Drempels zijn gekozen op uitingen van anderen dan waarop getoetst is."
    )


_NO_FIGURES = "Daar is niets eerlijks over te zeggen: er was geen tweede sessie met labels om op te toetsen."


def _origin(sessions: Sequence[TrainingSession]) -> str:
    texts = set()
    for labelled in sessions:
        coded = {label.utterance_id for label in labelled.labels}
        texts |= {unit.text_sha for unit in labelled.session.utterances if unit.id in coded and not unit.minimal}
    lines = [f"{len(sessions)} sessies, {len(texts)} verschillende gecodeerde uitingen."]
    made_up = [labelled for labelled in sessions if labelled.written_by is not None]
    if made_up:
        which = "Alle sessies zijn" if len(made_up) == len(sessions) else f"{len(made_up)} sessies zijn"
        authors = {labelled.written_by for labelled in made_up}
        by = " en ".join(sorted(_WHO[author] for author in authors if author is not None))
        lines.append(f"**{which} verzonnen**, geschreven door {by}; er heeft geen echt gesprek plaatsgevonden.")
    teaching = sum(labelled.only_teaches for labelled in sessions)
    if teaching:
        lines.append(
            f"Van {teaching} leerde hij alleen: dat zijn knipsels, waarin labels vaker voorkomen dan in een heel "
            "gesprek. Gemeten en geijkt is hij op de andere."
        )
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


def _figures(evaluation: Evaluation, curve: Sequence[CurvePoint]) -> list[str]:
    intro = (
        f"Gemeten op schrijvers of sessies die bij het leren niet meededen ({evaluation.groups} in {evaluation.folds} "
        f"rondes, {evaluation.sessions} sessies, {evaluation.units} uitingen). Macro-F1 is het gemiddelde over de "
        "labels, van 0 tot 1; tussen haakjes het 95%-interval als je andere sessies had getrokken. Ernaast eenvoudiger "
        "manieren: het vaakste label, signaalwoorden, woorden tellen (TF-IDF met logistische regressie) en het "
        "basismodel zonder bijleren; en wat twee codeurs onderling halen, het plafond."
    )
    return [
        intro,
        _table(evaluation),
        *_verdict(evaluation),
        *map(_labels, evaluation.dimensions),
        "### Waar hij beter of slechter is",
        *map(_facets, evaluation.dimensions),
        "### Hoe zeker is zeker",
        _certainty(evaluation),
        *([_curve(curve)] if curve else []),
    ]


def _table(evaluation: Evaluation) -> str:
    rows = [
        "| dimensie | maat | tagger | " + " | ".join((*WAYS.values(), CODERS)) + " |",
        "| --- | --- | --- |" + " ---: |" * (len(WAYS) + 1),
    ]
    for score in evaluation.dimensions:
        for name, said in MEASURES.items():
            value = getattr(score.tagger, name)
            if value is not None:
                low, high = score.intervals[name]
                others = [getattr(score.others[way], name) for way in WAYS]
                ceiling = f"{getattr(score.coders, name):.2f}" if score.coders else "–"
                cells = [
                    score.dimension,
                    said,
                    f"**{value:.2f}** ({low:.2f}–{high:.2f})",
                    *(f"{one:.2f}" for one in others),
                    ceiling,
                ]
                rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _verdict(evaluation: Evaluation) -> list[str]:
    behind = [
        score.dimension
        for score in evaluation.dimensions
        if score.tagger.macro_f1 <= max(other.macro_f1 for other in score.others.values())
    ]
    if not behind:
        return []
    return [f"**Let op:** bij {', '.join(behind)} doet de tagger het niet beter dan een van de eenvoudige manieren."]


def _labels(score: DimensionScore) -> str:
    head = (
        f"### {score.dimension}\n\n| label | uitingen | F1 | precisie | gevonden | woorden tellen, F1 |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: |"
    )
    words = score.others[WORDS].labels
    rows = []
    for label, count in score.counts.items():
        found = score.tagger.labels.get(label)
        figures = (found[2], found[0], found[1], words[label][2]) if found else ()
        cells = [f"{figure:.2f}" for figure in figures] or ["–"] * 4
        rows.append(f"| {' | '.join([label, str(count), *cells])} |")
    few = [label for label, count in score.counts.items() if count < FEW]
    note = f"\n\nTe weinig uitingen (minder dan {FEW}) voor een houdbaar cijfer: {', '.join(few)}." if few else ""
    return "\n".join([head, *rows]) + note


def _facets(score: DimensionScore) -> str:
    parts: dict[str, list[str]] = {}
    for (facet, value), (units, macro) in score.facets.items():
        parts.setdefault(facet, []).append(f"{value} {macro:.2f} ({units})")
    lines = [f"  - {facet}: {'; '.join(values)}" for facet, values in parts.items()]
    return "\n".join([f"- **{score.dimension}**, macro-F1 (uitingen):", *lines])


def _certainty(evaluation: Evaluation) -> str:
    lines = []
    for score in evaluation.dimensions:
        risk = dict(score.risk)
        lines.append(
            f"- **{score.dimension}**: ijkfout (ECE, tien even grote groepen) {score.ece:.3f}; fout bij alle uitingen "
            f"{risk[1.0]:.1%}, bij de zekerste 80% {risk[0.8]:.1%}, bij de zekerste helft {risk[0.5]:.1%}."
        )
    return "\n".join(lines)


def _told(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:.2f}"


def _curve(curve: Sequence[CurvePoint]) -> str:
    names = list(curve[-1].macro_f1)
    rows = [f"| gecodeerde uitingen | {' | '.join(names)} |", "| ---: |" + " ---: |" * len(names)]
    rows += [f"| {point.units} | {' | '.join(map(_told, map(point.macro_f1.get, names)))} |" for point in curve]
    return (
        "### Hoeveel coderen helpt\n\nMacro-F1 op de eerste ronde, naar het aantal uitingen waarvan geleerd is:\n\n"
        + "\n".join(rows)
    )
