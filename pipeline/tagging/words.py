"""Count words: a linear reader beside the encoder. It hears rare turns of phrase that an average over a unit drowns.

TF-IDF over words, pairs of words and strings of 2 to 5 characters, one logistic regression a score. Words fall into
buckets by a hash, so no word can be read from a tagger; but who guesses a word can test whether it occurred in two
units or more. A tagger is to be guarded like the labels it learnt from. Only the unit itself counts, not what precedes
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.tagging.inputs import plain_words
from pipeline.tagging.learn import targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_matrix

    from pipeline.tagging.heads import Head
    from pipeline.tagging.learn import Example
    from pipeline.tagging.network import Logits

BUCKETS = 2**16
"""For words and pairs; as many again for strings of characters."""
FEWEST_UNITS = 2
"""What occurs in fewer units than this counts for nothing."""
SOFTNESS = 10.0
"""Inverse of the penalty of the regressions; 3 and 30 did no better on left-out writers."""
WORD_OR_QUESTION_MARK = r"\b\w+\b|\?"
STEPS = 127
"""Whole numbers that a row of weights is kept in run from -STEPS to STEPS."""
LEAST_SCALE = 1e-12


@dataclass(frozen=True, slots=True)
class Words:
    """What counts how much.

    Attributes:
        rarity: by bucket, how much its occurrence weighs (inverse document frequency); *Shape* (2 * `BUCKETS`,).
        weights: dimension id to *Shape* (`Head.scores`, 2 * `BUCKETS`).
        biases: dimension id to *Shape* (`Head.scores`,).
    """

    rarity: np.ndarray
    weights: dict[str, np.ndarray]
    biases: dict[str, np.ndarray]

    def logits(self, texts: Sequence[str]) -> Logits:
        """Score units.

        Args:
            texts: pseudonymised words of each.

        Returns:
            Dimension id to *Shape* (units, `Head.scores`).
        """
        counted = _weighed(_counted(texts), self.rarity)
        return {name: counted @ self.weights[name].T + self.biases[name] for name in self.weights}


def fit_words(examples: Sequence[Example], heads: Sequence[Head], seed: int) -> bytes:
    """Learn what words say; a rare label weighs in as often as a frequent one.

    The same examples and seed give the same bytes.

    Args:
        examples: at least one.
        heads: what to answer.
        seed: of the regressions.

    Returns:
        The weights in 8 bits, as safetensors; `read_words` reads them.
    """
    from safetensors.numpy import save

    occurrences = _counted([example.text for example in examples])
    units = np.bincount(occurrences.indices, minlength=occurrences.shape[1])
    rarity = np.where(units >= FEWEST_UNITS, np.log((1 + len(examples)) / (1 + units)) + 1, 0).astype(np.float16)
    counted = _weighed(occurrences, rarity.astype(np.float32))
    kept = {"rarity": rarity}
    for head in heads:
        table, answered = targets(head, examples)
        rows = [_regress(counted[answered], table[answered, number], seed) for number in range(head.scores)]
        weights = np.array([row[:-1] for row in rows])
        scales = np.maximum(np.abs(weights).max(1) / STEPS, LEAST_SCALE)
        kept[f"{head.dimension}.weights"] = np.round(weights / scales[:, None]).astype(np.int8)
        kept[f"{head.dimension}.scales"] = scales.astype(np.float32)
        kept[f"{head.dimension}.biases"] = np.array([row[-1] for row in rows], np.float32)
    return save(kept)


def side_by_side(network: Logits, words: Logits) -> Logits:
    """Put the scores of the second reader to the right of those of the first."""
    return {name: np.hstack([table, words[name]]) for name, table in network.items()}


def read_words(kept: bytes, heads: Sequence[Head]) -> Words:
    """Read what `fit_words` wrote.

    Raises:
        ValueError: when it does not fit the heads.
    """
    from safetensors.numpy import load

    found = load(kept)
    shapes = {f"{head.dimension}.weights": (head.scores, 2 * BUCKETS) for head in heads}
    if {name: found[name].shape for name in found if name.endswith(".weights")} != shapes:
        message = "word weights are of other dimensions"
        raise ValueError(message)
    names = [head.dimension for head in heads]
    return Words(
        found["rarity"].astype(np.float32),
        {name: found[f"{name}.weights"] * found[f"{name}.scales"][:, None] for name in names},
        {name: found[f"{name}.biases"] for name in names},
    )


def _counted(texts: Sequence[str]) -> csr_matrix:
    """Count what occurs in each text, by bucket, on a logarithmic scale; *Shape* (texts, 2 * `BUCKETS`)."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import HashingVectorizer

    shown = [plain_words(text) for text in texts]
    shared = {"n_features": BUCKETS, "norm": None, "alternate_sign": False, "dtype": np.float32}
    parts = [
        HashingVectorizer(ngram_range=(1, 2), token_pattern=WORD_OR_QUESTION_MARK, **shared).transform(shown),
        HashingVectorizer(ngram_range=(2, 5), analyzer="char_wb", **shared).transform(shown),
    ]
    counts: csr_matrix = hstack(parts).tocsr()
    counts.data = 1 + np.log(counts.data)
    return counts


def _weighed(counts: csr_matrix, rarity: np.ndarray) -> csr_matrix:
    """Weigh by rarity; the words and the strings of a unit each get length 1."""
    from scipy.sparse import hstack
    from sklearn.preprocessing import normalize

    weighed = counts.multiply(rarity[None]).tocsr()
    both: csr_matrix = hstack([normalize(weighed[:, :BUCKETS]), normalize(weighed[:, BUCKETS:])]).tocsr()
    return both


def _regress(counted: csr_matrix, yes: np.ndarray, seed: int) -> np.ndarray:
    """Give weights and bias; where all answers are the same, only the bias says so."""
    from sklearn.linear_model import LogisticRegression

    if not len(yes) or yes.min() == yes.max():
        return np.append(np.zeros(counted.shape[1]), np.log((yes.sum() + 1) / ((1 - yes).sum() + 1)))
    model = LogisticRegression(
        C=SOFTNESS, solver="liblinear", dual=True, class_weight="balanced", max_iter=1000, random_state=seed
    )
    model.fit(counted, yes > 0)
    return np.append(model.coef_[0], model.intercept_)
