"""Lay the comparison of a study out as flat tables, so that anyone can redo it: the only form in which it is written.

Every table is a header and rows of plain values; CSV, Parquet and `results.json` hold the same tables, so that no
number is printed that is not in all of them. Shares, differences and standard errors are in the unit of the session
figures (shares in [0, 1], not percentage points); p is never 0. What was refused stands in the columns `reden` and
`wat_helpt`.

`sessiecijfers` is the table from which the rest can be computed again: one row a session and outcome, with the figure,
its variance, lambda, n, N, the block and every component of the session. Of a component of class C no table has more
than its class and its place in the table of sites.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from pipeline.statistics.agreement import Estimate
from pipeline.statistics.agreement import Interval as SessionInterval
from pipeline.statistics.draws import LEAST_PER_SESSION
from pipeline.statistics.dynamics import SessionTest, Standing
from pipeline.statistics.effects import CodedComponent, Effect, HedgesG, OddsEffect
from pipeline.statistics.identification import Identification, IdentificationClass
from pipeline.statistics.meta import Pooled, SitesInGeneral, TheseSites, forest
from pipeline.statistics.multiplicity import MaxT, Ranking
from pipeline.statistics.outcomes import Status, labelled_only_variances
from pipeline.statistics.permutation import PermutationTest
from pipeline.statistics.quality import INTERVAL_NOTE, Quality
from pipeline.statistics.refusal import Refusal
from pipeline.statistics.sensitivity import SpecificationCurve
from pipeline.statistics.sequences import Sequences
from pipeline.statistics.transition_tests import NOT_BLIND, TURNS
from pipeline.statistics.triangulation import KNOWLEDGE_TYPES
from pipeline.statistics.voices import LITERATURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pipeline.domain.study import Question, Value
    from pipeline.statistics.comparison import Pair, Results
    from pipeline.statistics.dynamics import LabelCourse, Transitions
    from pipeline.statistics.instrument import DimensionInstrument
    from pipeline.statistics.outcomes import StudyOutcome
    from pipeline.statistics.power import Verdict
    from pipeline.statistics.sequences import DimensionSequences
    from pipeline.statistics.tables import Table
    from pipeline.statistics.triangulation import GroupRate
    from pipeline.statistics.voices import DimensionVoices

Cells: TypeAlias = "tuple[Value, ...]"
_REFUSED: Final = ("reden", "wat_helpt")
_ESTIMATE: Final = ("waarde", "onder", "boven", "interval_methode", "opmerking")


@dataclass(frozen=True, slots=True)
class _Columns:
    """A table that is being made: rows are checked against the header once, when it is done."""

    header: tuple[str, ...]
    rows: list[Cells]

    def table(self) -> Table:
        if len(set(self.header)) < len(self.header) or any(len(row) != len(self.header) for row in self.rows):
            message = f"a header names every column once and rows are as long as it: {self.header[:2]}"
            raise ValueError(message)
        return self.header, tuple(tuple(_plain(value) for value in row) for row in self.rows)


def result_tables(results: Results) -> Mapping[str, Table]:
    """Give all tables by name, in the order of `RESULT_TABLES`; those with nothing to tell have no rows."""
    return {name: make(results).table() for name, make in _TABLES.items()}


def _names(written: str) -> tuple[str, ...]:
    """Give the columns that are named with spaces between them."""
    return tuple(written.split())


def _refusal(found: object) -> Cells:
    return (found.why, found.cure) if isinstance(found, Refusal) else (None, None)


def _plain(value: Value | np.generic) -> Value:
    """Give a number as Python's own; one that is infinite or none at all is left out, since JSON has neither."""
    own: Value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(own, float) and not math.isfinite(own) else own


def _head(results: Results) -> _Columns:
    """Say what the numbers rest on (`statistics.md` 5)."""
    evidence, outcomes, design = results.evidence, results.outcomes, results.design
    units = [evidence.units[one.id] for one in outcomes.sessions if one.id in evidence.units]
    full = [sum(not unit.minimal for unit in one.utterances) for one in units]
    known = {session: machine.learnt_from for session, machine in evidence.machine.items()}
    outside = sum(learnt is not None and session not in learnt for session, learnt in known.items())
    rows: list[tuple[str, Value]] = [
        ("studie", evidence.study.id),
        ("werkplaatsen", len({session.site for session in outcomes.sessions})),
        ("sessies", len(outcomes.sessions)),
        ("sessies_verwerkt", len(units)),
        ("uitingen", sum(len(one.utterances) for one in units)),
        ("uitingen_niet_minimaal", sum(full)),
        ("modelversie", evidence.model_version),
        ("codeboekversie", evidence.codebook.version_key),
        ("sessies_met_machinelabels", len(known)),
        ("sessies_met_labels_van_een_model_dat_ze_niet_zag", outside),
        ("blokken", "werkplaats en ronde" if results.layout.by_round else "werkplaats"),
        ("kleinste_verschil_dat_telt", design.analysis.smallest_difference),
        ("toeval_begint_bij", design.seed),
        ("permutaties", design.permutations),
        ("bootstraps", design.bootstraps),
        ("trekkingen_rangorde", design.rank_draws),
        ("vastgelegde_vragen", len(evidence.study.questions)),
        ("toetsen_vastgelegd", sum(pair.adjusted is not None for pair in results.pairs)),
        ("toetsen_verkennend", sum(pair.exploratory_p is not None for pair in results.pairs)),
    ]
    exploratory = results.exploratory
    if isinstance(exploratory, MaxT):
        rows += [("max_t_sessies", exploratory.sessions), ("max_t_verdelingen", exploratory.arrangements)]
    else:
        rows.append(("max_t", str(exploratory)))
    for draw in evidence.draws:
        drawn = [sum(len(part.drawn) for part in draw.of(session)) for session in draw.sessions]
        rows += [
            (f"steekproef {draw.id}: sessies", len(drawn)),
            (f"steekproef {draw.id}: getrokken per sessie, minste", min(drawn, default=None)),
            (f"steekproef {draw.id}: getrokken per sessie, middelste", float(np.median(drawn)) if drawn else None),
            (f"steekproef {draw.id}: getrokken per sessie, meeste", max(drawn, default=None)),
            (f"steekproef {draw.id}: begin van het toeval", ", ".join(map(str, draw.seeds))),
        ]
    rows += [(f"opmerking {number}", remark) for number, remark in enumerate(results.remarks, start=1)]
    return _Columns(("wat", "waarde"), list(rows))


def _outcomes(results: Results) -> _Columns:
    header = (
        *_names("uitkomst naam soort status steekproef gelaagd eenheid factor sessies sessies_zonder_cijfer"),
        *_names("labels_minste labels_middelste labels_meeste labels_niet_gebruikt gemiddeld"),
        *_names("gemiddelde_correctie winst_van_de_machine opmerking"),
        *_REFUSED,
    )
    return _Columns(header, [_outcome_row(one) for one in results.outcomes.outcomes])


def _outcome_row(one: StudyOutcome) -> Cells:
    known = [figure for figure in one.figures if figure.rate is not None]
    labelled = [figure.labelled for figure in known if figure.labelled is not None]
    few = bool(labelled) and min(labelled) < LEAST_PER_SESSION
    corrections = [
        figure.rate - figure.machine for figure in known if figure.rate is not None and figure.machine is not None
    ]
    alone = labelled_only_variances(one)
    spread = None if one.rates is None else float(one.rates.variances.mean())
    return (
        one.id,
        one.name,
        one.kind.value,
        one.status.value,
        one.draw,
        one.stratified if one.draw else None,
        one.unit.name,
        one.unit.factor,
        len(known),
        len(one.figures) - len(known),
        min(labelled, default=None),
        float(np.median(labelled)) if labelled else None,
        max(labelled, default=None),
        one.ignored,
        float(np.mean([figure.rate for figure in known if figure.rate is not None])) if known else None,
        float(np.mean(corrections)) if corrections else None,
        float(alone.mean()) / spread if alone is not None and spread else None,
        f"Met minder dan {LEAST_PER_SESSION} labels in een sessie zijn de intervallen te smal." if few else None,
        *_refusal(one.refusal),
    )


def _sessions(results: Results) -> _Columns:
    declared = results.evidence.study.components
    header = (
        *_names("sessie werkplaats ronde blok uitkomst status cijfer getoond variantie onder boven lambda n N"),
        *_names("aandeel_machine_niet_gecorrigeerd alleen_menselijke_labels machine_telt_geheel opmerking"),
        *_REFUSED,
        *(f"kenmerk_{one.id}" for one in declared),
    )
    blocks = dict(zip(results.layout.sessions, results.layout.blocks, strict=True))
    rows: list[Cells] = []
    for one in results.outcomes.outcomes:
        for session, figure in zip(results.outcomes.sessions, one.figures, strict=True):
            shown = figure.rate
            if shown is not None and one.status is Status.CORRECTED:
                shown = min(max(shown, 0.0), 1.0)
            rows.append(
                (
                    session.id,
                    session.site,
                    session.round,
                    blocks[session.id],
                    one.id,
                    one.status.value,
                    figure.rate,
                    shown,
                    figure.variance,
                    figure.lower,
                    figure.upper,
                    figure.factor,
                    figure.labelled,
                    figure.eligible,
                    figure.machine,
                    figure.labelled_only,
                    figure.fully_corrected,
                    figure.remark,
                    *_refusal(figure.reason),
                    *(session.components.get(component.id) for component in declared),
                )
            )
    return _Columns(header, rows)


def _classes(results: Results) -> _Columns:
    header = (
        *_names("kenmerk naam kenmerk_waarde tegenover per klasse werkplaatsen zonder met vrijheidsgraden"),
        *_names("kleinste_p_mogelijk zin waarschuwing"),
        *_REFUSED,
    )
    rows: list[Cells] = []
    for one in results.components:
        if not isinstance(one.coded, CodedComponent):
            rows.append((one.declared.id, one.declared.name, *(None,) * 11, *_refusal(one.coded)))
            continue
        for found in one.identifications:
            head = (found.component, one.declared.name, found.contrast, one.coded.reference, one.coded.per)
            rows.append((*head, *_class_cells(found), None, None))
    return _Columns(header, rows)


def _class_cells(found: Identification) -> Cells:
    """Give the class of a contrast; a smallest p is part of a test, so that only class A has one."""
    tested = found.letter is IdentificationClass.A
    return (
        found.letter.value,
        ", ".join(found.sites) or None,
        found.low,
        found.high,
        found.freedom,
        found.smallest_p if tested else None,
        found.sentence,
        found.warning if tested else None,
    )


def _places(results: Results) -> _Columns:
    """Count sessions by value, site and round."""
    rows: list[Cells] = []
    study = results.evidence.study
    rounds: tuple[int | None, ...] = tuple(dict.fromkeys(session.round for session in results.outcomes.sessions))
    for component in study.components:
        given = [session.components.get(component.id) for session in results.outcomes.sessions]
        values = sorted({value for value in given if value is not None}, key=lambda value: (str(type(value)), value))
        ordered = [value for value in component.values if value in values] or values
        for value, site, number in product([*ordered, None], study.sites, sorted(rounds, key=lambda one: one or 0)):
            sessions = sum(
                (session.site, session.round) == (site.id, number) and mine == value and type(mine) is type(value)
                for session, mine in zip(results.outcomes.sessions, given, strict=True)
            )
            if sessions:
                rows.append((component.id, value, site.id, number, sessions))
    return _Columns(("kenmerk", "kenmerk_waarde", "werkplaats", "ronde", "sessies"), rows)


def _overlaps(results: Results) -> _Columns:
    rows: list[Cells] = [(one.one, one.other, one.correlation, one.sessions) for one in results.overlaps]
    return _Columns(("kenmerk", "ander_kenmerk", "samenhang_binnen_blokken", "sessies"), rows)


_EFFECT: Final = ("schatting", "standaardfout", "vrijheidsgraden", "onder", "boven")


def _effect_cells(effect: object) -> Cells:
    if not isinstance(effect, Effect):
        return (None,) * len(_EFFECT)
    return (
        effect.estimate,
        effect.standard_error,
        effect.freedom,
        effect.lower,
        effect.upper,
    )


def _effects(results: Results) -> _Columns:
    header = (
        *_names("uitkomst kenmerk kenmerk_waarde tegenover per klasse familie sessies zonder_waarde"),
        *_names("blokken_met_een_sessie"),
        *_EFFECT,
        *_names("t p p_permutatie verdelingen alle_verdelingen kleinste_p_mogelijk permutatie_onder"),
        *_names("permutatie_boven toetsen_in_familie p_holm p_permutatie_holm p_benjamini_hochberg p_max_t"),
        *_names("waarneembaar gevoeligheid_laagste gevoeligheid_hoogste zelfde_richting andere_analyses"),
        *_names("in_standaarddeviaties robuustheid hedges_g hedges_onder hedges_boven kansverhouding"),
        *_names("kansverhouding_onder kansverhouding_boven gemiddeld_verschil_kansmodel oordeel zin geldt_voor"),
        *_REFUSED,
    )
    return _Columns(header, [_pair_row(pair) for pair in results.pairs])


def _pair_row(pair: Pair) -> Cells:
    family = "vastgelegd" if pair.registered else "verkennend"
    head = (pair.outcome, pair.component, pair.contrast, pair.reference, pair.per, pair.letter.value, family)
    counts = (pair.sessions, pair.missing, ", ".join(pair.lone_blocks) or None)
    effect = pair.effect if isinstance(pair.effect, Effect) else None
    return (
        *head,
        *counts,
        *_effect_cells(effect),
        effect.t if effect else None,
        effect.p if effect else None,
        *_permutation_cells(pair),
        *_adjusted_cells(pair),
        pair.verdict.detectable,
        *_curve_cells(pair.curve),
        _number(pair.standardised),
        pair.robustness,
        *_hedges_cells(pair),
        *_odds_cells(pair),
        *_verdict_cells(pair.verdict),
        _these_sites(pair),
        *_refusal(pair.effect),
    )


def _these_sites(pair: Pair) -> str | None:
    """Say which sites the effect and the verdict are about."""
    claim = pair.claims.these_sites if pair.claims else None
    return claim.claim if isinstance(claim, TheseSites) else None


def _number(found: float | Refusal | None) -> float | None:
    return None if isinstance(found, Refusal) else found


def _permutation_cells(pair: Pair) -> Cells:
    test, interval = pair.permutation, pair.interval
    ends = interval if isinstance(interval, tuple) else (None, None)
    if not isinstance(test, PermutationTest):
        return (*(None,) * 4, *ends)
    return (test.p, test.arrangements, test.exact, test.smallest_p, *ends)


def _adjusted_cells(pair: Pair) -> Cells:
    one = pair.adjusted
    own: Cells = (None, None, None) if one is None else (one.tests, one.p, one.permutation_p)
    return (*own, pair.exploratory_p, pair.max_t_p)


def _curve_cells(curve: SpecificationCurve | Refusal | None) -> Cells:
    if not isinstance(curve, SpecificationCurve):
        return (None,) * 4
    reach = curve.range
    return (reach.low if reach else None, reach.high if reach else None, curve.same_sign, curve.compared)


def _hedges_cells(pair: Pair) -> Cells:
    found = pair.hedges
    return (found.g, found.lower, found.upper) if isinstance(found, HedgesG) else (None, None, None)


def _odds_cells(pair: Pair) -> Cells:
    found = pair.odds
    if not isinstance(found, OddsEffect):
        return (None,) * 4
    return (found.odds_ratio, found.lower, found.upper, found.average_difference)


def _verdict_cells(verdict: Verdict) -> Cells:
    return verdict.kind.value, " ".join(verdict.sentences) or None


def _omnibus(results: Results) -> _Columns:
    header = (
        *_names("uitkomst kenmerk statistiek p_permutatie verdelingen alle_verdelingen"),
        *_REFUSED,
    )
    rows: list[Cells] = []
    for one in results.omnibus:
        test = one.test
        cells: Cells = (
            (test.statistic, test.p, test.arrangements, test.exact)
            if isinstance(test, PermutationTest)
            else (None,) * 4
        )
        rows.append((one.outcome, one.component, *cells, *_refusal(test)))
    return _Columns(header, rows)


def _sensitivity(results: Results) -> _Columns:
    header = (
        *_names("uitkomst kenmerk kenmerk_waarde analyse bijzonderheid schaal"),
        *_EFFECT,
        *_REFUSED,
    )
    rows: list[Cells] = []
    for pair in results.pairs:
        curve = pair.curve
        for one in curve.rows if isinstance(curve, SpecificationCurve) else ():
            head = (pair.outcome, pair.component, pair.contrast, one.specification.value, one.detail, one.scale.value)
            rows.append((*head, *_effect_cells(one.effect), *_refusal(one.effect)))
    return _Columns(header, rows)


def _errors(results: Results) -> _Columns:
    """Say whether the machine errs more with a component than without it (`statistics.md` 1.5)."""
    header = (
        *_names("uitkomst kenmerk kenmerk_waarde"),
        *_EFFECT,
        *_names("p vertekening_zonder_correctie"),
        *_REFUSED,
    )
    rows: list[Cells] = []
    for pair in results.pairs:
        error = pair.curve.differential_error if isinstance(pair.curve, SpecificationCurve) else None
        if error is None:
            continue
        found = None if isinstance(error, Refusal) else error
        rows.append(
            (
                pair.outcome,
                pair.component,
                pair.contrast,
                *_effect_cells(found.effect if found else None),
                found.effect.p if found else None,
                found.naive_bias if found else None,
                *_refusal(error),
            )
        )
    return _Columns(header, rows)


def _general(results: Results) -> _Columns:
    """Give the claim about sites in general (`statistics.md` 2.4)."""
    header = (
        *_names("uitkomst kenmerk kenmerk_waarde methode interval_methode werkplaatsen gemiddeld"),
        *_names("standaardfout"),
        *_names("onder boven voorspelling_onder voorspelling_boven tau2 tau q q_vrijheidsgraden p_q i2"),
        *_names("i2_onder"),
        *_names("i2_boven opmerking"),
        *_REFUSED,
    )
    rows: list[Cells] = []
    for pair in results.pairs:
        if pair.claims is None:
            continue
        found = pair.claims.sites_in_general
        head = (pair.outcome, pair.component, pair.contrast)
        if isinstance(found, SitesInGeneral):
            remark = " ".join((found.claim, *found.remarks))
            rows += [
                (*head, *_pooled_cells(pooled), remark, None, None)
                for pooled in (found.shown, found.untruncated, found.restricted_likelihood)
                if isinstance(pooled, Pooled)
            ]
        else:
            rows.append((*head, *(None,) * (len(header) - 5), *_refusal(found)))
    return _Columns(header, rows)


def _pooled_cells(pooled: Pooled) -> Cells:
    spread, mean = pooled.heterogeneity, pooled.mean
    reach = spread.i2_interval
    return (
        pooled.tau_method.value,
        pooled.interval_method.value,
        len(pooled.weights),
        mean.estimate,
        mean.standard_error,
        mean.interval.low,
        mean.interval.high,
        pooled.prediction.low,
        pooled.prediction.high,
        spread.tau2,
        spread.tau,
        spread.q,
        spread.q_degrees_of_freedom,
        spread.q_p,
        spread.i2,
        None if isinstance(reach, Refusal) else reach.low,
        None if isinstance(reach, Refusal) else reach.high,
    )


def _forests(results: Results) -> _Columns:
    header = (*_names("uitkomst kenmerk kenmerk_waarde werkplaats sessies zonder met schatting onder boven"),)
    rows: list[Cells] = []
    for pair in results.pairs:
        general = pair.claims.sites_in_general if pair.claims else None
        for one in forest(general).rows if isinstance(general, SitesInGeneral) else ():
            levels = one.per_level or (None, None)
            rows.append(
                (
                    pair.outcome,
                    pair.component,
                    pair.contrast,
                    one.site,
                    one.sessions,
                    *levels,
                    one.estimate,
                    one.interval.low,
                    one.interval.high,
                    one.weight,
                )
            )
    return _Columns((*header, "gewicht"), rows)


def _ranks(results: Results) -> _Columns:
    header = (*_names("uitkomst kenmerk schatting per_standaarddeviatie hoogste_rang laagste_rang kans_eerste"),)
    rows: list[Cells] = []
    for outcome, found in results.rankings.items():
        if not isinstance(found, Ranking):
            rows.append((outcome, *(None,) * 7, *_refusal(found)))
            continue
        rows += [
            (
                outcome,
                one.name,
                one.estimate,
                found.per_spread,
                one.best,
                one.worst,
                one.first,
                found.sentence,
                None,
                None,
            )
            for one in found.entries
        ]
    return _Columns((*header, "zin", *_REFUSED), rows)


def _together(results: Results) -> _Columns:
    rows: list[Cells] = []
    for one in results.together:
        names = ", ".join(one.components)
        if isinstance(one.effects, Refusal):
            rows.append((one.outcome, names, None, *_effect_cells(None), *_refusal(one.effects)))
        else:
            rows += [(one.outcome, names, effect.name, *_effect_cells(effect), None, None) for effect in one.effects]
    return _Columns(("uitkomst", "samen", "kenmerk", *_EFFECT, *_REFUSED), rows)


def _estimate_cells(found: Estimate | Refusal) -> Cells:
    """Give a figure with its interval over sessions, or why there is none."""
    if isinstance(found, Refusal):
        return None, None, None, None, str(found)
    interval = found.interval
    if isinstance(interval, SessionInterval):
        return found.value, interval.low, interval.high, interval.method.value, interval.warning
    return found.value, None, None, None, str(interval)


def _standing_cells(found: Estimate | Refusal, standing: Standing) -> Cells:
    """Give a figure as `_estimate_cells`, but a machine's without interval and marked (`statistics.md` 0)."""
    cells = _estimate_cells(found)
    if standing is not Standing.DESCRIPTIVE or isinstance(found, Refusal):
        return cells
    return cells[0], None, None, None, "Machinaal en niet gecorrigeerd: geen interval, en niet om te vergelijken."


def _agreement(results: Results) -> _Columns:
    header = (
        *_names("dimensie label sessie blind codeurs uitingen sessies maat"),
        *_ESTIMATE,
    )
    rows: list[Cells] = []
    for one in results.instrument.dimensions:
        if isinstance(one.coders, Refusal):
            rows.append((one.dimension, *(None,) * 11, str(one.coders)))
            continue
        for found in one.coders:
            head = (one.dimension, found.label, found.session, one.blind, ", ".join(found.coders), found.units)
            rows += [
                (*head, found.sessions, name.value, *_estimate_cells(estimate))
                for name, estimate in found.figures.items()
            ]
    return _Columns(header, rows)


def _with_machine(results: Results) -> _Columns:
    header = (
        *_names("dimensie label uitingen mensen wat"),
        *_ESTIMATE,
    )
    rows: list[Cells] = []
    for one in results.instrument.dimensions:
        if isinstance(one.machine, Refusal):
            rows.append((one.dimension, *(None,) * 8, str(one.machine)))
            continue
        for found in one.machine:
            head = (one.dimension, found.label, found.units, ", ".join(found.people))
            rows += [
                (*head, what, *_estimate_cells(estimate))
                for what, estimate in (
                    ("alpha onder mensen", found.among_people),
                    ("alpha van mens met model", found.with_machine),
                    ("verschil", found.difference),
                )
            ]
    return _Columns(header, rows)


def _tagger(results: Results) -> _Columns:
    header = (
        *_names("dimensie kenmerk kenmerk_waarde label uitingen sessies maat"),
        *_ESTIMATE,
    )
    rows: list[Cells] = []
    for one in results.instrument.dimensions:
        for component, level, quality in _qualities(one):
            head = (one.dimension, component, level)
            if isinstance(quality, Refusal):
                rows.append((*head, *(None,) * 8, str(quality)))
            else:
                rows += [(*head, *row) for row in _quality_rows(quality)]
    rows.append(("toelichting", *(None,) * (len(header) - 2), INTERVAL_NOTE))
    return _Columns(header, rows)


def _qualities(one: DimensionInstrument) -> Iterator[tuple[str | None, str | None, Quality | Refusal]]:
    yield None, None, one.tagger
    for each in one.levels:
        yield each.component, each.level, each.quality


def _quality_rows(quality: Quality) -> Iterator[Cells]:
    for name, estimate in quality.figures.items():
        yield None, quality.units, quality.sessions, name.value, *_estimate_cells(estimate)
    for label in quality.labels:
        for figure, estimate in label.figures.items():
            yield label.label, label.units, quality.sessions, figure.value, *_estimate_cells(estimate)
    calibration = quality.calibration
    if not isinstance(calibration, Refusal):
        for what, estimate in (
            ("ECE", calibration.ece),
            ("Brier", calibration.brier),
            ("log loss", calibration.log_loss),
        ):
            yield None, quality.units, quality.sessions, what, *_estimate_cells(estimate)


def _transcripts(results: Results) -> _Columns:
    """Say of every transcript whether the groups and kinds of knowledge rest on it, and why not."""
    rows: list[Cells] = []
    voices = results.voices
    if voices is not None:
        rows += [
            (dimension, one.id, one.id in used, used.get(one.id), *_refusal(voices.left_out[dimension].get(one.id)))
            for dimension, used in voices.transcripts.items()
            for one in results.outcomes.sessions
        ]
    return _Columns((*_names("dimensie transcript gebruikt blind"), *_REFUSED), rows)


def _statements_note(one: DimensionVoices, rate: GroupRate | Refusal) -> str | None:
    """Warn of statements that come from a few documents: each counts as a transcript of its own."""
    if isinstance(rate, Refusal) or rate.group not in (LITERATURE, KNOWLEDGE_TYPES[LITERATURE]):
        return None
    if rate.transcripts <= one.documents:
        return None
    return (
        f"Elke uitspraak telt als een transcript. Deze {rate.transcripts} uitspraken komen uit {one.documents} "
        f"{'stuk' if one.documents == 1 else 'stukken'}; uitspraken uit hetzelfde stuk lijken op elkaar, dus het "
        "interval is waarschijnlijk te smal."
    )


def _groups(results: Results) -> _Columns:
    header = (*_names("dimensie label groep andere_groep blind transcripten uitingen waarde onder boven opmerking"),)
    rows: list[Cells] = []
    for dimension in results.voices.dimensions if results.voices else ():
        blind = dimension.blind
        for (label, group), rate in dimension.rates.items():
            head = (dimension.dimension, label, group, None, blind.get(group))
            if isinstance(rate, Refusal):
                rows.append((*head, *(None,) * 6, *_refusal(rate)))
            else:
                ends = (rate.interval.low, rate.interval.high)
                note = _statements_note(dimension, rate)
                rows.append((*head, rate.transcripts, rate.units, rate.shown, *ends, note, None, None))
        for found in dimension.differences:
            if not isinstance(found, Refusal):
                between = (found.label, found.group, found.other, blind[found.group] and blind[found.other])
                ends = (found.interval.low, found.interval.high)
                rows.append((dimension.dimension, *between, None, None, found.difference, *ends, None, None, None))
    return _Columns((*header, *_REFUSED), rows)


def _triangulation(results: Results) -> _Columns:
    header = (*_names("dimensie label merk mogelijk zin kennistype blind aanwezig richting waarde onder boven"),)
    rows: list[Cells] = []
    for dimension in results.voices.dimensions if results.voices else ():
        if isinstance(dimension.matrix, Refusal):
            rows.append((dimension.dimension, *(None,) * 12, *_refusal(dimension.matrix)))
            continue
        for row in dimension.matrix:
            possible = ", ".join(mark.value for mark in row.possible)
            for cell in row.cells:
                known = None if isinstance(cell.rate, Refusal) else cell.rate
                rows.append(
                    (
                        dimension.dimension,
                        row.label,
                        row.mark.value,
                        possible,
                        row.sentence,
                        cell.group,
                        dimension.blind.get(cell.group),
                        cell.presence.value,
                        cell.direction.value if cell.direction else None,
                        known.shown if known else None,
                        known.interval.low if known else None,
                        known.interval.high if known else None,
                        _statements_note(dimension, cell.rate),
                        *_refusal(cell.rate),
                    )
                )
    return _Columns((*header, "opmerking", *_REFUSED), rows)


def _transitions(results: Results) -> _Columns:
    header = (
        *_names("wat stand blind van naar aantal residu"),
        *_ESTIMATE,
    )
    rows: list[Cells] = []
    if isinstance(results.sequences, Sequences):
        rows += _transition_rows(TURNS, results.sequences.turns, None)
        for one in results.sequences.dimensions:
            if one.transitions is not None:
                rows += _transition_rows(one.dimension, one.transitions, one.blind)
    return _Columns(header, rows)


def _transition_rows(what: str, found: Transitions | Refusal, blind: bool | None) -> Iterable[Cells]:  # noqa: FBT001
    if isinstance(found, Refusal):
        yield what, *(None,) * 10, str(found)
        return
    counts = found.counts.sum(axis=0)
    for (at, before), (to, now) in product(enumerate(found.values), repeat=2):
        residual = found.residuals[at][to]
        head = (what, found.standing.value, blind, before, now, int(counts[at, to]), residual)
        yield *head, *_standing_cells(found.shares[at][to], found.standing)


def _transition_tests(results: Results) -> _Columns:
    """Say whether what follows what differs with a component, where that can be tested."""
    header = (
        *_names("wat blind kenmerk sessies g2 p verdelingen alle_verdelingen p_benjamini_hochberg familie"),
        *_REFUSED,
    )
    rows: list[Cells] = []
    for one in results.transition_tests:
        test = one.test if isinstance(one.test, SessionTest) else None
        cells = (test.sessions, test.statistic, test.p, test.possible, test.exact) if test else (None,) * 5
        family = "verkennend" if test else None
        rows.append((one.what, one.blind, one.component, *cells, one.adjusted, family, *_refusal(one.test)))
    return _Columns(header, rows)


def _following(results: Results) -> _Columns:
    """Say who answers whom with which label."""
    header = (*_names("dimensie label stand blind van naar beurten sessies"), *_ESTIMATE)
    rows: list[Cells] = []
    for one in results.sequences.dimensions if isinstance(results.sequences, Sequences) else ():
        if isinstance(one.following, Refusal):
            rows.append((one.dimension, *(None,) * 11, str(one.following)))
            continue
        for found in one.following:
            head = (one.dimension, found.label, found.standing.value, one.blind, found.before, found.now)
            rows.append((*head, found.take_overs, len(found.shares), *_standing_cells(found.mean, found.standing)))
    return _Columns(header, rows)


def _thirds(results: Results) -> _Columns:
    header = (
        *_names("dimensie label stand blind deel"),
        *_ESTIMATE,
    )
    rows: list[Cells] = []
    for one in results.sequences.dimensions if isinstance(results.sequences, Sequences) else ():
        if isinstance(one.course, Refusal):
            rows.append((one.dimension, *(None,) * 8, str(one.course)))
            continue
        for course in one.course:
            rows += _course_rows(one, course)
    return _Columns(header, rows)


def _course_rows(one: DimensionSequences, course: LabelCourse) -> Iterator[Cells]:
    # A draw corrects with blind labels alone.
    blind = True if course.standing is Standing.CORRECTED else one.blind
    head = (one.dimension, course.label, course.standing.value, blind)
    for number, estimate in enumerate(course.mean, start=1):
        yield *head, f"{number}", *_standing_cells(estimate, course.standing)
    yield *head, "laatste min eerste", *_standing_cells(course.trend, course.standing)


def _couplings(results: Results) -> _Columns:
    """Say how often labels come so many units after the client speaks, beside what shifting the series gives."""
    header = (*_names("dimensie wat afstand stand blind sessies te_korte_sessies samen verwacht z p"), *_REFUSED)
    rows: list[Cells] = []
    for one in results.sequences.dimensions if isinstance(results.sequences, Sequences) else ():
        for what, found in one.couplings.items():
            if isinstance(found, Refusal):
                rows.append((one.dimension, what, *(None,) * 9, *_refusal(found)))
                continue
            head = (found.standing.value, one.blind, found.sessions, ", ".join(found.too_short) or None)
            for lag in found.lags:
                p = lag.p if one.blind or isinstance(lag.p, Refusal) else NOT_BLIND
                cells = (lag.together, lag.expected, lag.z, None if isinstance(p, Refusal) else p)
                rows.append((one.dimension, what, lag.lag, *head, *cells, *_refusal(p)))
    return _Columns(header, rows)


def _questions(results: Results) -> _Columns:
    """Answer the registered questions one by one."""
    rows: list[Cells] = []
    for question in results.evidence.study.questions:
        head = (question.text, question.registered.isoformat(), question.outcome, question.component)
        asked = [
            pair for pair in results.pairs if (pair.outcome, pair.component) == (question.outcome, question.component)
        ]
        rows += [
            (
                *head,
                pair.contrast,
                pair.reference,
                pair.per,
                pair.letter.value,
                *_verdict_cells(pair.verdict),
                _these_sites(pair),
                *_refusal(pair.effect),
            )
            for pair in asked
        ]
        if not asked:
            rows.append(
                (*head, *(None,) * 4, "niet te beantwoorden", None, None, *_refusal(_unanswered(results, question)))
            )
    header = _names("vraag vastgelegd_op uitkomst kenmerk kenmerk_waarde tegenover per klasse oordeel zin geldt_voor")
    return _Columns((*header, *_REFUSED), rows)


def _unanswered(results: Results, question: Question) -> Refusal:
    """Say why a question has no answer: what it asks about is not there, or cannot be compared."""
    coded = next((one.coded for one in results.components if one.declared.id == question.component), _NO_COMPONENT)
    outcome = results.outcomes.of(question.outcome)
    if isinstance(coded, Refusal):
        return coded
    return (outcome.refusal if outcome else None) or _NOT_MEASURED


_NO_COMPONENT: Final = Refusal("Dit kenmerk komt in deze studie niet voor.", "Verbeter de vraag in study.yaml.")
_NOT_MEASURED: Final = Refusal("Deze uitkomst komt in deze studie niet voor.", "Verbeter de vraag in study.yaml.")


def _not_enough(results: Results) -> _Columns:
    rows: list[Cells] = [
        (one.subject, one.outcome, one.component, one.why, one.cure or None) for one in results.not_enough
    ]
    return _Columns(("waarover", "uitkomst", "kenmerk", *_REFUSED), rows)


def _cautions(results: Results) -> _Columns:
    return _Columns(("onderwerp", "zin"), [(one.topic, one.sentence) for one in results.cautions])


_TABLES: Final[dict[str, Callable[[Results], _Columns]]] = {
    "kop": _head,
    "vragen": _questions,
    "uitkomsten": _outcomes,
    "sessiecijfers": _sessions,
    "kenmerken": _classes,
    "kenmerken_per_werkplaats": _places,
    "samenloop": _overlaps,
    "effecten": _effects,
    "categorieen_samen": _omnibus,
    "gevoeligheid": _sensitivity,
    "fout_per_kenmerk": _errors,
    "werkplaatsen_in_het_algemeen": _general,
    "effect_per_werkplaats": _forests,
    "rangorde": _ranks,
    "kenmerken_samen": _together,
    "overeenstemming": _agreement,
    "model_en_codeurs": _with_machine,
    "model": _tagger,
    "transcripten": _transcripts,
    "groepen": _groups,
    "triangulatie": _triangulation,
    "overgangen": _transitions,
    "overgangen_per_kenmerk": _transition_tests,
    "wie_na_wie": _following,
    "derden": _thirds,
    "na_de_client": _couplings,
    "niet_genoeg_gegevens": _not_enough,
    "voorbehoud": _cautions,
}
RESULT_TABLES: Final = tuple(_TABLES)
"""Names of the tables, in the order in which they are read."""
