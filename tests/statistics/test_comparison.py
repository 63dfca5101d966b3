"""The comparison of a whole study: what it refuses, what it does not depend on, and that it can be redone."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats

from benchmarks.compare import BRIDGES, CODEBOOK, make_evidence
from pipeline.domain.coding import CoderKind
from pipeline.domain.draw import DrawDesign
from pipeline.domain.evidence import MachineLabels
from pipeline.domain.study import Analysis, Component, Outcome, Question, ValueType
from pipeline.formats.export import tables_json
from pipeline.statistics.comparison import Design, compare, robustness_value
from pipeline.statistics.draws import draw_units
from pipeline.statistics.outcomes import Status, measure_outcomes
from pipeline.statistics.permutation import PermutationTest, permutation_test
from pipeline.statistics.rates import LabelledSample
from pipeline.statistics.results import RESULT_TABLES, result_tables
from pipeline.statistics.sensitivity import Measurement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pipeline.domain.coding import Judgement
    from pipeline.domain.draw import Draw
    from pipeline.domain.evidence import Evidence
    from pipeline.domain.study import Session, Value
    from pipeline.statistics.comparison import Results

QUICK = Design(seed=3, permutations=199, bootstraps=40, rank_draws=200)
OUTCOME, COMPONENT = "sr.brug_burger", "kenmerk_0"
Rows = list[dict[str, Any]]


@cache
def world() -> Evidence:
    """24 sessions of 90 units in four sites; `kenmerk_0` alternates, so that it is of class A."""
    return make_evidence(24, 90, 3, seed=5, drawn=40)


def of_sessions(evidence: Evidence, change: Callable[[Session], Session]) -> Evidence:
    rows = tuple(change(session) for session in evidence.study.sessions)
    return replace(evidence, study=replace(evidence.study, sessions=rows))


def with_component(evidence: Evidence, name: str, value: Callable[[int, Session], Value]) -> Evidence:
    """Give every session another value of the component."""
    place = {session.id: at for at, session in enumerate(evidence.study.sessions)}
    return of_sessions(
        evidence, lambda one: replace(one, components={**one.components, name: value(place[one.id], one)})
    )


def tables(evidence: Evidence, design: Design = QUICK) -> dict[str, Rows]:
    found = result_tables(compare(evidence, design))
    assert tuple(found) == RESULT_TABLES
    return {name: [dict(zip(header, row, strict=True)) for row in rows] for name, (header, rows) in found.items()}


def row(rows: Rows, **asked: object) -> dict[str, Any]:
    (found,) = [one for one in rows if all(one[name] == value for name, value in asked.items())]
    return found


def effect(found: dict[str, Rows], outcome: str = OUTCOME, component: str = COMPONENT) -> dict[str, Any]:
    return row(found["effecten"], uitkomst=outcome, kenmerk=component)


def of_a_test(one: dict[str, Any]) -> list[str]:
    """Name the columns of a row with anything of a test in it."""
    return [
        name
        for name, value in one.items()
        if value is not None and (name in {"p", "t"} or name.startswith(("p_", "permutatie_", "kleinste_p")))
    ]


@cache
def found_once() -> dict[str, Rows]:
    return tables(world())


def test_a_whole_study_is_compared() -> None:
    found = found_once()
    one = effect(found)
    assert (one["klasse"], one["familie"], one["sessies"]) == ("A", "vastgelegd", 24)
    assert one["toetsen_in_familie"] == 2
    assert 0 < one["p"] <= one["p_holm"] <= 1
    assert 0 < one["p_permutatie"] <= one["p_permutatie_holm"] <= 1
    assert one["onder"] < one["schatting"] < one["boven"]
    assert one["gevoeligheid_laagste"] <= one["schatting"] <= one["gevoeligheid_hoogste"]
    other = effect(found, component="kenmerk_1")
    assert (other["familie"], other["p_holm"]) == ("verkennend", None)
    assert min(other["p_benjamini_hochberg"], other["p_max_t"]) >= min(other["p"], other["p_permutatie"]) > 0
    assert {one["status"] for one in found["uitkomsten"] if one["uitkomst"] != "sr.sprekers"} == {
        "gecorrigeerd",
        "geteld",
        "ingevuld",
    }
    assert row(found["uitkomsten"], uitkomst=OUTCOME)["labels_middelste"] == 40
    assert row(found["kop"], wat="blokken")["waarde"] == "werkplaats"
    for name in ("gevoeligheid", "werkplaatsen_in_het_algemeen", "rangorde", "overeenstemming", "model", "overgangen"):
        assert found[name], name
    assert {one["onderwerp"] for one in found["voorbehoud"]} >= {"keuze", "toets", "gewicht"}


def test_every_registered_question_gets_an_answer_or_a_reason() -> None:
    asked = found_once()["vragen"]
    assert [(one["uitkomst"], one["klasse"]) for one in asked] == [(OUTCOME, "A"), ("inzicht", "A")]
    assert all(one["zin"] for one in asked)
    undrawn = tables(replace(world(), draws=()))["vragen"]
    assert undrawn[0]["oordeel"] == "niet te beantwoorden"
    assert "steekproef" in undrawn[0]["reden"]
    assert undrawn[1]["klasse"] == "A"


def test_a_question_about_what_the_study_does_not_have_says_so() -> None:
    evidence = world()
    day = evidence.study.questions[0].registered
    asked = (Question("Wat?", "bestaat_niet", OUTCOME, day), Question("Wat?", COMPONENT, "bestaat_niet", day))
    text = Component("opmerking", "Opmerking", ValueType.TEKST)
    study = replace(
        evidence.study,
        components=(*evidence.study.components, text),
        questions=(*asked, Question("Wat?", "opmerking", OUTCOME, day)),
    )
    answers = tables(replace(evidence, study=study))["vragen"]
    assert [one["oordeel"] for one in answers] == ["niet te beantwoorden"] * 3
    assert [one["reden"] for one in answers[:2]] == [
        "Dit kenmerk komt in deze studie niet voor.",
        "Deze uitkomst komt in deze studie niet voor.",
    ]
    assert answers[2]["reden"]
    assert all(one["wat_helpt"] for one in answers)


def test_every_effect_says_which_sites_it_is_about_and_in_what_it_is_told() -> None:
    evidence = world()
    day = evidence.study.questions[0].registered
    questions = (Question("Langer?", "kenmerk_2", "inzicht", day),)
    evidence = replace(evidence, study=replace(evidence.study, questions=questions))
    found = tables(evidence, replace(QUICK, analysis=Analysis(per={"kenmerk_2": 15.0})))
    for one in found["effecten"]:
        sites = row(found["kenmerken"], kenmerk=one["kenmerk"])["werkplaatsen"]
        assert one["geldt_voor"] == f"Dit gaat alleen over deze werkplaatsen ({sites}), niet over andere."
    (answer,) = found["vragen"]
    assert (answer["per"], answer["geldt_voor"]) == (15, effect(found, "inzicht", "kenmerk_2")["geldt_voor"])
    assert "per stap van 15" in answer["zin"]
    general = [one["opmerking"] for one in found["werkplaatsen_in_het_algemeen"]]
    assert all(one.startswith("Dit gaat over werkplaatsen in het algemeen") for one in general)


def test_p_is_never_0_and_intervals_lie_around_their_estimates() -> None:
    for name, rows in found_once().items():
        for one in rows:
            assert all(one[column] > 0 for column in of_a_test(one) if column.startswith("p")), name


# Refusals (statistics.md 8.7)


def test_of_class_c_nothing_but_the_sites_is_written() -> None:
    at_site = {"noord": True, "amsterdam": False, "noord_brabant": True, "zuyd": False}
    found = tables(with_component(world(), COMPONENT, lambda _, session: at_site[session.site]))
    numbers = {"schatting", "standaardfout", "onder", "boven", "waarneembaar", "hedges_g", "kansverhouding"}
    for name in set(RESULT_TABLES) - {"sessiecijfers", "samenloop"}:
        for one in found[name]:
            if one.get("kenmerk") == COMPONENT:
                assert of_a_test(one) == [], name
                assert {column for column in numbers if one.get(column) is not None} == set(), name
    one = effect(found)
    assert (one["klasse"], one["oordeel"]) == ("C", "niet te scheiden")
    assert "niet te scheiden van de werkplaats" in one["zin"]
    for name in ("gevoeligheid", "fout_per_kenmerk", "effect_per_werkplaats", "rangorde", "kenmerken_samen", "model"):
        assert not any(COMPONENT in (one.get("kenmerk"), one.get("samen")) for one in found[name]), name
    listed = [one for one in found["niet_genoeg_gegevens"] if one["kenmerk"] == COMPONENT]
    assert len(listed) == 1
    assert sum(one["sessies"] for one in found["kenmerken_per_werkplaats"] if one["kenmerk"] == COMPONENT) == 24


def test_class_b_has_an_interval_and_no_test() -> None:
    # Varies within one site alone.
    found = tables(with_component(world(), COMPONENT, lambda at, session: session.site == "noord" and at % 2 == 0))
    one = effect(found)
    assert (one["klasse"], one["oordeel"]) == ("B", "niet genoeg gegevens")
    assert one["onder"] < one["schatting"] < one["boven"]
    assert of_a_test(one) == []
    assert (one["robuustheid"], one["kansverhouding"]) == (None, None)
    assert not [each for each in found["rangorde"] if each.get("kenmerk") == COMPONENT]
    for each in found["werkplaatsen_in_het_algemeen"]:
        assert each["kenmerk"] != COMPONENT or (each["gemiddeld"], each["p_q"], each["reden"] is None) == (
            None,
            None,
            False,
        )
    errors = [each for each in found["fout_per_kenmerk"] if each["kenmerk"] == COMPONENT]
    assert errors
    assert all(of_a_test(each) == [] for each in errors)


@pytest.mark.parametrize("kind", ["no draw", "learnt", "not recorded"])
def test_without_a_draw_or_with_a_model_that_saw_the_labels_nothing_is_compared(kind: str) -> None:
    evidence = world()
    sessions = frozenset(evidence.units)
    learnt = {"no draw": frozenset[str](), "learnt": sessions, "not recorded": None}[kind]
    evidence = replace(
        evidence,
        draws=() if kind == "no draw" else evidence.draws,
        machine={name: MachineLabels(one.predictions, learnt) for name, one in evidence.machine.items()},
    )
    found = tables(evidence)
    one = row(found["uitkomsten"], uitkomst=OUTCOME)
    assert one["status"] == "niet_gecorrigeerd"
    words = {
        "no draw": "Vergelijken kan pas na een steekproef van 40",
        "learnt": "geleerd",
        "not recorded": "vastgelegd",
    }
    assert words[kind] in one["reden"]
    assert one["wat_helpt"]
    assert not [each for each in found["effecten"] if each["uitkomst"] == OUTCOME]
    for figure in (each for each in found["sessiecijfers"] if each["uitkomst"] == OUTCOME):
        assert 0 <= figure["aandeel_machine_niet_gecorrigeerd"] <= 1
        assert [figure[name] for name in ("cijfer", "getoond", "onder", "boven", "variantie", "lambda")] == [None] * 6
    assert any(each["uitkomst"] == OUTCOME for each in found["niet_genoeg_gegevens"])
    # What needs no correction is compared all the same.
    assert effect(found, "inzicht")["p_holm"] is not None


def test_labels_that_are_not_blind_or_not_drawn_never_move_a_rate() -> None:
    evidence, session = world(), "noord-000"
    before = measure_outcomes(evidence).of(OUTCOME)
    said = evidence.judgements[session]
    drawn = {one.utterance_id for one in said}
    free = next(unit for unit in evidence.units[session].utterances if unit.id not in drawn)
    seen = replace(said[1], coder="c", blind=False, labels=("brug_burger",))
    own = replace(seen, blind=True, draw=None)
    other = replace(seen, utterance_id=free.id, text_sha=free.text_sha, blind=True)
    model = replace(seen, blind=True, coder_kind=CoderKind.TAALMODEL)
    more = replace(evidence, judgements={**evidence.judgements, session: (*said, seen, own, other, model)})
    after = measure_outcomes(more).of(OUTCOME)
    assert before is not None
    assert after is not None
    assert before.figures == after.figures
    assert (before.ignored, after.ignored) == (0, 3)
    assert "3 labels" in " ".join(compare(more, QUICK).remarks)
    half = replace(
        evidence, judgements={**evidence.judgements, session: tuple(replace(one, blind=False) for one in said)}
    )
    figure = next(one for one in (measure_outcomes(half).of(OUTCOME) or before).figures if one.session == session)
    assert figure.rate is None
    assert figure.reason is not None
    assert "niet blind gecodeerd" in figure.reason.why


def without(one: Judgement, label: str) -> Judgement:
    return replace(one, labels=tuple(given for given in one.labels if given != label))


def test_a_rare_outcome_is_class_b_without_enough_labels() -> None:
    evidence = world()
    rare = {
        name: tuple(one if int(one.utterance_id[-7:-3]) % 8 == 0 else without(one, "zelf") for one in said)
        for name, said in evidence.judgements.items()
    }
    found = tables(replace(evidence, judgements=rare))
    one = effect(found, "sr.zelf")
    assert one["klasse"] == "B"
    assert of_a_test(one) == []
    assert "minder dan 5 %" in one["zin"]


def test_fewer_than_three_informative_sites_say_nothing_of_sites_in_general() -> None:
    found = tables(
        with_component(world(), COMPONENT, lambda at, session: session.site in {"noord", "zuyd"} and at % 2 == 0)
    )
    assert effect(found)["klasse"] == "A"
    general = row(found["werkplaatsen_in_het_algemeen"], uitkomst=OUTCOME, kenmerk=COMPONENT)
    assert "minstens 3" in general["reden"]
    assert general["gemiddeld"] is None


# Bad input


def no_variation(evidence: Evidence) -> Evidence:
    return with_component(evidence, COMPONENT, lambda *_: True)


def one_a_site(evidence: Evidence) -> Evidence:
    first = {session.site: session for session in reversed(evidence.study.sessions)}
    return replace(evidence, study=replace(evidence.study, sessions=tuple(first.values())))


def all_the_same(evidence: Evidence) -> Evidence:
    def same(labels: tuple[str, ...], dimension: str) -> tuple[str, ...]:
        return BRIDGES[:1] if dimension == "sr" else labels

    return replace(
        evidence,
        machine={
            name: MachineLabels(
                tuple(replace(one, labels=same(one.labels, one.dimension)) for one in machine.predictions),
                machine.learnt_from,
            )
            for name, machine in evidence.machine.items()
        },
        judgements={
            name: tuple(replace(one, labels=same(one.labels, one.dimension)) for one in said)
            for name, said in evidence.judgements.items()
        },
    )


def no_number(evidence: Evidence) -> Evidence:
    evidence = with_component(evidence, "kenmerk_2", lambda *_: math.nan)
    return of_sessions(evidence, lambda one: replace(one, outcomes={"inzicht": math.nan}))


def twice(evidence: Evidence) -> Evidence:
    rows = evidence.study.sessions
    return replace(evidence, study=replace(evidence.study, sessions=(*rows, rows[0])))


def nothing_at_all(evidence: Evidence) -> Evidence:
    return replace(evidence, units={}, machine={}, draws=(), judgements={}, model_version=None)


def free_text(evidence: Evidence) -> Evidence:
    extra = Component("opmerking", "Opmerking", ValueType.TEKST)
    told = Outcome("verslag", "Verslag", ValueType.TEKST)
    study = replace(evidence.study, components=(*evidence.study.components, extra), outcomes=(told,))
    return replace(evidence, study=study)


def changed_units(evidence: Evidence) -> Evidence:
    units = evidence.units["noord-000"]
    shorter = replace(units, utterances=units.utterances[:-50])
    return replace(evidence, units={**evidence.units, "noord-000": shorter})


def more_units(evidence: Evidence) -> Evidence:
    units = evidence.units["noord-000"]
    longer = (*units.utterances, *(replace(one, id=f"{one.id[:-7]}9{one.id[-6:]}") for one in units.utterances))
    return replace(evidence, units={**evidence.units, "noord-000": replace(units, utterances=longer)})


def strange_labels(evidence: Evidence) -> Evidence:
    """A label that the codebook does not have, and two where there can be one."""
    said = evidence.judgements["noord-000"]
    wrong = tuple(replace(one, labels=("x",) if one.dimension == "sr" else ("beleid", "activering")) for one in said)
    machine = evidence.machine["noord-001"]
    odd = MachineLabels(tuple(replace(one, labels=("x", "y")) for one in machine.predictions), machine.learnt_from)
    return replace(
        evidence,
        judgements={**evidence.judgements, "noord-000": wrong},
        machine={**evidence.machine, "noord-001": odd},
    )


def unlabelled_draw(evidence: Evidence) -> Evidence:
    return replace(evidence, judgements={})


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (no_variation, "Dit kenmerk is in alle sessies hetzelfde."),
        (one_a_site, "Met één sessie doet een werkplaats niet mee"),
        (all_the_same, "hebben hetzelfde cijfer"),
        (no_number, "waarde die geen getal is"),
        (no_number, "in geen enkele sessie bekend"),
        (twice, "tellen één keer mee: noord-000"),
        (nothing_at_all, "Nog niet verwerkt"),
        (nothing_at_all, "Vergelijken kan pas na een steekproef"),
        (free_text, "vrije tekst"),
        (changed_units, "sinds de trekking veranderd"),
        (more_units, "sinds de trekking uitingen bijgekomen"),
        (strange_labels, "nog niet blind gecodeerd"),
        (unlabelled_draw, "nog niet blind gecodeerd"),
    ],
)
def test_bad_input_gets_a_sentence(spoil: Callable[[Evidence], Evidence], sentence: str) -> None:
    found = tables(spoil(world()))
    said = [str(value) for rows in found.values() for one in rows for value in one.values() if value is not None]
    assert [one for one in said if sentence in one], sentence
    estimates = {"schatting", "standaardfout", "p", "p_permutatie", "p_holm", "cijfer", "gemiddeld", "waarde"}
    for name, rows in found.items():
        for one in (each for each in rows if each.get("reden") is not None):
            assert {column for column in estimates if one.get(column) is not None} == set(), (name, one["reden"])
    assert not [one for one in said if one in {"nan", "inf", "-inf"}]
    tables_json(dict.fromkeys(found, ((), ())))


def test_a_session_that_is_given_twice_changes_nothing() -> None:
    before, after = found_once(), tables(twice(world()))
    assert before["effecten"] == after["effecten"]
    assert before["sessiecijfers"] == after["sessiecijfers"]


# Invariances (statistics.md 8.8)


def test_the_order_of_everything_does_not_matter() -> None:
    evidence, generator = world(), np.random.default_rng(8)

    def mixed(values: Iterable[Any]) -> tuple[Any, ...]:
        listed = list(values)
        return tuple(listed[at] for at in generator.permutation(len(listed)))

    turned = replace(
        evidence,
        study=replace(evidence.study, sessions=mixed(evidence.study.sessions)),
        units=dict(mixed(evidence.units.items())),
        machine={
            name: MachineLabels(mixed(one.predictions), one.learnt_from)
            for name, one in mixed(evidence.machine.items())
        },
        judgements={name: mixed(said) for name, said in mixed(evidence.judgements.items())},
    )
    before, after = result_tables(compare(evidence, QUICK)), result_tables(compare(turned, QUICK))
    for name in before:
        assert before[name] == after[name], name


NUMBERS = ("schatting", "standaardfout", "vrijheidsgraden", "onder", "boven", "t", "p", "p_permutatie", "p_max_t")


def test_names_of_sites_do_not_matter() -> None:
    new = {"noord": "z", "amsterdam": "y", "noord_brabant": "x", "zuyd": "w"}
    evidence = of_sessions(world(), lambda one: replace(one, site=new[one.site]))
    sites = tuple(replace(site, id=new[site.id]) for site in evidence.study.sites)
    found = tables(replace(evidence, study=replace(evidence.study, sites=sites)))
    for before, after in zip(found_once()["effecten"], found["effecten"], strict=True):
        for name in NUMBERS:
            expected = None if before[name] is None else pytest.approx(before[name], rel=1e-9)
            assert after[name] == expected, (before["uitkomst"], name)


def test_a_component_turned_round_changes_the_sign_and_nothing_else() -> None:
    found = tables(with_component(world(), COMPONENT, lambda _, session: not session.components[COMPONENT]))
    for outcome in (OUTCOME, "inzicht", "sr.zelf"):
        before, after = effect(found_once(), outcome), effect(found, outcome)
        assert after["schatting"] == pytest.approx(-before["schatting"])
        assert (after["onder"], after["boven"]) == pytest.approx((-before["boven"], -before["onder"]))
        for name in ("standaardfout", "vrijheidsgraden", "p", "p_permutatie", "p_holm", "p_max_t"):
            assert after[name] == (None if before[name] is None else pytest.approx(before[name])), name


def test_a_constant_added_to_the_machine_moves_no_fully_corrected_rate() -> None:
    outcome = measure_outcomes(world()).of(OUTCOME)
    assert outcome is not None
    sample = outcome.sample
    assert isinstance(sample, LabelledSample)
    shifted = replace(sample, machine=sample.machine + 0.3, stratum_machine=sample.stratum_machine + 0.3)
    before, after = (Measurement.of(one, sample.sessions) for one in (sample, shifted))
    assert isinstance(before, Measurement)
    assert isinstance(after, Measurement)
    assert before.machine is not None
    assert after.machine is not None
    assert after.machine.fully_corrected == pytest.approx(before.machine.fully_corrected)


def redrawn(evidence: Evidence, drawn: int) -> Draw:
    found = draw_units(
        [(name, [unit.id for unit in units.utterances]) for name, units in evidence.units.items()],
        frozenset(),
        DrawDesign(per_session=drawn),
        draw_id="alles",
        seed=1,
    )
    assert not isinstance(found, tuple)
    return found  # type: ignore[return-value]


def of_machine(evidence: Evidence, draw: Draw, turn: bool) -> Evidence:
    """Let people say what the machine says of the drawn units, or of every third one the opposite."""
    drawn = {unit: at for stratum in draw.strata for at, unit in enumerate(stratum.drawn)}
    template = evidence.judgements["noord-000"][0]
    judgements = {}
    for name, machine in evidence.machine.items():
        judgements[name] = tuple(
            replace(
                template,
                utterance_id=one.utterance_id,
                text_sha=one.text_sha,
                dimension=one.dimension,
                labels=BRIDGES[:1]
                if turn and one.dimension == "sr" and drawn[one.utterance_id] % 3 == 0
                else one.labels,
                coder="a",
                draw=draw.id,
            )
            for one in machine.predictions
            if one.utterance_id in drawn
        )
    return replace(evidence, draws=(draw,), judgements=judgements)


def test_when_people_coded_everything_the_rate_is_theirs() -> None:
    evidence = of_machine(world(), redrawn(world(), 90), turn=True)
    outcome = measure_outcomes(evidence).of(OUTCOME)
    assert outcome is not None
    for figure in outcome.figures:
        said = [one for one in evidence.judgements[figure.session] if one.dimension == "sr"]
        share = sum("brug_burger" in one.labels for one in said) / len(said)
        assert figure.rate == pytest.approx(share)
        assert (figure.variance, figure.labelled, figure.eligible) == (0, 90, 90)


def test_with_a_tagger_that_is_never_wrong_the_rate_is_that_of_the_machine() -> None:
    evidence = of_machine(world(), redrawn(world(), 30), turn=False)
    outcome = measure_outcomes(evidence).of(OUTCOME)
    assert outcome is not None
    for figure in outcome.figures:
        assert figure.machine is not None
        assert figure.rate == pytest.approx(figure.machine)
        assert figure.variance == pytest.approx(0, abs=1e-15)


# Redoing it (statistics.md 8.9)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_draws() -> None:
    one, other = (tables_json(result_tables(compare(world(), QUICK))) for _ in range(2))
    assert one == other
    assert tables_json(result_tables(compare(world(), replace(QUICK, seed=4)))) != one


def by_hand(rates: np.ndarray, blocks: list[str], values: np.ndarray) -> tuple[float, ...]:
    """Regress on dummies, with HC2 and Bell-McCaffrey degrees of freedom, straight from formulas (5) and (6)."""
    names = sorted(set(blocks))
    design = np.column_stack([[one == name for one in blocks] for name in names] + [values]).astype(float)
    inverse = np.linalg.inv(design.T @ design)
    hat = design @ inverse @ design.T
    residuals = rates - hat @ rates
    leverages = np.diag(hat)
    pull = design @ inverse[:, -1] / np.sqrt(1 - leverages)
    error = math.sqrt(float((pull * residuals) @ (pull * residuals)))
    gram = (np.eye(len(rates)) - hat) * pull
    products = gram.T @ gram
    freedom = np.trace(products) ** 2 / (products**2).sum()
    estimate = float((inverse @ design.T @ rates)[-1])
    half = stats.t.ppf(0.975, freedom) * error
    p = 2 * stats.t.sf(abs(estimate / error), freedom)
    return estimate, error, float(freedom), estimate - half, estimate + half, float(p)


def test_what_is_printed_can_be_computed_again_from_the_table_of_sessions() -> None:
    found = found_once()
    for outcome in (OUTCOME, "frame.leefwereld", "inzicht", "gesprek.gelijkmatigheid"):
        figures = [one for one in found["sessiecijfers"] if one["uitkomst"] == outcome and one["cijfer"] is not None]
        rates = np.array([one["cijfer"] for one in figures])
        blocks = [one["blok"] for one in figures]
        for component in ("kenmerk_0", "kenmerk_1", "kenmerk_2"):
            values = np.array([float(one[f"kenmerk_{component}"]) for one in figures])
            printed = effect(found, outcome, component)
            names = ("schatting", "standaardfout", "vrijheidsgraden", "onder", "boven", "p")
            assert [printed[name] for name in names] == pytest.approx(by_hand(rates, blocks, values)), (
                outcome,
                component,
            )
            test = permutation_test(rates, blocks, values[:, None], seed=QUICK.seed, draws=QUICK.permutations)
            assert isinstance(test, PermutationTest)
            assert test.p == printed["p_permutatie"]
    printed = row(found["uitkomsten"], uitkomst=OUTCOME)
    figures = [one for one in found["sessiecijfers"] if one["uitkomst"] == OUTCOME]
    corrections = [one["cijfer"] - one["aandeel_machine_niet_gecorrigeerd"] for one in figures]
    assert printed["gemiddelde_correctie"] == pytest.approx(np.mean(corrections))
    rates = np.array([one["cijfer"] for one in figures])
    near = np.clip((rates + rates.mean()) / 2, 0.005, 0.995)
    half = 1.959964 * np.sqrt([one["variantie"] for one in figures] * near * (1 - near) / (near * (1 - near)).mean())
    assert [one["onder"] for one in figures] == pytest.approx(np.clip(rates - half, 0, 1), abs=1e-6)


def test_the_robustness_value_is_that_of_the_reference_and_of_the_source() -> None:
    checks = json.loads((Path(__file__).parent / "data" / "effects.json").read_text(encoding="utf-8"))["checks"]
    check = next(one for one in checks if one["id"] == "robustness_value")
    found = robustness_value(check["input"]["t"], check["input"]["df"])
    assert found == pytest.approx(check["output"]["rv"], abs=check["abs_tol"])
    # Cinelli and Hazlett (2020), table 1: t 4.18 with 783 degrees of freedom gives 13.9 %.
    assert robustness_value(4.18445, 783) == pytest.approx(0.1388, abs=1e-4)
    assert robustness_value(0, 10) == 0


# Choices


def in_rounds(evidence: Evidence, number: Callable[[int, Session], int | None]) -> Evidence:
    """Spread the sessions over two rounds; in the second, people report much more insight."""
    place = {session.id: at for at, session in enumerate(evidence.study.sessions)}
    spread = of_sessions(evidence, lambda one: replace(one, round=number(place[one.id], one)))
    noise = np.random.default_rng(2).normal(size=len(place))
    told = of_sessions(
        spread, lambda one: replace(one, outcomes={"inzicht": 5.0 + 3 * (one.round == 2) + noise[place[one.id]]})
    )
    return replace(told, study=replace(told.study, rounds=(1, 2)))


def test_blocks_are_site_and_round_where_there_are_rounds() -> None:
    evidence = in_rounds(world(), lambda at, _: 1 + at % 6 // 3)
    found = tables(evidence)
    assert row(found["kop"], wat="blokken")["waarde"] == "werkplaats en ronde"
    assert "ronde" in found["sessiecijfers"][0]["blok"]
    assert any(one["onderwerp"] == "rondes" for one in found["voorbehoud"])
    by_site = replace(QUICK, analysis=Analysis(by_round=False))
    assert row(tables(evidence, by_site)["kop"], wat="blokken")["waarde"] == "werkplaats"


@pytest.mark.parametrize("by_round", [None, True])
def test_one_lone_block_never_makes_a_round_pass_for_a_component(by_round: bool | None) -> None:
    # The component came with the second round, of which one site held a single session.
    evidence = in_rounds(world(), lambda at, one: 1 + (at % 6 > 4 if one.site == "noord" else at % 6 > 2))
    evidence = with_component(evidence, COMPONENT, lambda _, session: session.round == 2)
    found = tables(evidence, replace(QUICK, analysis=Analysis(by_round=by_round)))
    one = effect(found, "inzicht")
    assert (one["klasse"], one["schatting"], of_a_test(one)) == ("C", None, [])
    assert "niet te scheiden van de ronde" in one["zin"]
    remarks = [each["waarde"] for each in found["kop"] if each["wat"].startswith("opmerking")]
    assert "Met één sessie doet een werkplaats in een ronde niet mee in vergelijkingen: noord, ronde 2." in remarks


def test_a_session_without_a_round_is_compared_with_nothing() -> None:
    evidence = in_rounds(world(), lambda at, _: None if at % 6 == 0 else 1 + at % 6 // 3)
    evidence = with_component(evidence, COMPONENT, lambda _, session: session.round != 1)
    found = tables(evidence)
    assert effect(found, "inzicht")["klasse"] == "C"
    remarks = [each["waarde"] for each in found["kop"] if each["wat"].startswith("opmerking")]
    assert any("ronde onbekend: noord-000" in one for one in remarks)


@pytest.mark.parametrize(("tied", "informative"), [({"zuyd"}, 3), ({"zuyd", "noord"}, 2)])
def test_sites_in_general_rest_on_the_sites_of_the_classes_alone(tied: set[str], informative: int) -> None:
    # Four sites of eight: within rounds the component alternates, but in the tied sites it is the round.
    wide = make_evidence(32, 90, 3, seed=5, drawn=40)
    evidence = in_rounds(wide, lambda at, _: 1 + at % 8 // 4)
    evidence = with_component(evidence, COMPONENT, lambda at, one: one.round == 2 if one.site in tied else at % 2 == 1)
    found = tables(evidence)
    assert effect(found, "inzicht")["klasse"] == "A"
    own = [
        each for each in found["effect_per_werkplaats"] if (each["uitkomst"], each["kenmerk"]) == ("inzicht", COMPONENT)
    ]
    general = [
        each
        for each in found["werkplaatsen_in_het_algemeen"]
        if (each["uitkomst"], each["kenmerk"]) == ("inzicht", COMPONENT)
    ]
    if informative < 3:
        assert own == []
        assert "minstens 3" in general[0]["reden"]
    else:
        classed = row(found["kenmerken"], kenmerk=COMPONENT)["werkplaatsen"].split(", ")
        assert [each["werkplaats"] for each in own] == classed
        assert not tied & set(classed)
        assert "zuyd" in general[0]["opmerking"]


def test_the_study_chooses_units_of_effects_and_what_goes_together() -> None:
    evidence = world()
    questions = (
        *evidence.study.questions,
        Question("Ook?", "kenmerk_1", OUTCOME, evidence.study.questions[0].registered),
    )
    evidence = replace(evidence, study=replace(evidence.study, questions=questions))
    analysis = Analysis(per={"kenmerk_2": 15.0}, adjusted_for=("kenmerk_1",), smallest_difference=0.03)
    found = tables(evidence, replace(QUICK, analysis=analysis))
    single, scaled = effect(found_once(), component="kenmerk_2"), effect(found, component="kenmerk_2")
    assert scaled["schatting"] == pytest.approx(15 * single["schatting"])
    assert (single["per"], scaled["per"]) == (1, 15)
    together = [one for one in found["kenmerken_samen"] if one["uitkomst"] == OUTCOME]
    assert [one["kenmerk"] for one in together] == ["kenmerk_0", "kenmerk_1"]
    assert all(of_a_test(one) == [] for one in together)
    adjusted = [one for one in found["gevoeligheid"] if one["analyse"] == "andere kenmerken erbij"]
    assert any(one["schatting"] is not None and one["bijzonderheid"] == "kenmerk_1" for one in adjusted)


def test_of_several_draws_the_one_that_covers_most_is_used_and_named() -> None:
    evidence = world()
    (draw,) = evidence.draws
    small = replace(draw, id="klein", strata=tuple(one for one in draw.strata if one.session.startswith("noord-")))
    both = replace(evidence, draws=(small, draw))
    outcome = measure_outcomes(both).of(OUTCOME)
    assert outcome is not None
    assert (outcome.draw, outcome.status) == ("trekking-1", Status.CORRECTED)
    before = measure_outcomes(evidence).of(OUTCOME)
    assert before is not None
    assert outcome.figures == before.figures


def test_without_any_machine_human_labels_alone_are_compared() -> None:
    evidence = replace(world(), machine={}, model_version=None)
    found = tables(evidence)
    figures = [one for one in found["sessiecijfers"] if one["uitkomst"] == OUTCOME]
    assert [one["cijfer"] for one in figures] == pytest.approx([one["alleen_menselijke_labels"] for one in figures])
    assert effect(found)["klasse"] == "A"
    # No machine, so nothing of one: no share of it, no gain, no correction, no error that goes with a component.
    machine = ("aandeel_machine_niet_gecorrigeerd", "machine_telt_geheel", "lambda")
    assert [one[name] for one in figures for name in machine] == [None] * 3 * len(figures)
    assert all("geen model voor deze dimensie" in one["opmerking"] for one in figures)
    told = row(found["uitkomsten"], uitkomst=OUTCOME)
    assert (told["gemiddelde_correctie"], told["winst_van_de_machine"]) == (None, None)
    assert found["fout_per_kenmerk"] == []
    naive = row(found["gevoeligheid"], uitkomst=OUTCOME, kenmerk=COMPONENT, analyse="machinelabels zonder correctie")
    assert naive["schatting"] is None
    assert "geen model voor deze dimensie" in naive["reden"]


def test_agreement_and_tagger_are_measured_on_the_blind_labels() -> None:
    found = found_once()
    alpha = row(found["overeenstemming"], dimensie="sr", label=None, sessie=None, maat="alpha")
    assert alpha["blind"] is True
    assert alpha["onder"] < alpha["waarde"] < alpha["boven"]
    whole = [one for one in found["model"] if one["dimensie"] == "frame" and one["kenmerk"] is None]
    accuracy = next(one for one in whole if one["maat"] == "micro-F1")
    assert 0.7 < accuracy["waarde"] < 0.95
    levels = {one["kenmerk_waarde"] for one in found["model"] if one["kenmerk"] == COMPONENT}
    assert levels == {"ja", "nee"}
    machine = [one for one in found["model_en_codeurs"] if one["wat"] == "verschil"]
    assert machine


def test_dynamics_of_machine_labels_are_marked_as_a_description() -> None:
    found = found_once()
    standing = {one["stand"] for one in found["overgangen"] if one["wat"] == "frame"}
    assert standing == {"beschrijvend"}
    assert {one["stand"] for one in found["derden"]} == {"gecorrigeerd"}
    undrawn = tables(replace(world(), draws=()))
    assert {one["stand"] for one in undrawn["derden"]} == {"beschrijvend"}
    machine = [
        one for name in ("overgangen", "derden", "wie_na_wie") for one in undrawn[name] if one["waarde"] is not None
    ]
    machine = [one for one in machine if one["stand"] == "beschrijvend"]
    assert machine
    assert {(one["onder"], one["boven"], one["interval_methode"]) for one in machine} == {(None, None, None)}
    assert all("niet gecorrigeerd" in one["opmerking"] for one in machine)
    parts = [one for one in found["derden"] if one["label"] == "brug_burger" and one["deel"] != "laatste min eerste"]
    mean = row(found["uitkomsten"], uitkomst=OUTCOME)["gemiddeld"]
    # Thirds of equal length average to about the whole; lambda differs a little between them.
    assert np.mean([one["waarde"] for one in parts]) == pytest.approx(mean, abs=0.02)
    assert {one["stand"] for one in found["overgangen"] if one["wat"].startswith("spreker")} == {"waargenomen"}


def test_results_keep_what_they_rest_on() -> None:
    results: Results = compare(world(), QUICK)
    assert results.evidence.codebook is CODEBOOK
    assert results.voices is None
    assert results.layout.sessions == tuple(sorted(world().units))
