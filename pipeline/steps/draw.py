"""Draw units at random for people to code blindly, and write the sheet on which they do so (`statistics.md` 1.1)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pipeline.domain.draw import Draw, DrawDesign
from pipeline.domain.errors import InputError
from pipeline.domain.pseudonym import UnitisedSession
from pipeline.formats.findings import Findings, instead_of
from pipeline.formats.study import ID_RULE, is_id
from pipeline.formats.units import draw_table
from pipeline.statistics.draws import (
    changed_units,
    coding_order,
    draw_units,
    eligible_units,
    extend_draw,
    predicted_positive,
    too_few,
)
from pipeline.statistics.identification import LABELS_WHEN_RARE, RARE
from pipeline.statistics.power import PERCENTAGE_POINTS
from pipeline.statistics.refusal import Refusal
from pipeline.steps.keys import digest
from pipeline.steps.overview import overview
from pipeline.steps.progress import say
from pipeline.steps.session import units_of
from pipeline.steps.units import tell_how, unit_row
from pipeline.store.database import WHOLE_STUDY
from pipeline.store.files import write_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.coding import Prediction
    from pipeline.domain.study import Study
    from pipeline.steps.overview import Overview
    from pipeline.steps.session import Summary
    from pipeline.steps.workplace import Workplace
    from pipeline.store.database import Store

FIRST_NAME: Final = "trekking-1"
PRECEDING: Final = 4
"""Units before the drawn one that a coder gets to read; a unit cannot be judged without what it answers to."""
_SEEDS: Final = 2**32
_SEEN, _NOT_SEEN = "ja", "nee"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asks for; `None` is what was not said.

    Attributes:
        labels: shares of the codebook, such as "sr.brug_burger", whose labels make the positive stratum; by themselves
            those of the registered questions.
        strata: draw in two strata; otherwise from each session as a whole.
        per_session: units a session; by itself as `DrawDesign` says.
        seed: at least 0; by itself one at random, and for a further wave that of the first draw.
        name: of the draw; by itself `FIRST_NAME`.
        extend: name of a draw that gets a further wave.
        more: further units a session.
        effects_seen: whether anybody has seen an effect that rests on the draw.
    """

    labels: tuple[str, ...] | None = None
    strata: bool = True
    per_session: int | None = None
    seed: int | None = None
    name: str | None = None
    extend: str | None = None
    more: int | None = None
    effects_seen: bool | None = None


def run(workplace: Workplace, asked: Asked) -> Summary:
    """Make a draw, or a further wave of one, and write codeerbladen/NAME.csv (NAME.aanvulling-1.csv and so on).

    Done again after it was killed, it writes the sheet of what was drawn and draws nothing more.

    Returns:
        Number of sessions and units on the sheet; empty when the same draw and its sheet were there already.

    Raises:
        InputError: when what is asked for contradicts itself, is not known or is not sound; nothing is drawn then.
    """
    _check_asked(asked)
    with workplace.open_store() as store:
        seen = overview(workplace, store)
        if asked.extend is not None:
            return _extend(workplace, store, seen, asked.extend, asked)
        return _begin(workplace, store, seen, asked)


def sheet_path(workplace: Workplace, draw_id: str, wave: int) -> Path:
    """Say where the sheet of a wave stands; a full stop cannot stand in the name of a draw, so no two are the same."""
    addition = f".aanvulling-{wave - 1}" if wave > 1 else ""
    return workplace.study / "codeerbladen" / f"{draw_id}{addition}.csv"


def compared_shares(study: Study, codebook: Codebook, names: Iterable[str] | None) -> tuple[str, ...]:
    """Give the shares of the codebook that are to be compared.

    Args:
        study: as declared.
        codebook: of the study.
        names: shares of the codebook, labels or roll-ups; `None` for the outcomes of the registered questions.

    Raises:
        InputError: when a share is not in the codebook, or there are none.
    """
    shares = codebook.shares
    listed = _registered(study, codebook) if names is None else tuple(names)
    findings = Findings()
    if not listed:
        cure = "Geef ze met --labels, zoals sr.brug_burger, of trek uit elke sessie als geheel met --no-strata."
        findings.add("--labels", "er is niet gezegd welke labels vergeleken worden", cure)
    for name in listed:
        if name not in shares:
            cure = instead_of(name, shares, "Deze labels zijn er")
            findings.add("--labels", f"'{name}' staat niet in codeboek '{codebook.id}'", cure)
    findings.stop_if_any()
    return listed


def _registered(study: Study, codebook: Codebook) -> tuple[str, ...]:
    return tuple(question.outcome for question in study.questions if question.outcome in codebook.shares)


def _check_asked(asked: Asked) -> None:
    findings = Findings()
    if asked.extend is not None:
        _check_extension(asked, findings)
    elif asked.more is not None or asked.effects_seen is not None:
        found = "--more, --effects-seen en --effects-not-seen horen bij een aanvulling"
        findings.add("raamwerk draw", found, "Zeg met --extend welke trekking je aanvult, of laat ze weg.")
    if asked.labels is not None and not asked.strata:
        findings.add("--no-strata", "zonder strata doen --labels niet mee", "Laat een van beide weg.")
    refused = None if asked.per_session is None else too_few(asked.per_session)
    if refused is not None:
        findings.add("--per-session", _within(refused.why), refused.cure)
    if asked.name is not None and not is_id(asked.name):
        findings.add("--name", "dit kan geen naam van een trekking zijn", ID_RULE)
    findings.stop_if_any()


def _check_extension(asked: Asked, findings: Findings) -> None:
    if not asked.strata or any(given is not None for given in (asked.labels, asked.per_session, asked.name)):
        cure = "Geef bij --extend alleen --more, --seed en --effects-not-seen of --effects-seen."
        findings.add("--extend", "de opzet van een trekking ligt vast en geldt ook voor een aanvulling", cure)
    if asked.more is None:
        findings.add("--extend", "hoeveel erbij moet, is niet gezegd", "Geef met --more een aantal per sessie.")
    if asked.effects_seen is None:
        findings.add(
            "--extend",
            "er is niet gezegd of er al uitkomsten zijn bekeken die op deze trekking rusten",
            "Geef --effects-not-seen als nog niemand zo'n vergelijking zag, en anders --effects-seen.",
        )


def _begin(workplace: Workplace, store: Store, seen: Overview, asked: Asked) -> Summary:
    name = asked.name or FIRST_NAME
    made = _known(store).get(name)
    if made is None:
        names = _compared(seen, asked)
        _refuse_when_seen(store, _place(name))
        path = sheet_path(workplace, name, 1)
        if path.exists():
            raise InputError.single(path.name, "dit bestand bestaat al", "Verplaats het, of kies met --name een naam.")
        sessions = _frame(store, seen, name)
        said = [each for session, _ in sessions for each in store.predictions(session, seen.model_version or "")]
        usual = _usual(seen, sessions, said, asked)
        made = _draw(sessions, said, _design(seen, names, asked.per_session or usual), name, asked.seed)
        store.save_draw(made)
        _tell_left_out(seen, made)
    elif asked.seed not in {None, made.seeds[0]} or made.design != _design(
        seen, _compared(seen, asked), asked.per_session or made.design.per_session
    ):
        raise InputError.single(
            _place(name),
            "deze trekking bestaat al en is anders gemaakt",
            "Kies met --name een andere naam, of vul haar aan met --extend.",
        )
    else:
        say(f"Trekking {name} bestaat al; er is niets bijgetrokken.")
    return _deliver(workplace, store, seen.codebook, made, 1)


def _compared(seen: Overview, asked: Asked) -> tuple[str, ...]:
    """Give the shares whose labels make the positive stratum, none when there are no strata."""
    return compared_shares(seen.study, seen.codebook, asked.labels) if asked.strata else ()


def _design(seen: Overview, names: Iterable[str], per_session: int) -> DrawDesign:
    return DrawDesign(frozenset().union(*(seen.codebook.shares[name] for name in names)), per_session)


def _frame(store: Store, seen: Overview, name: str) -> list[tuple[str, tuple[str, ...]]]:
    """Give the sessions that are drawn from, with the units that count.

    Raises:
        InputError: when there are none.
    """
    if not seen.ready:
        found = "geen sessie is door het model gecodeerd met de bestanden zoals ze nu zijn"
        raise InputError.single(_place(name), found, "Doe eerst `raamwerk run` op de studie.")
    eligibility = DrawDesign().eligibility
    return [(session, eligible_units(units_of(store, session), eligibility)) for session in seen.ready]


def _refuse_when_seen(store: Store, place: str) -> None:
    """Refuse to draw when figures that rest on any draw of the study were seen: of this name or of another.

    Who draws again until something comes out always finds something.
    """
    closed = [draw.id for draw in store.draws() if store.finished_key(WHOLE_STUDY, _effects_step(draw.id)) == _SEEN]
    if closed:
        raise InputError.single(
            place,
            f"er zijn al uitkomsten uitgerekend of bekeken die rusten op {', '.join(closed)}",
            "Wie doortrekt tot er iets uitkomt, vindt altijd iets: gebruik wat er is, of begin een nieuwe studie met "
            "nieuwe sessies.",
        )


def _usual(
    seen: Overview, sessions: Sequence[tuple[str, Sequence[str]]], said: Sequence[Prediction], asked: Asked
) -> int:
    """Give how many units a session are drawn by themselves: more when the machine hardly ever gives a label.

    Fewer would leave such an outcome without a verdict (`limit_when_rare`), and so would a draw without strata; that is
    told where it was asked for. What counts are the shares asked for and those of the registered questions.
    """
    usual = DrawDesign().per_session
    rare = _rare(seen, sessions, said, asked)
    if not rare:
        return usual
    told = f"Zeldzaam volgens het model: {', '.join(rare)}."
    if not asked.strata:
        say(f"Let op. {told} Zonder strata komt daar geen uitspraak over.")
    elif asked.per_session is None:
        more = f"{LABELS_WHEN_RARE} uitingen per sessie nodig; zoveel worden er getrokken in plaats van {usual}"
        say(f"{told} Voor een uitspraak daarover zijn {more}.")
    elif asked.per_session < LABELS_WHEN_RARE:
        more = f"ten minste {LABELS_WHEN_RARE} uitingen per sessie nodig; dit zijn er {asked.per_session}"
        say(f"Let op. {told} Voor een uitspraak daarover zijn {more}.")
    return LABELS_WHEN_RARE if asked.strata else usual


def _rare(
    seen: Overview, sessions: Sequence[tuple[str, Sequence[str]]], said: Sequence[Prediction], asked: Asked
) -> list[str]:
    """Name the shares that the machine gives to few units, of the dimensions that it answers at all."""
    shares = seen.codebook.shares
    names = dict.fromkeys((*(asked.labels or ()), *_registered(seen.study, seen.codebook)))
    units = {unit for _, eligible in sessions for unit in eligible}
    answered = {each.dimension for each in said}
    found = {
        name: len(predicted_positive(said, shares[name]) & units) / max(len(units), 1)
        for name in names
        if {dimension for dimension, _ in shares[name]} <= answered
    }
    return [f"{name} ({PERCENTAGE_POINTS.number(share)} %)" for name, share in found.items() if share < RARE]


def _draw(
    sessions: Sequence[tuple[str, Sequence[str]]],
    said: Sequence[Prediction],
    design: DrawDesign,
    name: str,
    seed: int | None,
) -> Draw:
    positive = predicted_positive(said, design.targets)
    chosen = secrets.randbelow(_SEEDS) if seed is None else seed
    made = draw_units(sessions, positive, design, draw_id=name, seed=chosen)
    if isinstance(made, Refusal):
        raise _told(made, _place(name))
    return made


def _tell_left_out(seen: Overview, made: Draw) -> None:
    say(f"Trekking {made.id} is bewaard; het zaad is {made.seeds[0]}.")
    left_out = [session.id for session in seen.study.sessions if session.id not in seen.ready]
    if left_out:
        say(f"Niet in de trekking, want niet gecodeerd of niet bijgewerkt: {', '.join(left_out)}.")
        say("  Over die sessies komt er geen gecorrigeerd cijfer. Trek liever pas als alles klaar is.")
    if made.without_units:
        say(f"Zonder uitingen die meetellen: {', '.join(made.without_units)}.")


def _extend(workplace: Workplace, store: Store, seen: Overview, name: str, asked: Asked) -> Summary:
    known = _known(store)
    made = known.get(name)
    if made is None:
        cure = instead_of(name, known, "Deze trekkingen zijn er") if known else "Maak er eerst een."
        raise InputError.single(_place(name), "deze trekking bestaat niet", cure)
    wave = len(made.seeds)
    effects_seen = asked.effects_seen is not False
    _declare(store, made, effects_seen=effects_seen)
    _check_frame(store, made)
    if store.finished_key(WHOLE_STUDY, _sheet_step(made.id, wave)) is None:
        # A run that was killed after drawing: drawing again would ask more of the coders than anybody wanted.
        say("De vorige keer was er al getrokken, maar het codeerblad nog niet geschreven. Er is niets bijgetrokken.")
        return _deliver(workplace, store, seen.codebook, made, wave)
    seed = made.seeds[0] if asked.seed is None else asked.seed
    extended = extend_draw(made, asked.more or 0, seed=seed, effects_seen=effects_seen)
    if isinstance(extended, Refusal):
        raise _told(extended, _place(made.id))
    path = sheet_path(workplace, made.id, wave + 1)
    if path.exists():
        raise InputError.single(path.name, "dit bestand bestaat al", "Verplaats het en probeer het opnieuw.")
    store.save_draw(extended)
    return _deliver(workplace, store, seen.codebook, extended, wave + 1)


def note_effects(store: Store, made: Draw, *, seen: bool) -> None:
    """Write down whether effects that rest on a draw have been seen; `compare`, which shows them, says so itself."""
    step = _effects_step(made.id)
    store.finish(WHOLE_STUDY, step, _SEEN if seen else _NOT_SEEN, {"waves": len(made.seeds)})


def _declare(store: Store, made: Draw, *, effects_seen: bool) -> None:
    """Write down what was said about having seen effects; what was seen once is not unseen by saying otherwise."""
    if not effects_seen:
        _refuse_when_seen(store, _place(made.id))
    note_effects(store, made, seen=effects_seen)


def _effects_step(draw_id: str) -> str:
    return f"effects seen {draw_id}"


def _check_frame(store: Store, made: Draw) -> None:
    """Refuse to go on with a draw from other units than those that count now."""
    lost, grown = [], []
    for session in (*made.sessions, *made.without_units):
        units = store.unitised(session) or UnitisedSession(session, (), ())
        gone, come = changed_units(made, units)
        lost += [session] * bool(gone)
        grown += [session] * bool(come)
    findings = Findings()
    cure = "Zet de oude transcripten terug, of maak een nieuwe trekking onder een andere naam."
    if lost:
        findings.add(_place(made.id), f"na de trekking zijn er uitingen verdwenen uit: {', '.join(lost)}", cure)
    if grown:
        findings.add(_place(made.id), f"na de trekking zijn er uitingen bijgekomen in: {', '.join(grown)}", cure)
    findings.stop_if_any()


def _deliver(workplace: Workplace, store: Store, codebook: Codebook, made: Draw, wave: int) -> Summary:
    """Write the sheet of a wave, unless it is there: a coder's work may stand in it."""
    path = sheet_path(workplace, made.id, wave)
    order = coding_order(made, wave)
    drawn = made.in_wave(wave)
    summary = {"sessies": len(order), "uitingen": len(drawn)}
    written = not path.exists()
    if written:
        _check_frame(store, made)
        sessions = (units_of(store, session) for session in order)
        rows = [
            unit_row(session, at, PRECEDING)
            for session in sessions
            for at, unit in enumerate(session.utterances)
            if unit.id in drawn
        ]
        write_file(path, draw_table(rows, made.id, codebook))
        tell_how(workplace, path, codebook)
        say("  kolom codeur: je naam, op elke rij die je codeert. Met meer codeurs krijgt ieder een eigen kopie.")
        say("  kolom blind: laat ja staan; maak er nee van als je zag wat het model van de uiting zei.")
    store.finish(WHOLE_STUDY, _sheet_step(made.id, wave), digest(repr(made.until(wave).strata)), summary)
    return summary if written else {}


def _sheet_step(draw_id: str, wave: int) -> str:
    return f"draw {draw_id} {wave}"


def _known(store: Store) -> dict[str, Draw]:
    return {draw.id: draw for draw in store.draws()}


def _place(draw_id: str) -> str:
    return f"trekking {draw_id}"


def _told(refusal: Refusal, place: str) -> InputError:
    """Say a refusal as the other errors are said."""
    return InputError.single(place, _within(refusal.why), refusal.cure)


def _within(why: str) -> str:
    """Write a sentence as part of another."""
    return (why[0].lower() + why[1:]).removesuffix(".")
