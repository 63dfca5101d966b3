"""The card of a tagger: what it is, how good it is, what it may be used for. In Dutch, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.coding import CoderKind
from pipeline.tagging.baselines import CUES, FROZEN, MAJORITY, WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.training import TrainingSession
    from pipeline.tagging.evaluate import DimensionScore, Evaluation
    from pipeline.tagging.papers import CurvePoint
    from pipeline.tagging.weights import Manifest

MEASURES = {"macro_f1": "macro-F1", "any_f1": "F1, wel of niet", "kappa": "kappa, kwadratisch"}
WAYS = {MAJORITY: "vaakste label", CUES: "signaalwoorden", WORDS: "woorden tellen", FROZEN: "basismodel"}
CODERS = "codeurs onderling"
FEW = 20
"""A label with fewer units than this has figures that mean little."""
WEAK = 0.4
"""A label with a lower F1 is not to be used without looking at every unit."""
HARDLY = 0.02
"""A tagger that is no more than this above a simpler way is said to be hardly better."""

USE = """## Waar hij voor is

- Als eerste voorstel bij het coderen: een mens kijkt elk label na dat ertoe doet, om te beginnen de onzekere.
- Om blinde steekproeven slim te trekken, zodat mensen minder hoeven te coderen. Dat helpt minder bij labels die hij
  zelden vindt; reken het na met `raamwerk power`.
- Om te laten zien hoe Raamwerk werkt, van transcript tot rapport.

## Waar hij niet voor is

- Geen besluit over een cliënt, een medewerker of een gemeente mag op deze labels steunen.
- Aandelen die de tagger telt, zijn geen uitkomst van onderzoek: ze zijn niet gecorrigeerd voor zijn fouten, en die
  fouten kunnen per component verschillen. Corrigeren kan alleen met een blinde steekproef die mensen hebben gecodeerd.
- Niet om deelnemers met elkaar te vergelijken of te beoordelen: één uiting zegt niets over iemands vakmanschap.
- Niet om functies of beroepen met elkaar te vergelijken: hij krijgt de functie van de spreker te zien en kan daarop
  afgaan, ook waar de woorden iets anders zeggen.
- Niet voor een ander codeboek. Hebben de labels bij jullie een andere betekenis, dan geldt geen cijfer op deze kaart.
- Gesprekken die niet op die van “Waar hij van leerde” lijken (een andere soort, streek of tijd, een andere manier van
  uitschrijven) zijn onbekend terrein. Codeer er eerst zelf een paar en kijk hoe vaak de tagger het met je eens is.
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
        _what(codebook, manifest),
        USE.rstrip(),
        "## Waar hij van leerde",
        _origin(sessions),
        "## Hoe goed hij is",
        *(_figures(evaluation, curve, _names(codebook), manifest.params.unsure) if evaluation else (_NO_FIGURES,)),
        "## Hoe hij gemaakt is",
        _how(manifest),
    ]
    return "\n\n".join(parts) + "\n"


def _what(codebook: Codebook, manifest: Manifest) -> str:
    known = {head.dimension for head in manifest.heads}
    asked = ", ".join(name for dimension, name in _names(codebook).items() if dimension in known)
    return (
        f"Geeft elke uiting labels voor {asked}, volgens codeboek {manifest.codebook_version}. Hij leest de uiting, de "
        f"functie van de spreker en de {manifest.params.context} uitingen ervoor. "
        + (_CALIBRATED.format(manifest.params.unsure) if _is_calibrated(manifest) else _NOT_CALIBRATED)
    )


def _names(codebook: Codebook) -> dict[str, str]:
    return {dimension.id: f"{dimension.name} (`{dimension.id}`)" for dimension in codebook.unit_dimensions}


def _is_calibrated(manifest: Manifest) -> bool:
    return any(head.scales for head in manifest.heads)


_CALIBRATED = (
    "De kansen zijn geijkt op sessies die bij het leren niet meededen. Bij elke dimensie heten de {:.0%} uitingen waar "
    "hij het minst zeker van is *onzeker*. Dat maakt de andere niet goed: zie “Hoe zeker is zeker”."
)
_NOT_CALIBRATED = (
    "**De kansen zijn niet geijkt**, want er was geen andere sessie om dat op te doen: de woorden tellen niet mee, en "
    "hij zegt nooit dat hij onzeker is."
)


def _how(manifest: Manifest) -> str:
    params = manifest.params
    begun = (
        "Hij begon niet bij het basismodel maar bij wat een tagger die bij Raamwerk hoort al had geleerd (versie "
        f"{manifest.went_on_from}); de kaart daarvan geldt dus ook. Die tagger heeft van de uitingen hierboven nooit "
        "een label gezien. "
    )
    return (
        f"Basismodel {params.base} ({manifest.base_sha[:12]}…), waarvan de bovenste {params.learnt_layers} lagen zijn "
        f"bijgeleerd, met één uitvoerlaag per dimensie. {begun if manifest.went_on_from else ''}Ernaast telt een "
        "lineair model de woorden van de uiting zelf; bij het ijken blijkt hoe zwaar elk telt. "
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
            f"{teaching} ervan zijn losse knipsels, waarin labels vaker voorkomen dan in een heel gesprek: daar leerde "
            "hij van, maar er is niet op gemeten."
        )
    coders = {labelled.labelled_by for labelled in sessions}
    lines.append(f"De labels zijn gegeven door {' en '.join(sorted(_WHO[coder] for coder in coders))}.")
    if CoderKind.TAALMODEL in coders:
        lines.append(
            "Wat een taalmodel codeerde, is geen menselijk oordeel: de cijfers hieronder zeggen hoe goed de tagger "
            "dat taalmodel nadoet."
        )
    once = sum(not labelled.double for labelled in sessions)
    if once:
        lines.append(f"{'Alle' if once == len(sessions) else once} sessies zijn door één codeur gecodeerd.")
    if made_up:
        lines.append("Hoe goed hij het op echte gesprekken doet, is niet gemeten; reken op minder.")
    return " ".join(lines)


_WHO = {CoderKind.MENS: "mensen", CoderKind.TAALMODEL: "een taalmodel"}


def _figures(evaluation: Evaluation, curve: Sequence[CurvePoint], names: dict[str, str], unsure: float) -> list[str]:
    return [
        _measured_on(evaluation),
        _LEGEND,
        _table(evaluation),
        *_verdict(evaluation),
        *_weak(evaluation),
        *(_labels(score, names[score.dimension]) for score in evaluation.dimensions),
        "### Waar hij beter of slechter is",
        _FACETS,
        *map(_facets, evaluation.dimensions),
        "### Hoe zeker is zeker",
        _certainty(evaluation, unsure),
        *([_curve(curve)] if curve else []),
    ]


def _measured_on(evaluation: Evaluation) -> str:
    size = f"{evaluation.sessions} sessies, {evaluation.units} uitingen, in {evaluation.folds} rondes"
    if evaluation.groups == evaluation.sessions:
        return (
            f"Gemeten op sessies die bij het leren niet meededen ({size}). Andere sessies met dezelfde sprekers of "
            "schrijvers kunnen wel hebben meegedaan: bij nieuwe mensen is het waarschijnlijk slechter."
        )
    return (
        f"Gemeten op {evaluation.groups} groepen van sessies die bij het leren als geheel niet meededen ({size}); een "
        "groep is alles van één schrijver, of anders één sessie."
    )


_LEGEND = (
    "**Precisie** 0.30: van tien keer dat hij een label geeft, is het drie keer terecht. **Gevonden** 0.40: van tien "
    "uitingen met het label ziet hij er vier. **F1** vat die twee samen, van 0 tot 1; **macro-F1** is het gemiddelde "
    "over de labels; *wel of niet* gaat over de vraag of er iets is, welk label dan ook; kappa telt een verschil van "
    "twee niveaus vier keer zo zwaar als een van één. Tussen haakjes waar het cijfer met andere sessies van dezelfde "
    "soort in 95% van de gevallen lag; over andere soorten gesprekken zegt dat niets. Ernaast eenvoudiger manieren: "
    "het vaakste label, signaalwoorden, woorden tellen (TF-IDF met logistische regressie) en het basismodel zonder "
    "bijleren; en hoe ver twee codeurs het onderling eens zijn."
)
_FACETS = (
    "Macro-F1 over de labels die in de groep ten minste tien keer voorkomen, met erachter het aantal uitingen en "
    "labels. Vergelijk alleen groepen met evenveel labels. Groepen met minder dan honderd uitingen of drie sessies "
    "staan er niet bij."
)


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
    lines = []
    ahead = {
        score.dimension: score.tagger.macro_f1 - max(other.macro_f1 for other in score.others.values())
        for score in evaluation.dimensions
    }
    behind = [name for name, gain in ahead.items() if gain <= 0]
    hardly = [name for name, gain in ahead.items() if 0 < gain <= HARDLY]
    for names, said in ((behind, "niet"), (hardly, "nauwelijks")):
        if names:
            lines.append(
                f"**Let op:** bij {', '.join(names)} doet de tagger het {said} beter dan een van de eenvoudige "
                "manieren."
            )
    return lines


def _weak(evaluation: Evaluation) -> list[str]:
    found = []
    for score in evaluation.dimensions:
        names = [
            label for label in score.counts if label in score.tagger.labels and score.tagger.labels[label][2] < WEAK
        ]
        if names:
            found.append(f"- {score.dimension}: {', '.join(names)}")
    if not found:
        return []
    return ["\n".join([f"**Niet gebruiken zonder elke uiting na te kijken** (F1 onder {WEAK:.2f}):\n", *found])]


def _labels(score: DimensionScore, name: str) -> str:
    head = (
        f"### {name}\n\n| label | uitingen | tagger geeft | F1 | precisie | gevonden | woorden tellen, F1 |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    )
    words = score.others[WORDS].labels
    rows = []
    for label, count in score.counts.items():
        found = score.tagger.labels.get(label)
        figures = (found[2], found[0], found[1], words[label][2]) if found else ()
        cells = [f"{figure:.2f}" for figure in figures] or ["–"] * 4
        rows.append(f"| {' | '.join([label, str(count), str(score.given[label]), *cells])} |")
    few = [label for label, count in score.counts.items() if count < FEW]
    note = f"\n\nTe weinig uitingen (minder dan {FEW}) voor een houdbaar cijfer: {', '.join(few)}." if few else ""
    return "\n".join([head, *rows]) + note


def _facets(score: DimensionScore) -> str:
    parts: dict[str, list[str]] = {}
    for (facet, value), (units, labels, macro) in score.facets.items():
        figure = f"{macro:.2f}" if labels else "–"
        parts.setdefault(facet, []).append(f"{value} {figure} ({units}, {labels})")
    lines = [f"  - {facet}: {'; '.join(values)}" for facet, values in parts.items()]
    return "\n".join([f"- **{score.dimension}** (uitingen, labels):", *lines])


_SURE = (
    "Welk deel van de uitingen een verkeerd antwoord krijgt. Waar bijna nooit iets is, is weinig fout nog niet goed: "
    "wie overal het vaakste antwoord invult, zit er ook zelden naast. Kijk daarom ook een deel na van de uitingen "
    "waar hij niets gaf. De ijkfout (ECE, tien even grote groepen) zegt hoe ver de kansen ernaast zitten."
)


def _certainty(evaluation: Evaluation, unsure: float) -> str:
    lines = [
        _SURE,
        "",
        "| dimensie | overal het vaakste antwoord | tagger, alles | wat hij zeker noemt | zekerste helft | ijkfout |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for score in evaluation.dimensions:
        risk = dict(score.risk)
        sure = min(risk, key=lambda coverage: abs(coverage - (1 - unsure)))
        cells = [f"{wrong:.1%}" for wrong in (score.idle, risk[1.0], risk[sure], risk[0.5])]
        lines.append(f"| {' | '.join([score.dimension, *cells, f'{score.ece:.3f}'])} |")
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
