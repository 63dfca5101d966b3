"""Tag the units of a session: probabilities for every label, and the labels that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.coding import Prediction
from pipeline.domain.errors import InputError
from pipeline.tagging.calibrate import probabilities
from pipeline.tagging.encoder import load_encoder
from pipeline.tagging.heads import decide, differences
from pipeline.tagging.inputs import inputs_of
from pipeline.tagging.jobs import BATCH_TOKENS
from pipeline.tagging.learn import best_device
from pipeline.tagging.weights import read_tagger, restore
from pipeline.tagging.words import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.pseudonym import UnitisedSession
    from pipeline.tagging.answers import KeptAnswers
    from pipeline.tagging.encoder import Encoder
    from pipeline.tagging.heads import Probabilities
    from pipeline.tagging.network import Network
    from pipeline.tagging.weights import StoredTagger
    from pipeline.tagging.words import Words


class Tagger:
    """A tagger ready for work; made by `load_tagger`.

    Attributes:
        version: `StoredTagger.version` of the very files it was made of, whatever lies in their folder by now.
        network: encoder and heads.
        device: where it works, "cpu" or "cuda".
    """

    def __init__(
        self,
        stored: StoredTagger,
        encoder: Encoder,
        readers: tuple[Network, Words, KeptAnswers],
        batch_tokens: int,
    ) -> None:
        self.version = stored.version
        self.network, self._words, self._kept = readers
        self.device = self.network.device
        self._manifest = stored.manifest
        self._encoder = encoder
        self._batch_tokens = batch_tokens

    @property
    def codebook_version(self) -> str:
        """`Codebook.version_key` of the codebook it was trained on."""
        return self._manifest.codebook_version

    @property
    def trained_on(self) -> tuple[str, ...]:
        """`Utterance.text_sha` of the units it learnt from, sorted."""
        return self._manifest.trained_on

    def tag(self, session: UnitisedSession, report: Callable[[int, int], None] | None = None) -> tuple[Prediction, ...]:
        """Tag every unit of a session that is not minimal; minimal ones are read as context.

        For a unit of a session that the tagger learnt from, the answer is that of a network that left the session out.

        Args:
            session: the units.
            report: told the number of units read and their total, after each batch.

        Returns:
            For every unit, in order, a prediction for every dimension the tagger knows, in codebook order. The
            probabilities of a gated dimension are its own; only its label minds the gate.
        """
        manifest = self._manifest
        inputs = inputs_of(session, self._encoder, manifest.params.context)
        if not inputs:
            return ()
        total = len(inputs)
        tell = None if report is None else lambda share: report(round(share * total), total)
        read = self.network.logits(inputs, self._batch_tokens, tell)
        units = [session.utterances[one.unit] for one in inputs]
        own = side_by_side(read, self._words.logits([unit.text for unit in units]))
        logits = self._kept.put_in(own, [(unit.id, unit.text_sha) for unit in units])
        return tuple(
            prediction
            for one, chances in zip(inputs, probabilities(manifest.heads, logits), strict=True)
            for prediction in self._predictions(session, one.unit, chances)
        )

    def _predictions(self, session: UnitisedSession, unit: int, chances: Probabilities) -> list[Prediction]:
        utterance = session.utterances[unit]
        text_sha = utterance.text_sha
        labels = decide(self._manifest.heads, chances)
        return [
            Prediction(
                utterance_id=utterance.id,
                text_sha=text_sha,
                dimension=head.dimension,
                labels=labels[head.dimension],
                probabilities=tuple(zip(head.labels, chances[head.dimension], strict=True)),
                model_version=self.version,
                codebook_version=self.codebook_version,
            )
            for head in self._manifest.heads
        ]


def load_tagger(
    model: Path,
    base: Path,
    *,
    codebook: Codebook | None = None,
    device: str | None = None,
    batch_tokens: int = BATCH_TOKENS,
) -> Tagger:
    """Load a tagger.

    Args:
        model: folder of the tagger, such as models/tagger/casuistiek.
        base: folder of the built base; unused by a tagger on another encoder.
        codebook: the codebook of the study, to check that its labels are those of the tagger; `None` skips the check.
        device: "cpu" or "cuda"; by itself a GPU where there is one.
        batch_tokens: most tokens in a batch; does not change the labels.

    Raises:
        InputError: when the folder is no tagger or is damaged, its labels are not those of the codebook (saying which
            differ), or the encoder is missing or another one than it was trained on.
    """
    stored = read_tagger(model)
    manifest = stored.manifest
    if codebook is not None:
        problems = differences(manifest.heads, codebook)
        if problems:
            raise InputError(problems)
    encoder = load_encoder(manifest.base, base)
    readers = restore(stored, encoder, model)
    readers[0].to(device or best_device())
    return Tagger(stored, encoder, readers, batch_tokens)
