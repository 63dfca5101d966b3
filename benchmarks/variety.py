"""How varied is the made-up corpus? Prints the measures of its datasheet, and fails where one is not met.

    python benchmarks/variety.py [STUDY ...]

Reads the transcripts of the studies (those of the shipped corpora when none is named) as delivered, cuts them into
units, and looks at units that are not minimal. Four demands: units of at least eight words that resemble another one
(token Jaccard of at least 0.6) are at most 1 %; at least 93 % of all sequences of four words are different; no sentence
opener (first two words) stands before more than 3 % of units; no unit equals an example of the codebook.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from itertools import combinations, pairwise
from pathlib import Path
from statistics import mean, median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.formats.codebook import read_codebook  # noqa: E402
from pipeline.formats.reading import read_transcript  # noqa: E402
from pipeline.formats.study import read_study  # noqa: E402
from pipeline.unitise.cutting import cut  # noqa: E402
from pipeline.unitise.utterances import is_minimal  # noqa: E402

STUDIES = ("voorbeeld", "oefen", "fragmenten", "beelden")
LONG, ALIKE, MOST_ALIKE = 8, 0.6, 0.01
GRAM, LEAST_DISTINCT = 4, 0.93
OPENER, MOST_OPENED = 2, 0.03
WORD = re.compile(r"\w+(?:['’]\w+)?")


def units_of(folder: Path) -> dict[str, list[list[str]]]:
    """Read the units of a study, as lower-case words, by session."""
    study = read_study(folder)
    units: dict[str, list[list[str]]] = {}
    for session in study.sessions:
        transcript = read_transcript(folder / session.transcript, columns=study.columns)
        for turn in transcript.turns:
            borders = (0, *cut(turn.text), len(turn.text))
            for start, end in pairwise(borders):
                text = turn.text[start:end].strip()
                if text and not is_minimal(text):
                    units.setdefault(session.id, []).append(WORD.findall(text.casefold()))
    return units


def share_alike(units: list[list[str]]) -> float:
    """Give the share of long units that have another unit of which they share most words."""
    sets = [frozenset(words) for words in units if len(words) >= LONG]
    counts = Counter(word for words in sets for word in words)
    # Two sets with a Jaccard of 0.6 share at least one of the rarest 40 % + 1 words of either.
    posted: defaultdict[str, list[int]] = defaultdict(list)
    alike: set[int] = set()
    for number, words in enumerate(sets):
        rarest = sorted(words, key=lambda word: (counts[word], word))[: int((1 - ALIKE) * len(words)) + 1]
        for other in {other for word in rarest for other in posted[word]}:
            if len(words & sets[other]) >= ALIKE * len(words | sets[other]):
                alike |= {number, other}
        for word in rarest:
            posted[word].append(number)
    return len(alike) / len(sets)


def distinct_grams(units: list[list[str]]) -> float:
    """Give the share of different sequences of four words within units."""
    grams = [tuple(words[at : at + GRAM]) for words in units for at in range(len(words) - GRAM + 1)]
    return len(set(grams)) / len(grams)


def overlap(sessions: dict[str, list[list[str]]]) -> tuple[float, float]:
    """Give mean and highest Jaccard of the vocabularies of two sessions."""
    vocabularies = [{word for words in units for word in words} for units in sessions.values()]
    shares = [len(one & other) / len(one | other) for one, other in combinations(vocabularies, 2)]
    return mean(shares), max(shares)


def measure(name: str, sessions: dict[str, list[list[str]]], examples: set[tuple[str, ...]]) -> list[str]:
    """Print the measures of a set of sessions.

    Returns:
        What was demanded and is not met.
    """
    units = [words for its in sessions.values() for words in its]
    alike, distinct = share_alike(units), distinct_grams(units)
    opened = Counter(tuple(words[:OPENER]) for words in units if len(words) >= OPENER)
    opener, times = opened.most_common(1)[0]
    copied = sum(tuple(words) in examples for words in units)
    typical, most = overlap(sessions) if len(sessions) > 1 else (0.0, 0.0)
    sys.stdout.write(
        f"{name}: {len(sessions)} sessions, {len(units)} units, {sum(map(len, units))} words "
        f"(median {median(map(len, units)):.0f} a unit)\n"
        f"  long units that resemble another: {alike:.2%} (at most {MOST_ALIKE:.0%})\n"
        f"  different sequences of {GRAM} words: {distinct:.1%} (at least {LEAST_DISTINCT:.0%})\n"
        f"  most frequent opener: '{' '.join(opener)}', {times / len(units):.2%} of units (at most {MOST_OPENED:.0%})\n"
        f"  units equal to a codebook example: {copied} (none)\n"
        f"  vocabulary shared by two sessions (Jaccard): mean {typical:.2f}, most {most:.2f}\n"
    )
    demands = {
        "resembling units": alike <= MOST_ALIKE,
        "different sequences": distinct >= LEAST_DISTINCT,
        "openers": times <= MOST_OPENED * len(units),
        "copied examples": not copied,
    }
    return [f"{name}: {what}" for what, met in demands.items() if not met]


def main() -> None:
    """Measure every study, and all together."""
    named = [Path(argument) for argument in sys.argv[1:]] or [ROOT / "corpora" / name for name in STUDIES]
    codebooks = (ROOT / "corpora" / "codebook").glob("*/codebook.yaml")
    examples = {
        tuple(WORD.findall(example.text.casefold()))
        for path in codebooks
        for dimension in read_codebook(path.parent).dimensions
        for label in dimension.labels
        for example in label.examples
    }
    everything: dict[str, list[list[str]]] = {}
    missed: list[str] = []
    for folder in named:
        sessions = units_of(folder)
        missed += measure(folder.name, sessions, examples)
        everything |= sessions
    if len(named) > 1:
        missed += measure("all", everything, examples)
    if missed:
        sys.exit(f"not met: {', '.join(missed)}")


if __name__ == "__main__":
    main()
