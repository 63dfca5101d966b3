"""A process that saves many sessions and can be killed: `python -m tests.store.saver ADDRESS FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.domain.pseudonym import PseudonymEntry, PseudonymKey
from pipeline.domain.transcript import Speaker, Transcript, Turn
from pipeline.store.database import Step, open_store
from pipeline.store.keys import KeyStore
from pipeline.store.vault import Vault
from tests.store.world import BOOK, fixed_clock, prediction, study, transcript, units

if TYPE_CHECKING:
    from pipeline.store.database import Store

SESSIONS = tuple(f"s{number:03d}" for number in range(150))


def words(name: str) -> tuple[str, ...]:
    return tuple(f"uiting {number} van {name}" for number in range(40))


def raw(name: str) -> Transcript:
    turns = tuple(Turn(number, "Truus", text) for number, text in enumerate(words(name), start=1))
    return Transcript("txt", turns, (Speaker("Truus"),))


def main(address: str, folder: Path) -> None:
    keys = KeyStore(folder / "sleutels")
    vault = Vault(folder / "kluis", keys)
    sys.stdout.write("begin\n")
    sys.stdout.flush()
    with open_store(address, clock=fixed_clock) as store:
        vault.check_keys(store)
        store.register_study(study(*SESSIONS), BOOK)
        for name in SESSIONS:
            _ingest(store, vault, name)
            _process(store, keys, name)


def _ingest(store: Store, vault: Vault, name: str) -> None:
    if store.finished_key(name, "ingest") is None:
        vault.put(name, raw(name), ((3,),) * 40)
        store.finish(name, "ingest", "k", {"turns": 40})


def _process(store: Store, keys: KeyStore, name: str) -> None:
    if store.finished_key(name, Step.PSEUDONYMISE) is None:
        with keys.exclusive():
            key = keys.load()
            if name not in {entry.name for entry in key.entries}:
                entry = PseudonymEntry("PROF", name, len(key.entries) + 1)
                keys.save(PseudonymKey(key.secret, (*key.entries, entry)))
        store.save_pseudonymised(transcript(name, *words(name)), key="k")
    if store.finished_key(name, Step.UNITISE) is None:
        store.save_utterances(units(name, *words(name)), key="k")
    if store.finished_key(name, Step.TAG) is None:
        said = [prediction(f"{name}.{turn:04d}.01", text) for turn, text in enumerate(words(name), start=1)]
        store.save_predictions(name, said, key="k")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
