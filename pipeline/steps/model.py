"""The stages that make a shipped tagger, as `dvc.yaml` orders them; each reads and writes files only.

snapshot -> split -> train -> calibrate -> evaluate -> card. What is too large or too derived for git lies in WORK.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError, Problem
from pipeline.formats.codebook import read_codebook
from pipeline.formats.cues import read_cues
from pipeline.formats.params import read_params
from pipeline.steps.base import prepare_base
from pipeline.steps.progress import bar, say
from pipeline.steps.single import CODEBOOK
from pipeline.steps.train import check_enough, labelled_sessions, start_of, told
from pipeline.store.files import write_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.domain.params import TaggerParams
    from pipeline.domain.study import Study
    from pipeline.steps.session import Summary
    from pipeline.steps.single import Shelf
    from pipeline.steps.workplace import Workplace
    from pipeline.tagging.train import Material

SNAPSHOT, SPLIT, LEARNT = "momentopname", "verdeling.json", "geleerd"
CURVE = "curve.csv"


def snapshot(studies: Sequence[Workplace], work: Path) -> Summary:
    """Freeze the settled labels of studies.

    Args:
        studies: all with the same codebook, each with session ids of its own.
        work: folder of this model's stages.

    Raises:
        InputError: when the studies do not go together, or have too few settled labels to learn anything from.
    """
    from pipeline.tagging.snapshot import write_snapshot

    declared = [(study, study.read_study()) for study in studies]
    _check_together(declared)
    sessions = tuple(session for study, its in declared for session in labelled_sessions(study, its))
    units = check_enough(sessions, work)
    shutil.rmtree(work / SNAPSHOT, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    write_snapshot(work / SNAPSHOT, sessions)
    return {"sessies": len(sessions), "uitingen": units}


def _check_together(studies: Sequence[tuple[Workplace, Study]]) -> None:
    """Refuse studies with different codebooks, or with a session id that another one has too.

    Raises:
        InputError: when there are any.
    """
    books = [workplace.read_codebook(study).version_key for workplace, study in studies]
    problems = [
        Problem(
            f"{workplace.study.name}/study.yaml",
            f"het codeboek is {book}, dat van {studies[0][0].study.name} is {books[0]}",
            "Leg alleen studies met hetzelfde codeboek samen vast.",
        )
        for (workplace, _), book in zip(studies, books, strict=True)
        if book != books[0]
    ]
    owners: dict[str, Workplace] = {}
    for workplace, study in studies:
        for session in study.sessions:
            owner = owners.setdefault(session.id, workplace)
            if owner is not workplace:
                place = f"{workplace.study.name}/sessions.csv"
                found = f"de sessie '{session.id}' is er ook in {owner.study.name}"
                problems.append(Problem(place, found, "Geef haar in een van beide studies een andere naam."))
    if problems:
        raise InputError(problems)


def split(shelf: Shelf, params: Path, work: Path, folds: int | None = None) -> Summary:
    """Share the writers (or sessions) out over folds, and write who is in which.

    Args:
        shelf: what ships.
        params: file with the parameters.
        work: folder of this model's stages.
        folds: how many; `None` for what the parameters say.
    """
    from pipeline.tagging.evaluate import NEVER

    material = _material(shelf, told(params, folds), work, None)
    groups = {one.group: int(fold) for one, fold in zip(material.examples, material.folds, strict=True)}
    write_text(work / SPLIT, json.dumps(groups, indent=1, sort_keys=True) + "\n")
    return {"groepen": len(groups), "rondes": len(set(groups.values()) - {NEVER})}


def train(shelf: Shelf, params: Path, work: Path) -> Summary:
    """Train the network that ships, one for every fold left out, and those of the learning curve."""
    from pipeline.tagging.learnt import write_learnt
    from pipeline.tagging.train import learn

    material = _split_material(shelf, params, work)
    prepare_base(material.params.base, shelf.base)
    with bar("Trainen", 100) as advance:
        learnt = learn(material, lambda share: advance(round(100 * share)))
    write_learnt(work / LEARNT, learnt)
    return {"uitingen": len(material.examples)}


def calibrate(shelf: Shelf, params: Path, work: Path, out: Path) -> Summary:
    """Learn from out-of-fold answers how to read scores, and keep the tagger and its learning curve in its folder."""
    from pipeline.tagging.learnt import read_learnt
    from pipeline.tagging.papers import curve_table
    from pipeline.tagging.train import curve_of, settle
    from pipeline.tagging.weights import PLOTS

    material, learnt = _split_material(shelf, params, work), read_learnt(work / LEARNT)
    version = settle(material, learnt, out)
    (out / PLOTS).mkdir(exist_ok=True)
    write_text(out / PLOTS / CURVE, curve_table(curve_of(material, learnt)))
    say(f"Versie {version} staat in {out}")
    return {}


def evaluate(shelf: Shelf, params: Path, work: Path, out: Path) -> Summary:
    """Compute all figures: metrics.json and the tables for plots.

    They come from what the tagger itself keeps, so the networks of the left-out groups need not be there.

    Raises:
        InputError: when the tagger is not the one that learnt from the snapshot, or `calibrate` did not make it.
    """
    from pipeline.tagging.learnt import write_assessment
    from pipeline.tagging.papers import metrics_of, plots_of, read_curve
    from pipeline.tagging.train import assess, kept_logits
    from pipeline.tagging.weights import METRICS, PLOTS, read_tagger

    drawn = out / PLOTS / CURVE
    if not drawn.is_file():
        raise InputError.single(str(drawn), "dit bestand ontbreekt", "Doe eerst `raamwerk model calibrate`.")
    curve = read_curve(drawn.read_text("utf-8"))
    with bar("Toetsen", 100) as advance:
        material = _split_material(shelf, params, work)
        logits = kept_logits(material, read_tagger(out))
        evaluation = assess(material, logits, lambda done: advance(round(100 * done)))
    write_text(out / METRICS, metrics_of(evaluation, curve))
    for name, table in plots_of(evaluation).items() if evaluation else ():
        write_text(out / PLOTS / name, table)
    write_assessment(work, evaluation, curve)
    return {}


def card(shelf: Shelf, params: Path, work: Path, out: Path) -> Summary:
    """Write the card of the tagger."""
    from pipeline.tagging.card import write_card
    from pipeline.tagging.learnt import read_assessment
    from pipeline.tagging.weights import CARD, read_manifest

    material = _split_material(shelf, params, work)
    evaluation, curve = read_assessment(work)
    write_text(out / CARD, write_card(material.sessions, material.codebook, read_manifest(out), evaluation, curve))
    return {}


def _split_material(shelf: Shelf, params: Path, work: Path) -> Material:
    placed = _material(shelf, read_params(params), work, json.loads((work / SPLIT).read_text("utf-8")))
    # A tagger that ships never goes on from an earlier self: it could not be made again from what lies in git.
    return replace(placed, start=start_of(shelf, {CODEBOOK} - {work.name}, placed.sessions))


def _material(shelf: Shelf, params: TaggerParams, work: Path, folds: dict[str, int] | None) -> Material:
    """Prepare the snapshot of a model; its folder is named after the codebook."""
    from pipeline.tagging.snapshot import read_snapshot
    from pipeline.tagging.train import prepare

    folder = shelf.codebooks / work.name
    codebook = read_codebook(folder)
    return prepare(read_snapshot(work / SNAPSHOT), codebook, read_cues(folder, codebook), params, shelf.base, folds)
