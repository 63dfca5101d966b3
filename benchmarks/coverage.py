"""Do the product's intervals and tests hold what they promise, on studies of which the truth is known?

    python benchmarks/coverage.py                             (everything, 4,000 studies a cell)
    python benchmarks/coverage.py --replications 200 --cells diff_up

Simulates whole studies by the design of `statistics.md` 7 (the parameters are those of the simulator that came with it,
the code is our own) and hands them to the product's functions: `rates.corrected_rates`, `effects.fit_effects`,
`permutation.permutation_test`, `meta.sites_in_general`. Every study has 32 sessions in 4 sites, 300 to 900 units a
session whose labels stick to their neighbours, a component in 3, 4, 4 and 5 of the 8 sessions of a site, and a tagger
that errs differently with and without the component. Printed is a table with the bars of section 8; the row of the
uncorrected machine labels must fail, or the simulation proves nothing. Ends with status 1 when a bar is not met.

The same seed gives the same table, whatever the number of processes.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

# Before numpy is imported: the matrices are small, and threads only get in the way of processes.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from pipeline.domain.draw import DrawDesign, Stratum
from pipeline.statistics.draws import allocate
from pipeline.statistics.effects import expit, fit_effects
from pipeline.statistics.meta import IntervalMethod, pool, sites_in_general
from pipeline.statistics.permutation import permutation_test
from pipeline.statistics.rates import LABELLED_ONLY, LabelledSample, corrected_rates, power_tuned_factors
from pipeline.statistics.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from pipeline.statistics.rates import SessionRates

    Floats = NDArray[np.float64]

ERRORS: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "diff_up": ((0.75, 0.93), (0.80, 0.86)),
    "diff_down": ((0.80, 0.90), (0.62, 0.95)),
}
"""Sensitivity and specificity without and with the component: one invents an effect, the other hides one."""
SITES, SESSIONS = 4, 8
LENGTHS = (300, 900)
SESSION_SPREAD, ERROR_SPREAD = 0.35, 0.25
"""Standard deviations between sessions, on the log-odds scale."""
STICKINESS = 0.30
"""Chance that a unit has the label of the one before it."""
BASE, RARE_BASE = -1.55, -2.75
"""Log-odds of the label without the component: rates of about 19 and 8 %."""
SITE_SHIFTS = (-0.45, -0.15, 0.15, 0.45)
EFFECT = 0.6
"""On the log-odds scale: about 10 points."""
CHUNK = 50
"""Studies that have a stream of random numbers of their own."""
MANY = 4_000
"""From so many replications on the bars of section 8 apply, below it those of the quick version."""


class Kind(StrEnum):
    """What is looked at in a cell."""

    EFFECT = "effect"
    SITES = "sites"
    SESSION = "session"


@dataclass(frozen=True)
class Cell:
    """One combination of circumstances.

    Attributes:
        kind: what is looked at.
        errors: how the tagger errs.
        effect: of the component, log-odds.
        labels: units drawn a session.
        stratified: they are drawn by strata on the machine's label.
        treated: sessions of each site with the component.
        intercepts: of each site, log-odds.
        effect_spread: standard deviation of the effect between sites, log-odds.
    """

    kind: Kind
    errors: str
    effect: float
    labels: int
    stratified: bool
    treated: tuple[int, ...] = (3, 4, 4, 5)
    intercepts: tuple[float, ...] = tuple(BASE + shift for shift in SITE_SHIFTS)
    effect_spread: float = 0.0

    @property
    def name(self) -> str:
        """Tell cells apart; `--cells` looks in it."""
        draw = f"{self.labels} {'strat' if self.stratified else 'srs'}"
        parts = {
            Kind.EFFECT: f"{self.errors} effect {self.effect:g} {draw}",
            Kind.SITES: f"sites effect {self.effect:g} spread {self.effect_spread:g}",
            Kind.SESSION: f"session base {np.mean(self.intercepts):g} {draw}",
        }
        return parts[self.kind]

    def truth(self) -> float:
        """Give what is estimated: the difference in expected rate, over sites with weights n p (1 − p)."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(60)
        weights = weights / weights.sum()
        start = np.array(self.intercepts)[:, None, None] + SESSION_SPREAD * nodes[None, :, None]
        moved = start + self.effect + self.effect_spread * nodes[None, None, :]
        differences = np.einsum("knm,n,m->k", expit(moved) - expit(start), weights, weights)
        share = np.array(self.treated) / SESSIONS
        return float(np.average(differences, weights=share * (1 - share)))


DRAWS = ((25, False), (40, True), (50, True))
CELLS: tuple[Cell, ...] = (
    *(
        Cell(Kind.EFFECT, errors, effect, labels, stratified)
        for errors in ERRORS
        for labels, stratified in DRAWS
        for effect in (0.0, EFFECT)
    ),
    *(
        Cell(
            Kind.SITES,
            "diff_up",
            effect,
            40,
            stratified=True,
            treated=(4,) * 4,
            intercepts=(BASE,) * 4,
            effect_spread=spread,
        )
        for spread in (0.0, 0.35)
        for effect in (0.0, EFFECT)
    ),
    *(
        Cell(Kind.SESSION, "diff_up", 0.3, labels, stratified, intercepts=tuple(base + shift for shift in SITE_SHIFTS))
        for base in (BASE, RARE_BASE)
        for labels in (25, 40, 50)
        for stratified in (False, True)
    ),
)


@dataclass(frozen=True)
class World:
    """A simulated study with its truth.

    Attributes:
        sites: of each session.
        component: *Shape* (sessions, 1): 0 or 1.
        truth: *Shape* (sessions,): share of all units with the label.
        sample: what the product gets to see of the labels.
    """

    sites: tuple[str, ...]
    component: Floats
    truth: Floats
    sample: LabelledSample


def simulate(cell: Cell, generator: np.random.Generator) -> World:
    """Simulate a study."""
    number = SITES * SESSIONS
    site = np.repeat(np.arange(SITES), SESSIONS)
    component = np.concatenate([generator.permutation(np.arange(SESSIONS) < treated) for treated in cell.treated])
    effects = cell.effect + cell.effect_spread * generator.standard_normal(SITES)
    chance = expit(
        np.array(cell.intercepts)[site] + effects[site] * component + SESSION_SPREAD * generator.standard_normal(number)
    )
    lengths = generator.integers(LENGTHS[0], LENGTHS[1] + 1, number)
    session = np.repeat(np.arange(number), lengths)
    # A run of units takes one label from its session; every session starts a run.
    starts = generator.random(len(session)) >= STICKINESS
    starts[np.cumsum(lengths) - lengths] = True
    human = (generator.random(starts.sum()) < chance[session[starts]])[np.cumsum(starts) - 1]
    right = np.array(ERRORS[cell.errors])[component.astype(int)]
    right = expit(np.log(right / (1 - right)) + ERROR_SPREAD * generator.standard_normal(right.shape))
    machine = generator.random(len(session)) < np.where(human, right[session, 0], 1 - right[session, 1])
    return World(
        sites=tuple(f"site {at}" for at in site.tolist()),
        component=component.astype(float)[:, None],
        truth=np.bincount(session, human) / lengths,
        sample=draw(cell, session, human, machine, generator),
    )


def draw(
    cell: Cell,
    session: NDArray[np.int64],
    human: NDArray[np.bool_],
    machine: NDArray[np.bool_],
    generator: np.random.Generator,
) -> LabelledSample:
    """Draw units in every session as the product would."""
    kinds = 2 if cell.stratified else 1
    stratum = kinds * session + (machine if cell.stratified else 0)
    number = int(session[-1]) + 1
    sizes = np.bincount(stratum, minlength=kinds * number)
    taken = [share for one in sizes.reshape(number, kinds).tolist() for share in allocation(cell, one)]
    # Random places within each stratum; the first ones are drawn.
    order = np.argsort(stratum + generator.random(len(stratum)))
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    drawn = order[place < np.repeat(taken, sizes)]
    there = sizes > 0
    shares = np.bincount(stratum, machine, len(sizes))[there] / sizes[there]
    return LabelledSample(
        sessions=tuple(str(at) for at in range(number)),
        stratum_session=np.repeat(np.arange(number), kinds)[there],
        stratum_kind=np.tile(np.arange(kinds), number)[there],
        stratum_size=sizes[there],
        stratum_machine=shares,
        unit_stratum=(np.cumsum(there) - 1)[stratum[drawn]],
        human=human[drawn].astype(float),
        machine=machine[drawn].astype(float),
    )


def allocation(cell: Cell, sizes: Sequence[int]) -> list[int]:
    """Say how many units are drawn of each stratum of a session, that of the units without machine label first."""
    order = (Stratum.OVERIG, Stratum.POSITIEF) if cell.stratified else (Stratum.GEHEEL,)
    there = {stratum: size for stratum, size in zip(order, sizes, strict=True) if size}
    taken = allocate(there, cell.labels, DrawDesign(per_session=cell.labels))
    return [taken.get(stratum, 0) for stratum in order]


NAIVE, LABELLED, PRIMARY, PERMUTED, HUMAN = (
    "machine labels, not corrected", "human labels only", "primary", "permutation test", "every unit by people",
)  # fmt: skip
UNTRUNCATED, SHOWN = "Hartung-Knapp", "Hartung-Knapp, truncated (shown)"
OVERALL, THIRDS = "one-session interval", ("lowest third", "middle third", "highest third")

Record = tuple[float, float, bool, bool]
"""Estimate, standard error, covered, rejected; NaN where there is nothing of the kind."""
Chunk: TypeAlias = "dict[str, list[Record]]"
"""Estimator to records, of some studies."""
NAN = float("nan")
Found = TypeVar("Found")


def look(cell: Cell, world: World, truth: float, seed: int, permutations: int) -> dict[str, list[Record]]:
    """Let the product analyse a study, and see whether it is right."""
    tuned = rates_of(world.sample, power_tuned_factors(world.sample))
    if cell.kind is Kind.SESSION:
        inside = (tuned.lower <= world.truth + 1e-12) & (world.truth <= tuned.upper + 1e-12)
        return {OVERALL: [(rate, NAN, hit, False) for rate, hit in zip(world.truth, inside, strict=True)]}
    if cell.kind is Kind.SITES:
        return {name: [one] for name, one in over_sites(world, tuned.rates, truth).items()}
    found = {
        NAIVE: regress(world, tuned.machine, truth),
        LABELLED: regress(world, rates_of(world.sample, LABELLED_ONLY).rates, truth),
        PRIMARY: regress(world, tuned.rates, truth),
        HUMAN: regress(world, world.truth, truth),
    }
    if permutations:
        shifted = tuned.rates - truth * world.component[:, 0]
        held, zero = (
            permutation_test(rates, world.sites, world.component, seed=seed, draws=permutations)
            for rates in (shifted, tuned.rates)
        )
        found[PERMUTED] = (NAN, NAN, given(held).p > 0.05, given(zero).p <= 0.05)  # noqa: PLR2004
    return {name: [one] for name, one in found.items()}


def regress(world: World, rates: Floats, truth: float) -> Record:
    """Compare sessions with and without the component."""
    effect = given(fit_effects(rates, world.sites, world.component, ["component"])).effects[0]
    rejected = effect.p is not None and effect.p < 0.05  # noqa: PLR2004
    return effect.estimate, effect.standard_error, effect.lower <= truth <= effect.upper, rejected


def over_sites(world: World, rates: Floats, truth: float) -> dict[str, Record]:
    """Make the claim about sites in general."""
    general = given(sites_in_general(rates.tolist(), world.component[:, 0].tolist(), world.sites))
    effects = general.first_stage.effects
    normal = given(
        pool([one.effect for one in effects], [one.variance for one in effects], interval_method=IntervalMethod.NORMAL)
    )
    shown, z = general.interval_sites_in_general, normal.mean.interval
    if shown.high - shown.low < z.high - z.low:
        message = f"the interval shown is narrower than the normal one: {shown} and {z}"
        raise AssertionError(message)
    found = {UNTRUNCATED: given(general.untruncated).mean, SHOWN: general.shown.mean}
    return {
        name: (one.estimate, one.standard_error, truth in one.interval, 0 not in one.interval)
        for name, one in found.items()
    }


def rates_of(sample: LabelledSample, factors: Floats | float) -> SessionRates:
    """Correct the rates of a simulated study."""
    return given(corrected_rates(sample, factors))


def given(found: Found | Refusal) -> Found:
    """Give what was found; simulated studies leave nothing to refuse."""
    if isinstance(found, Refusal):
        raise TypeError(str(found))
    return found


def run_chunk(job: tuple[Cell, int, int, int, int]) -> Chunk:
    """Simulate and analyse some studies of a cell."""
    cell, number, studies, seed, permutations = job
    generator = np.random.default_rng([seed, CELLS.index(cell), number])
    truth = cell.truth()
    records: dict[str, list[Record]] = {}
    for study in range(studies):
        for name, found in look(cell, simulate(cell, generator), truth, study, permutations).items():
            records.setdefault(name, []).extend(found)
    return records


@dataclass(frozen=True)
class Row:
    """How an estimator does in a cell.

    Attributes:
        cell: which.
        estimator: which.
        replications: studies, or sessions for the interval of one session.
        coverage: part of the intervals with the truth in them.
        rejected: part of the tests with p < .05: type I error without an effect, power with one.
        bias: mean estimate minus truth; NaN for a test alone.
        ratio: mean standard error over the standard deviation of the estimates; NaN likewise.
    """

    cell: Cell
    estimator: str
    replications: int
    coverage: float
    rejected: float
    bias: float
    ratio: float

    @classmethod
    def of(cls, cell: Cell, estimator: str, records: Sequence[Record]) -> Row:
        """Summarise what an estimator did in many studies."""
        estimates, errors, covered, rejected = np.array(records, dtype=float).T
        return cls(
            cell,
            estimator,
            len(records),
            float(covered.mean()),
            float(rejected.mean()),
            float(estimates.mean() - cell.truth()),
            float(errors.mean() / estimates.std(ddof=1)),
        )

    @property
    def failures(self) -> list[str]:
        """Name the bars of `statistics.md` 8 that are not met; a naive row must fail, and says so when it does not."""
        return [name for name, met in bars(self).items() if not met]


def rows(cell: Cell, records: Mapping[str, Sequence[Record]]) -> list[Row]:
    """Summarise a cell; sessions are looked at by thirds of their true rate too."""
    found = [Row.of(cell, name, one) for name, one in records.items()]
    if cell.kind is not Kind.SESSION:
        return found
    all_sessions = np.array(records[OVERALL])
    third = np.digitize(all_sessions[:, 0], np.quantile(all_sessions[:, 0], [1 / 3, 2 / 3]))
    return found + [Row.of(cell, name, all_sessions[third == at].tolist()) for at, name in enumerate(THIRDS)]


def bars(row: Row) -> dict[str, bool]:
    """Say which bars apply to a row and whether they are met."""
    if row.estimator == NAIVE:
        return teeth(row)
    if row.cell.kind is Kind.SESSION:
        least = 0.91 if row.estimator in THIRDS else 0.92 if row.cell.labels < 40 else 0.93  # noqa: PLR2004
        return {f"coverage >= {least}": row.coverage >= least}
    if row.cell.kind is Kind.SITES:
        return {"coverage >= .93": row.coverage >= 0.93}  # noqa: PLR2004
    if row.estimator not in (PRIMARY, PERMUTED):
        return {}
    many = row.replications >= MANY
    least, most = (0.93, 0.06) if many else (0.92, 0.08)
    found = {f"coverage >= {least}": row.coverage >= least}
    if not row.cell.effect:
        found[f"type I <= {most}"] = row.rejected <= most
    if many and row.estimator == PRIMARY:
        found["|bias| <= .002"] = abs(row.bias) <= 0.002  # noqa: PLR2004
        found["SE/SD in [.93, 1.07]"] = 0.93 <= row.ratio <= 1.07  # noqa: PLR2004
    needed = {(25, False): 0.80, (40, True): 0.88}.get((row.cell.labels, row.cell.stratified))
    if many and needed and row.cell.effect:
        found[f"power >= {needed}"] = row.rejected >= needed
    return found


def teeth(row: Row) -> dict[str, bool]:
    """Say where comparing uncorrected machine rates has to fail."""
    if not row.cell.effect:
        return {"naive type I >= .80": row.rejected >= 0.80}  # noqa: PLR2004
    most = 0.75 if row.cell.errors == "diff_up" else 0.10
    return {f"naive coverage <= {most}": row.coverage <= most}


def run(
    cell: Cell, *, replications: int, seed: int, permutations: int = 0, spread: Callable[..., Iterable[Chunk]] = map
) -> list[Row]:
    """Simulate and analyse a cell.

    Args:
        cell: one of `CELLS`.
        replications: number of studies.
        seed: of everything that is drawn.
        permutations: drawn in each permutation test; 0 leaves it out.
        spread: `map`, or one that divides the work over processes.
    """
    starts = range(0, replications, CHUNK)
    jobs = [(cell, at // CHUNK, min(CHUNK, replications - at), seed, permutations) for at in starts]
    done = list(spread(run_chunk, jobs))
    return rows(cell, {name: [one for part in done for one in part[name]] for name in done[0]})


def line(row: Row) -> str:
    """Write a row of the table."""
    test = "" if row.cell.kind is Kind.SESSION else f"{100 * row.rejected:.1f} %"
    error, power = ("", test) if row.cell.effect else (test, "")
    has_estimate = row.cell.kind is not Kind.SESSION and not np.isnan(row.bias)
    bias, ratio = (f"{row.bias:+.4f}", f"{row.ratio:.3f}") if has_estimate else ("", "")
    verdict = "; ".join(f"NOT {name}" for name in row.failures) or ("met" if bars(row) else "")
    values = (row.cell.name, row.estimator, f"{100 * row.coverage:.1f} %", error, bias, ratio, power, verdict)
    return f"| {' | '.join(values)} |"


def main() -> int:
    """Print the table; 1 when a bar is not met."""
    parser = argparse.ArgumentParser(description="Coverage of the product's intervals on simulated studies.")
    parser.add_argument("--replications", type=int, default=MANY, help="studies a cell")
    parser.add_argument("--cells", default="", help="only cells with this in their name, such as 'diff_up' or 'sites'")
    parser.add_argument("--permutations", type=int, default=499, help="drawn in each permutation test; 0: none")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--processes", type=int, default=1)
    asked = parser.parse_args()
    print("| cell | estimator | coverage | type I | bias | SE/SD | power | bars |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    failed = False
    with ProcessPoolExecutor(asked.processes) as workers:
        for cell in (one for one in CELLS if asked.cells in one.name):
            found = run(
                cell,
                replications=asked.replications,
                seed=asked.seed,
                permutations=asked.permutations,
                spread=workers.map,
            )
            for row in found:
                print(line(row), flush=True)
                failed |= bool(row.failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
