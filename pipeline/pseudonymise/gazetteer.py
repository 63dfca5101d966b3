"""The list layer: names, places, organisations and streets that nobody announced, also in lower-case speech.

A capital inside a sentence is strong evidence in written talk; in the output of a recogniser there is none, so titles,
relatives, prepositions and articles decide. A capital on a word that no dictionary knows is taken for a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.pseudonymise.cues import (
    ADJECTIVE_NAMES,
    BEFORE_NAMES,
    DETERMINERS,
    FRONT_PARTICLES,
    LONG_ORG_CUES,
    NO_NOUN,
    OFFICES,
    ORG_CUES,
    ORG_HEADS,
    ORG_TAILS,
    PARTICLE_PAIRS,
    PARTICLES,
    PLACE_PREPOSITIONS,
    RELATIVES,
    SAYING,
    SPOKEN_STREET_ENDINGS,
    STREET_ENDINGS,
    STRICT_PLACE_PREPOSITIONS,
    SUBJECTS,
    SURE_STREET_ENDINGS,
    TER_IDIOMS,
    TITLES,
    VERB_NAMES,
    title_before,
)
from pipeline.pseudonymise.lexicon import is_number
from pipeline.pseudonymise.patterns import NUMBER_WORD
from pipeline.pseudonymise.votes import CAPITAL, GAZETTEER, STRANGE, Vote

if TYPE_CHECKING:
    from pipeline.pseudonymise.lexicon import Lexicon
    from pipeline.pseudonymise.words import Word

_BREAK = re.compile(r"[.!?;,:()/\"“”…]")
_HOUSE = re.compile(
    rf"\s+(?:nummer\s+|nr\.?\s*)?(?:\d{{1,4}}(?:\s?[a-zA-Z])?(?![\w.,]?\d)\b|(?!(?:een|één)\b){NUMBER_WORD}\b)",
    re.IGNORECASE,
)
_SHORTEST_LOWER_SURNAME = 5
_SHORTEST_LOWER_PLACE = 4
_SHORTEST_STREET = 7
_LONGEST_NAME = 5
_SHORTEST_JOINED = 7
_SHORTEST_UNKNOWN = 3
_SHORTEST_STRANGE = 4
_STREET_WORDS_BEFORE = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One turn as the layer sees it.

    Attributes:
        text: the raw text.
        words: its words.
        forms: their folded forms.
        cased: capitals mean something here.
        stray: ordinary words have capitals here and there, so that one on them tells nothing.
    """

    text: str
    words: tuple[Word, ...]
    forms: tuple[str, ...]
    cased: bool
    stray: bool = False

    def inside(self, at: int) -> bool:
        """Tell whether a word has a capital that it has not merely as first word of a sentence."""
        return self.cased and self.words[at].capital and not self.words[at].opens

    def capital(self, at: int) -> bool:
        """Tell whether a word has a capital that means something."""
        return self.cased and self.words[at].capital

    def tells(self, at: int, lexicon: Lexicon) -> bool:
        """Tell whether the capital of a word is evidence: not on an ordinary word where capitals stray."""
        return not (self.stray and self.forms[at] in lexicon.ordinary)

    def before(self, at: int) -> str:
        """Give the form of the word before, or nothing where a clause begins."""
        return self.forms[at - 1] if at and not _BREAK.search(self.words[at].gap) else ""

    def after(self, at: int) -> str:
        """Give the form of the word after, or nothing where a clause ends."""
        last = at + 1 >= len(self.words) or _BREAK.search(self.words[at + 1].gap)
        return "" if last else self.forms[at + 1]


def find_listed(
    text: str, words: tuple[Word, ...], lexicon: Lexicon, *, cased: bool, stray: bool = False
) -> tuple[Vote, ...]:
    """Find names, places, organisations and streets by list and context.

    Args:
        text: a turn.
        words: its words.
        lexicon: what is known of words.
        cased: capitals mean something in it.
        stray: but not on ordinary words.
    """
    line = Line(text, words, tuple(word.form for word in words), cased, stray)
    votes: list[Vote] = []
    at = 0
    while at < len(words):
        vote, length = _at(line, at, lexicon)
        if vote is not None:
            votes.append(vote)
        at += length
    votes.extend(_streets(line, lexicon))
    return tuple(votes)


def _at(line: Line, at: int, lexicon: Lexicon) -> tuple[Vote | None, int]:
    for search in (_organisation, _place, _person, _unknown):
        found = search(line, at, lexicon)
        if found is not None:
            kind, voter, first, last = found
            vote = Vote(line.words[first].start, line.words[last].end, kind, voter)
            return vote, last - at + 1
    return None, 1


Found = tuple[str, str, int, int]
"""Kind, voter, first word, last word."""


def _organisation(line: Line, at: int, lexicon: Lexicon) -> Found | None:
    length = lexicon.organisation_at(line.forms, at)
    group = line.words[at : at + length]
    if length and not any(_BREAK.search(word.gap) for word in group[1:]):
        named = any(word.capital for word in group) if line.cased else length > 1
        unusual = any(lexicon.is_unknown(word.form) for word in group)
        if (named and (unusual or length > 1)) or (unusual and not line.cased):
            return ("ORG", GAZETTEER, at, at + length - 1)
    return _announced_organisation(line, at, lexicon) if line.cased else _spoken_organisation(line, at, lexicon)


def _announced_organisation(line: Line, at: int, lexicon: Lexicon) -> Found | None:
    """Find what a word such as "garage" or "bewind" beside a capital says to be an organisation."""
    stays = line.forms[at] in lexicon.safe and line.forms[at] not in {"de", "het"}
    if stays or not line.capital(at):
        return None
    last = at
    while last + 1 < len(line.words) and _joins(line, last + 1) and line.capital(last + 1):
        follows = line.forms[last] in PARTICLES or line.forms[last + 1] in ORG_TAILS
        if not follows and not line.tells(last + 1, lexicon):
            break
        last += 1
    before = line.before(at)
    if before in ORG_CUES | ORG_HEADS and (line.forms[at] not in PARTICLES or last > at):
        return ("ORG", GAZETTEER, at - 1 if before in ORG_HEADS else at, last)
    if last > at and line.forms[last] in ORG_TAILS and not line.words[at].opens:
        return ("ORG", GAZETTEER, at, last)
    return None


def _spoken_organisation(line: Line, at: int, lexicon: Lexicon) -> Found | None:
    """Find the same in lower-case speech, where only a word that is a name or unknown can be one."""
    form = line.forms[at]
    last = at
    if form in ORG_CUES | ORG_HEADS or form.endswith(LONG_ORG_CUES):
        while last + 1 < len(line.words) and _is_part_of_organisation(line, last + 1, form, lexicon):
            last += 1
    elif line.after(at) in ORG_TAILS and (lexicon.is_surname(form) or _is_strange_word(line, at, lexicon)):
        last = at + 1
    return ("ORG", GAZETTEER, at, last) if last > at else None


def _is_part_of_organisation(line: Line, at: int, cue: str, lexicon: Lexicon) -> bool:
    if not _joins(line, at):
        return False
    form = line.forms[at]
    if cue in ORG_HEADS and (lexicon.is_first_name(form) or (form,) in lexicon.places.get(form, ())):
        return True
    return lexicon.is_surname(form) or _is_strange_word(line, at, lexicon)


def _joins(line: Line, at: int) -> bool:
    return not _BREAK.search(line.words[at].gap)


def _place(line: Line, at: int, lexicon: Lexicon) -> Found | None:
    form = line.forms[at]
    length = lexicon.place_at(line.forms, at)
    after_preposition = line.before(at) in PLACE_PREPOSITIONS or (
        at > 1 and line.before(at) in {"de", "het", "t"} and line.before(at - 1) in PLACE_PREPOSITIONS
    )
    if length and any(_BREAK.search(word.gap) for word in line.words[at + 1 : at + length]):
        length = 0
    if length:
        group = range(at, at + length)
        named = any(line.capital(each) for each in group)
        if not named and (line.cased or not _is_lower_place(line, group, lexicon, after_preposition)):
            return None
        if not after_preposition and length == 1 and _is_rather_person(line, at, lexicon):
            return None
        return ("PLAATS", GAZETTEER, at, at + length - 1)
    if (
        form in lexicon.word_places
        and line.inside(at)
        and line.tells(at, lexicon)
        and line.before(at) in STRICT_PLACE_PREPOSITIONS
    ):
        return ("PLAATS", GAZETTEER, at, at)
    return _inhabitants(line, at, lexicon) or _split_place(line, at, lexicon)


def _is_lower_place(line: Line, group: range, lexicon: Lexicon, after_preposition: bool) -> bool:  # noqa: FBT001 - a fact
    """Decide on a place in lower-case speech: long enough, and not made of ordinary words where none is expected."""
    forms = [line.forms[each] for each in group]
    plain = len(forms) > 1 and forms[0] != "den" and all(form in lexicon.ordinary for form in forms)
    return len("".join(forms)) >= _SHORTEST_LOWER_PLACE and (after_preposition or not plain)


def _is_rather_person(line: Line, at: int, lexicon: Lexicon) -> bool:
    form = line.forms[at]
    if title_before(line.words, at) or lexicon.is_first_name(line.before(at)):
        return True
    return lexicon.is_first_name(form)


def _inhabitants(line: Line, at: int, lexicon: Lexicon) -> Found | None:
    """Find "Amsterdamse" and "Tilburger": a place with an ending."""
    form = line.forms[at]
    if not line.capital(at) or form in lexicon.ordinary or form in lexicon.safe or lexicon.is_any_name(form):
        return None
    stems = [
        form.removesuffix(ending)
        for ending in ("se", "s", "er", "ers", "mer", "mers", "naar", "naren")
        if form.endswith(ending)
    ]
    if any((stem,) in lexicon.places.get(stem, ()) for stem in stems if len(stem) >= _SHORTEST_LOWER_PLACE):
        return ("PLAATS", GAZETTEER, at, at)
    return None


def _split_place(line: Line, at: int, lexicon: Lexicon) -> Found | None:
    """Find the place that a recogniser wrote as two words: "in brouw huis"."""
    if line.cased or at + 1 >= len(line.words) or line.before(at) not in STRICT_PLACE_PREPOSITIONS:
        return None
    joined = line.forms[at] + line.forms[at + 1]
    if len(joined) >= _SHORTEST_JOINED and (joined,) in lexicon.places.get(joined, ()) and _joins(line, at + 1):
        return ("PLAATS", GAZETTEER, at, at + 1)
    return None


def _person(line: Line, at: int, lexicon: Lexicon) -> Found | None:
    form = line.forms[at]
    surname = _particled_surname(line, at, lexicon)
    if surname and _named_before(line, at, lexicon):
        return ("PERSOON", GAZETTEER, at, _extend(line, surname, lexicon))
    if form in lexicon.safe and not (line.capital(at) and title_before(line.words, at)):
        return None
    if (
        _is_titled(line, at, lexicon)
        or (form in FRONT_PARTICLES and _is_capital_particle(line, at, lexicon))
        or _is_first_name(line, at, lexicon)
    ):
        return ("PERSOON", GAZETTEER, at, _extend(line, at, lexicon))
    if _is_word_surname(line, at, lexicon) or (lexicon.is_surname(form) and _is_plain_surname(line, at)):
        first = _with_particles(line, at)
        return ("PERSOON", GAZETTEER, first, _extend(line, at, lexicon))
    return None


def _particled_surname(line: Line, at: int, lexicon: Lexicon) -> int:
    """Give the word behind tussenvoegsels that are hardly anything else ("van der", "in 't", "ter"), or 0."""
    if at + 1 >= len(line.words) or not _joins(line, at + 1):
        return 0
    pair = (line.forms[at], line.forms[at + 1])
    name = at + 2 if pair in PARTICLE_PAIRS else at + 1 if pair[0] in {"ter", "ten"} else 0
    if not name or name >= len(line.words) or not _joins(line, name):
        return 0
    form = line.forms[name]
    known = lexicon.is_any_name(form) or not lexicon.is_built(form)
    bare = not line.capital(name) and (line.cased or pair[1] == "t")
    if form in TER_IDIOMS or form in PARTICLES or form.isdigit() or (bare and not known):
        return 0
    return name


def _named_before(line: Line, at: int, lexicon: Lexicon) -> bool:
    """Tell whether a first name or a title stands right before a word."""
    if not line.before(at):
        return False
    before = line.before(at)
    return title_before(line.words, at) or before in OFFICES or lexicon.is_first_name(before)


def _is_capital_particle(line: Line, at: int, lexicon: Lexicon) -> bool:
    """Decide on "Van Dijk": a tussenvoegsel with a capital, and a name behind it."""
    if not line.capital(at) or line.words[at].shouted or not _is_surname_start(line, at + 1, lexicon):
        return False
    if line.inside(at):
        return True
    name = at + 1
    while line.forms[name] in PARTICLES:
        name += 1
    return lexicon.is_surname(line.forms[name]) or (
        line.forms[at] != "de" and lexicon.is_unknown(line.forms[name]) and not lexicon.place_at(line.forms, name)
    )


def _with_particles(line: Line, at: int) -> int:
    """Give where a surname begins that has its tussenvoegsels and initials before it."""
    first = at
    while first and line.before(first) in PARTICLES and line.words[first - 1].capital and line.capital(first):
        first -= 1
    initial = _initial_before(line, at)
    return first if initial is None else initial


def _initial_before(line: Line, at: int) -> int | None:
    """Give the initial of "T. de Graaf", if there is one."""
    first = at - 1
    while first >= 0 and line.forms[first] in PARTICLES and _joins(line, first + 1):
        first -= 1
    if first < 0 or not line.words[first].capital or len(line.forms[first]) > 1:
        return None
    if line.words[first].opens and line.forms[first] in {"o", "u"}:
        return None
    gap = line.words[first + 1].gap
    return first if gap.startswith(".") and not gap.strip(". ") else None


def _is_word_surname(line: Line, at: int, lexicon: Lexicon) -> bool:
    """Decide on a surname that is an ordinary word too, with a capital: "T. de Graaf", "toen kwam Bakker"."""
    form = line.forms[at]
    if not line.capital(at) or form in lexicon.safe or form in PARTICLES or line.words[at].shouted:
        return False
    if is_number(form):
        return False
    if _initial_before(line, at) is not None:
        return True
    if form in NO_NOUN - ADJECTIVE_NAMES or not line.tells(at, lexicon):
        return False
    return line.inside(at) and form in lexicon.word_surnames and line.before(at) not in DETERMINERS - {"de", "t"}


def _is_plain_surname(line: Line, at: int) -> bool:
    if line.cased:
        return line.words[at].capital and not (line.words[at].shouted and len(line.forms[at]) < _SHORTEST_LOWER_SURNAME)
    return len(line.forms[at]) >= _SHORTEST_LOWER_SURNAME


def _is_titled(line: Line, at: int, lexicon: Lexicon) -> bool:
    """Tell whether a title or a relative before a word makes a name of it."""
    form = line.forms[at]
    if form in PARTICLES or form in TITLES or form.isdigit():
        return False
    before = line.before(at)
    if title_before(line.words, at):
        return line.capital(at) or (
            not line.cased
            and (lexicon.is_any_name(form) and form not in DETERMINERS and form not in lexicon.word_names)
            and not _is_common(form, lexicon)
        )
    if not line.capital(at):
        return False
    if before in TITLES or before in OFFICES or before in RELATIVES:
        return form not in lexicon.ordinary or lexicon.is_any_name(form)
    return False


def _is_common(form: str, lexicon: Lexicon) -> bool:
    return form in lexicon.ordinary and form not in lexicon.noun_names and form not in lexicon.word_surnames


def _is_first_name(line: Line, at: int, lexicon: Lexicon) -> bool:
    form = line.forms[at]
    if line.cased and line.words[at].shouted and len(form) < _SHORTEST_LOWER_SURNAME:
        return False
    if lexicon.is_first_name(form):
        lower = form not in lexicon.rather_names and len(form) >= _SHORTEST_LOWER_PLACE
        return not line.cased or line.words[at].capital or lower
    if form in lexicon.noun_names:
        return _is_noun_name(line, at, lexicon)
    if form in lexicon.word_names or form in VERB_NAMES:
        return _is_word_name(line, at, lexicon)
    return False


def _is_noun_name(line: Line, at: int, lexicon: Lexicon) -> bool:
    """Decide on "bas", "mees", "roos"."""
    if line.cased:
        if not line.words[at].capital:
            return False
        return not line.words[at].opens or _is_addressed(line, at, lexicon)
    before, after = line.before(at), line.after(at)
    if before in DETERMINERS or after in DETERMINERS - {"die", "dat"}:
        return False
    named = before in RELATIVES or before in BEFORE_NAMES or before in TITLES or lexicon.is_first_name(before)
    return named or after in SAYING


def _is_addressed(line: Line, at: int, lexicon: Lexicon) -> bool:
    """Tell whether a word that opens a sentence is a name by what follows it."""
    after = line.after(at)
    if not after:
        return True
    following = line.words[at + 1]
    return after in SAYING or after in PARTICLES or (following.capital and lexicon.is_unknown(after)) or after == "en"


def _is_word_name(line: Line, at: int, lexicon: Lexicon) -> bool:
    """Decide on "Wil", "Door": only a capital inside the sentence, or a surname behind it."""
    if not line.capital(at) or line.words[at].shouted:
        return False
    after = line.after(at)
    surname_follows = after != "" and _is_surname_start(line, at + 1, lexicon)
    if line.words[at].opens:
        return surname_follows or (after in SAYING and _may_open(line.forms[at], lexicon))
    if not line.tells(at, lexicon):
        return surname_follows
    return (
        surname_follows
        or line.forms[at] in lexicon.word_names
        or (line.forms[at] in VERB_NAMES and after not in SUBJECTS)
    )


def _may_open(form: str, lexicon: Lexicon) -> bool:
    """Tell whether an ordinary word that opens a sentence is a name when a verb of doing follows: "Wil is er"."""
    return form in VERB_NAMES or (len(form) < _SHORTEST_UNKNOWN and form in lexicon.word_names and form not in NO_NOUN)


def _is_surname_start(line: Line, at: int, lexicon: Lexicon) -> bool:
    while at < len(line.words) and line.forms[at] in PARTICLES and _joins(line, at):
        at += 1
    if at >= len(line.words) or not _joins(line, at) or not line.capital(at):
        return False
    form = line.forms[at]
    return form not in lexicon.safe and (lexicon.is_any_name(form) or lexicon.is_unknown(form))


def _extend(line: Line, at: int, lexicon: Lexicon) -> int:
    """Give the last word of the name that begins at a word: further first names, particles, surname."""
    last = at
    while last - at < _LONGEST_NAME:
        surname = _particled_surname(line, last + 1, lexicon)
        if surname:
            last = surname
            continue
        step = last + 1
        while step < len(line.words) and line.forms[step] in PARTICLES and _joins(line, step):
            step += 1
        if step >= len(line.words) or not _joins(line, step) or not _continues(line, step, step > last + 1, lexicon):
            return last
        if step > last + 1 and _leads_to_a_thing(line, last + 1, step, lexicon):
            return last
        last = step
    return last


def _leads_to_a_thing(line: Line, first: int, at: int, lexicon: Lexicon) -> bool:
    """Tell whether the words behind a name say where somebody is from: "van de wijkkeuken", "van Café De Snor"."""
    form = line.forms[at]
    cue = form in ORG_CUES | ORG_HEADS or lexicon.organisation_at(line.forms, at) > 0
    street = form.endswith(SURE_STREET_ENDINGS) and form not in SURE_STREET_ENDINGS and not lexicon.is_surname(form)
    plain = not line.capital(at) and lexicon.is_built(form) and not lexicon.is_any_name(form)
    by = line.forms[first] in {"aan", "op", "bij", "uit", "in"} and line.forms[first + 1] not in {"t", "den", "der"}
    return cue or street or plain or (by and not line.cased)


def _continues(line: Line, at: int, after_particle: bool, lexicon: Lexicon) -> bool:  # noqa: FBT001 - a fact, no switch
    form = line.forms[at]
    if form in lexicon.safe or form.isdigit() or len(form) == 1:
        return False
    if line.cased:
        return line.words[at].capital and _continues_cased(line, at, after_particle, lexicon)
    if after_particle:
        from_place = line.forms[at - 1] in PLACE_PREPOSITIONS or line.forms[at - 1] == "op"
        return (
            not from_place
            and (form not in lexicon.ordinary or form in lexicon.word_surnames)
            and line.forms[at - 1] != "aan"
            and not (form in lexicon.ordinary and line.forms[at - 1] in {"de", "het", "t"})
        )
    return lexicon.is_surname(form) and not lexicon.is_first_name(form)


def _continues_cased(line: Line, at: int, after_particle: bool, lexicon: Lexicon) -> bool:  # noqa: FBT001 - likewise
    form = line.forms[at]
    if after_particle:
        possible = line.forms[at - 1] not in PLACE_PREPOSITIONS
    else:
        possible = line.tells(at, lexicon) or (
            form in lexicon.word_surnames and form not in (NO_NOUN | SAYING) - ADJECTIVE_NAMES
        )
    return possible and (form not in lexicon.ordinary or lexicon.is_any_name(form))


def _unknown(line: Line, at: int, lexicon: Lexicon) -> Found | None:
    """Take a word that no list knows for a name: with a capital inside a sentence, or where there are no capitals."""
    if not line.cased:
        return _unknown_uncased(line, at, lexicon)
    word = line.words[at]
    form = line.forms[at]
    acts = line.after(at) in SAYING and line.before(at) not in DETERMINERS and form not in lexicon.safe
    lone = len(form) < _SHORTEST_UNKNOWN or word.shouted or not (lexicon.is_unknown(form) or acts)
    placed = line.inside(at) or _opens_as_name(line, at, lexicon)
    if lone or not placed or not line.tells(at, lexicon) or any(char.isdigit() for char in form):
        return None
    last = at
    while (
        last + 1 < len(line.words)
        and _joins(line, last + 1)
        and line.inside(last + 1)
        and line.tells(last + 1, lexicon)
        and line.forms[last + 1] not in lexicon.safe
    ):
        last += 1
    before = line.before(at)
    kind = "PERSOON"
    if before in STRICT_PLACE_PREPOSITIONS:
        kind = "PLAATS"
    elif before in ORG_CUES | {"het", "bij", "de"} or any(
        line.forms[i] in lexicon.ordinary for i in range(at, last + 1)
    ):
        kind = "ORG"
    return (kind, CAPITAL, at, last)


def _opens_as_name(line: Line, at: int, lexicon: Lexicon) -> bool:
    """Tell whether an unknown word that opens a sentence is a name by the word behind it."""
    after = line.after(at)
    if not after or not line.capital(at) or not _is_strange(line.forms[at], lexicon):
        return False
    return after in SAYING or (line.capital(at + 1) and _is_strange(after, lexicon))


def _is_strange(form: str, lexicon: Lexicon) -> bool:
    """Tell whether a word is neither known nor made of known words."""
    return len(form) >= _SHORTEST_STRANGE and lexicon.is_unknown(form) and not lexicon.is_built(form)


def _unknown_uncased(line: Line, at: int, lexicon: Lexicon) -> Found | None:
    """Take a word of lower-case speech that is neither known nor made of known words for a name."""
    if not _is_strange_word(line, at, lexicon):
        return None
    last = at
    while last + 1 < len(line.words) and _joins(line, last + 1) and _is_strange_word(line, last + 1, lexicon):
        last += 1
    before = line.before(at)
    if before in {"de", "het", "t"} and at > 1:
        before = line.before(at - 1) or before
    if any(char.isdigit() for each in range(at, last + 1) for char in line.forms[each]):
        return ("ORG", STRANGE, at, last)
    return ("PLAATS" if before in STRICT_PLACE_PREPOSITIONS else "PERSOON", STRANGE, at, last)


def _is_strange_word(line: Line, at: int, lexicon: Lexicon) -> bool:
    form = line.forms[at].rstrip("0123456789")
    drawn = any(left == middle == right for left, middle, right in zip(form, form[1:], form[2:], strict=False))
    return not drawn and not len(form) < _SHORTEST_STRANGE and _is_strange(form, lexicon) and _is_speakable(form)


def _is_speakable(form: str) -> bool:
    """Tell whether a word has a vowel: "hmpf" and "mbt" are no names."""
    return any(char in "aeiouy" for char in form)


def _streets(line: Line, lexicon: Lexicon) -> list[Vote]:
    """Find streets: with a house number, or with a capital inside a sentence."""
    votes = []
    for at, word in enumerate(line.words):
        ending = next((end for end in STREET_ENDINGS if word.form.endswith(end)), None)
        if ending is None:
            continue
        alone = word.form == ending
        house = _HOUSE.match(line.text, word.end)
        first = _street_start(line, at, alone=alone)
        if alone and first == at:
            continue
        plain = word.form in lexicon.ordinary and not word.capital
        if house and not (plain and not alone) and not _is_preposition_phrase(line, first, lexicon, alone=alone):
            votes.append(Vote(line.words[first].start, house.end(), "ADRES", GAZETTEER))
        elif _is_named_street(line, at, first, lexicon):
            votes.append(Vote(line.words[first].start, word.end, "ADRES", GAZETTEER))
    return votes


def _is_preposition_phrase(line: Line, first: int, lexicon: Lexicon, *, alone: bool) -> bool:
    """Tell whether a bare "hof" or "weg" after an ordinary lower-case word is no street ("iets verder weg 3")."""
    if not alone or line.words[first].capital:
        return False
    return (
        line.cased
        or line.forms[first] in DETERMINERS
        or line.forms[first] in PARTICLES
        or line.forms[first] in SUBJECTS
        or line.forms[first] in lexicon.word_names
    )


def _street_start(line: Line, at: int, *, alone: bool) -> int:
    """Give the first word of a street's name: "Jan van Galenstraat", "hazelaar hof"."""
    first = at
    while first and at - first < _STREET_WORDS_BEFORE and _joins(line, first) and line.cased:
        before = line.words[first - 1]
        named = before.capital and not (before.opens and before.form in PARTICLES | BEFORE_NAMES)
        inside = (
            before.form in PARTICLES
            and first - 1
            and _joins(line, first - 1)
            and line.words[first - 2].capital
            and line.forms[first - 2] not in PARTICLES
        )
        if not (named or (inside and line.words[at].capital and not line.words[first - 2].opens)):
            break
        first -= 1
    if alone and first == at and not line.cased and at and _joins(line, at):
        first = at - 1
    return first


def _is_named_street(line: Line, at: int, first: int, lexicon: Lexicon) -> bool:
    word = line.words[at]
    if len(word.form) < _SHORTEST_STREET:
        return False
    if not line.cased:
        return _is_spoken_street(line, at, lexicon)
    if not word.capital:
        return False
    if not word.form.endswith(SURE_STREET_ENDINGS):
        return False
    return line.inside(at) or first < at or (word.form not in lexicon.ordinary and not lexicon.is_any_name(word.form))


def _is_spoken_street(line: Line, at: int, lexicon: Lexicon) -> bool:
    """Decide on a street in lower-case speech: called after something unknown, or in the place of one."""
    form = line.forms[at]
    ending = next((end for end in SPOKEN_STREET_ENDINGS if form.endswith(end)), None)
    if ending is None or form == ending or form in lexicon.ordinary:
        return False
    stem = form.removesuffix(ending)
    if _is_strange(stem, lexicon) or (lexicon.is_any_name(stem) and stem not in lexicon.ordinary):
        return True
    placed = line.before(at) in {"de", "het", "t"} and at > 1 and line.before(at - 1) in {"op", "in", "aan", "bij"}
    return placed or line.before(at) in {"op", "in", "aan"}
