"""The vocabulary of the base: which pieces are kept, and the tokenizer made of them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tokenizers import Tokenizer
    from tokenizers.normalizers import Normalizer
    from transformers import PreTrainedTokenizerFast

    from pipeline.tagging.container import Container

BEGIN, PADDING, END, UNKNOWN, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
SPECIAL_PIECES = (BEGIN, PADDING, END, UNKNOWN, MASK)
WORD_START = "\u2581"


def read_kept_pieces(path: Path) -> tuple[int, ...]:
    """Read the list of kept pieces: ids and ranges "12-40" (both ends included), rising, "#" starts a comment line.

    Args:
        path: the list.

    Raises:
        InputError: with every line that is no list of rising ids.
    """
    ids: list[int] = []
    problems = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("#"):
            continue
        try:
            found = [piece for word in line.split() for piece in _span(word)]
        except ValueError:
            found = [-1]
        if list(found) != sorted(set(found)) or (found and found[0] <= (ids[-1] if ids else -1)):
            problems.append(
                Problem(
                    f"{path.name}, regel {number}",
                    "hier staan geen oplopende nummers",
                    "Haal het bestand terug uit git: het hoort bij het basismodel.",
                )
            )
            continue
        ids.extend(found)
    if problems:
        raise InputError(problems)
    return tuple(ids)


def _span(word: str) -> range:
    first, _, last = word.partition("-")
    span = range(int(first), int(last or first) + 1)
    if not span:
        message = "a range that ends before it begins"
        raise ValueError(message)
    return span


def check_kept(container: Container, kept: Sequence[int], place: str) -> None:
    """Check that a list fits a container.

    Raises:
        InputError: when an id does not exist or a special piece is missing.
    """
    names = {container.pieces[piece][0] for piece in kept if piece < len(container.pieces)}
    lacking = [name for name in SPECIAL_PIECES if name not in names]
    if lacking or not kept or kept[-1] >= len(container.pieces):
        found = f"er ontbreekt {', '.join(lacking)}" if lacking else "er staat een nummer in dat niet bestaat"
        raise InputError.single(place, found, "Haal het bestand terug uit git: het hoort bij het basismodel.")


def build_tokenizer(container: Container, kept: Sequence[int]) -> PreTrainedTokenizerFast:
    """Make the tokenizer of the kept pieces; a kept piece's new id is its rank in `kept`.

    Scores stay as they are, so a word is cut as before wherever all its pieces are kept.

    Args:
        container: where the pieces lie.
        kept: rising ids, the special pieces among them.
    """
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=_unigram(container, kept),
        model_max_length=container.shape.positions,
        bos_token=BEGIN,
        cls_token=BEGIN,
        eos_token=END,
        sep_token=END,
        pad_token=PADDING,
        unk_token=UNKNOWN,
        mask_token=MASK,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def _unigram(container: Container, kept: Sequence[int]) -> Tokenizer:
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    vocabulary = [container.pieces[piece] for piece in kept]
    ids = {piece: number for number, (piece, _) in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=ids[UNKNOWN], byte_fallback=False))
    tokenizer.normalizer = _normaliser(container.replacements)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=WORD_START, prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement=WORD_START, prepend_scheme="always")
    tokenizer.add_special_tokens([AddedToken(p, special=True, lstrip=p == MASK) for p in SPECIAL_PIECES])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A {END}",
        pair=f"{BEGIN} $A {END} {END} $B {END}",
        special_tokens=[(BEGIN, ids[BEGIN]), (END, ids[END])],
    )
    return tokenizer


def _normaliser(replacements: Mapping[str, str]) -> Normalizer:
    """NFKC does nearly all of the table; what it does otherwise goes before it, and runs of spaces collapse last."""
    from tokenizers import Regex, normalizers

    compatible = normalizers.NFKC()
    exceptions = defaultdict(list)
    for character, replacement in replacements.items():
        if character not in (replacement, "\0") and compatible.normalize_str(character) != replacement:
            exceptions[replacement].append(character)
    first = [
        normalizers.Replace(Regex("[" + "".join(f"\\x{{{ord(c):x}}}" for c in sorted(characters)) + "]"), replacement)
        for replacement, characters in sorted(exceptions.items())
    ]
    return normalizers.Sequence([*first, compatible, normalizers.Replace(Regex(" {2,}"), " ")])
