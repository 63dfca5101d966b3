"""The deduce layer: its rules for persons, places and hospitals in written Dutch, as one voter.

Only the parts that we use are built. The whole of deduce takes a minute and 1.2 GB to build for the first time and ten
seconds and 1.1 GB from its cache, nearly all for its lists of streets and institutions, which our own layers look up in
another way; the parts for names, places and hospitals take two seconds and some 75 MB and need no cache.

deduce sets up logging and loosens warnings when it is imported; both are put back.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from pipeline.pseudonymise.cues import PARTICLES, TITLES
from pipeline.pseudonymise.lexicon import is_number
from pipeline.pseudonymise.votes import DEDUCE, Vote
from pipeline.pseudonymise.words import PLACEHOLDER, words_between, words_of

if TYPE_CHECKING:
    from pipeline.pseudonymise.lexicon import Lexicon
    from pipeline.pseudonymise.words import Word

_GROUPS = frozenset({"names", "locations", "institutions"})
_LISTS = (
    "institutions/lst_hospital",
    "institutions/lst_hospital_abbr",
    "locations/lst_placename",
    "names/lst_first_name",
    "names/lst_initial",
    "names/lst_interfix",
    "names/lst_interfix_surname",
    "names/lst_prefix",
    "names/lst_surname",
    "whitelist/lst_common_word",
    "whitelist/lst_eponymous_disease",
    "whitelist/lst_medical_term",
    "whitelist/lst_stop_word",
)
_SETS = ("initial", "interfix_surname", "common_word", "medical_term", "stop_word")
_LEFT_OUT = frozenset(
    {"street_pattern", "street_lookup", "housenumber", "postal_code", "postbus", "institution", "patient_name"}
)
_KINDS = {"persoon": "PERSOON", "patient": "PERSOON", "locatie": "PLAATS", "ziekenhuis": "ORG"}


class Engine(Protocol):
    """As much of deduce as we use."""

    def deidentify(self, text: str) -> Any:  # noqa: ANN401 - deduce is untyped
        """Give a document with annotations."""


@cache
def engine() -> Engine:
    """Build the parts of deduce that we use; about two seconds, once in a process."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        built = _build()
    root.setLevel(level)
    for handler in [handler for handler in root.handlers if handler not in handlers]:
        root.removeHandler(handler)
    return built


def _build() -> Engine:
    docdeid: Any = importlib.import_module("docdeid")
    from deduce import deduce as parts
    from deduce import lookup_struct_loader as loader
    from deduce.lookup_structs import load_raw_itemsets

    raw = load_raw_itemsets(parts._LOOKUP_LIST_PATH, list(_LISTS))  # noqa: SLF001 - deduce is pinned
    prefixes, interfixes = loader.load_prefix_lookup(raw), loader.load_interfix_lookup(raw)
    tokenizer = parts.DeduceTokenizer(merge_terms=itertools.chain(prefixes.items(), interfixes.items()))
    known = docdeid.ds.DsCollection()
    known["prefix"], known["interfix"], known["whitelist"] = prefixes, interfixes, loader.load_whitelist_lookup(raw)
    for name in _SETS:
        known[name] = docdeid.ds.LookupSet()
        known[name].add_items_from_iterable(raw[name])
    known["first_name"] = loader.load_first_name_lookup(raw, tokenizer)
    known["surname"] = loader.load_surname_lookup(raw, tokenizer)
    known["placename"] = loader.load_placename_lookup(raw, tokenizer)
    known["hospital"] = loader.load_hospital_lookup(raw, tokenizer)
    known["eponymous_disease"] = loader.load_eponymous_disease_lookup(raw, tokenizer)
    config = dict(parts.Deduce._initialize_config())  # noqa: SLF001 - deduce is pinned
    config["annotators"] = {
        name: annotator
        for name, annotator in config["annotators"].items()
        if annotator.get("group") in _GROUPS and name not in _LEFT_OUT
    }
    built = docdeid.DocDeid()
    built.tokenizers = {"default": tokenizer}
    extras = {"tokenizer": tokenizer, "ds": known}
    built.processors = parts._DeduceProcessorLoader().load(config=config, extras=extras)  # noqa: SLF001 - deduce is pinned
    return cast("Engine", built)


def find_deduced(text: str, lexicon: Lexicon) -> tuple[Vote, ...]:
    """Let deduce vote on a turn; of what it swallows, only the words that can be names are kept."""
    if not any(char.isupper() for char in text):
        return ()
    hidden = PLACEHOLDER.sub(lambda match: "_" * len(match.group()), text)
    line = words_of(hidden)
    votes = []
    for annotation in engine().deidentify(hidden).annotations:
        kind = _KINDS.get(annotation.tag)
        for words in _sentences(line, annotation.start_char, annotation.end_char) if kind else ():
            span = _trimmed(words, lexicon)
            if kind and span:
                votes.append(Vote(*span, kind, DEDUCE))
    return tuple(sorted(votes, key=lambda vote: vote.start))


def _sentences(line: tuple[Word, ...], start: int, end: int) -> list[list[Word]]:
    """Give the words of a find, apart for each sentence: deduce joins "Huub. Carla"."""
    groups: list[list[Word]] = [[]]
    for word in words_between(line, start, end):
        if word.opens and groups[-1]:
            groups.append([])
        groups[-1].append(word)
    return groups


def _trimmed(words: list[Word], lexicon: Lexicon) -> tuple[int, int] | None:
    """Drop the ordinary words, titles and particles at both ends: "Nou Kees" is "Kees"."""
    keep = [at for at, word in enumerate(words) if _can_be_name(word.form, lexicon)]
    if not keep:
        return None
    first = keep[0]
    while first and words[first - 1].form in PARTICLES and words[first - 1].capital:
        first -= 1
    return words[first].start, words[keep[-1]].end


def _can_be_name(form: str, lexicon: Lexicon) -> bool:
    if form in PARTICLES or form in TITLES or form in lexicon.safe or len(form) < 2:  # noqa: PLR2004 - an initial alone
        return False
    return form not in lexicon.ordinary and not is_number(form)
