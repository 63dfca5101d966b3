"""Read JSON of speech recognisers: Whisper, faster-whisper, WhisperX, aTrain, whisper.cpp and their kin.

Segments with speakers are merged into turns (`turns.merge`); without speakers one segment is one turn, so that turns
of nobody are not glued into one. A segment whose words have several speakers is cut where the speaker changes, as
long as the words together are the text. Nothing is left out, however unlikely: what a recogniser may have invented is
told in `warnings`.

Names that programs give to the same things: `words[].word` or `text`; `confidence`, `probability`, `score` or `conf`
in [0, 1]. Where words have no confidence, the segment's mean log-probability stands in for it (its exponent is the
geometric mean of the probabilities of its tokens).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from pipeline.domain.errors import InputError
from pipeline.formats.clock import in_range, parse_clock
from pipeline.formats.intake import MAX_XML_TAGS
from pipeline.formats.marks import tidy
from pipeline.formats.turns import Aside, Piece, listing, merge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.domain.transcript import Turn

LOW_CONFIDENCE = 0.5
"""Mean word confidence below which a turn is worth listening to again."""
LOOP = 3
"""Times that the same words in a row make a loop of the recogniser."""
LOOP_PHRASE = 4
"""Times that the same phrase in a row inside one turn makes a loop."""
LEAST_LOOP_LETTERS = 12
_LISTS = ("segments", "transcription", "chunks", "utterances", "results", "transcript", "monologues", "data")
_TEXTS = ("text", "tekst", "transcript")
_SPEAKERS = ("speaker", "spreker", "speaker_label", "speaker_id", "speaker_name")
_SCORES = ("confidence", "probability", "score", "conf")
_SILENCE_PHRASES = (
    r"ondertitel(?:d|ing|ings?credits|s)?\b.{0,60}",
    r"(?:tv|t\.v\.) ?(?:gelderland|ondertiteling)\b.{0,40}",
    r".{0,40}amara\.org.{0,20}",
    r".{0,40}\bondertitel(?:d|ing) (?:door|van)\b.{0,60}",
    r".{0,30}\bvertaling\b.{0,40}\bondertitel.{0,40}",
    (
        r"(?:hartelijk |heel erg |heel |erg )?(?:bedankt|dank (?:je|u)(?: wel)?)(?: allemaal)? "
        r"voor het (?:kijken|luisteren)\b"
        r".{0,40}"
    ),
    r".{0,30}\babonne(?:er|ren)\b.{0,60}\b(?:kanaal|channel)\b.{0,30}",
    r".{0,20}\btot de volgende (?:keer|video|aflevering)\b.{0,20}",
    r"subtitles? by\b.{0,60}",
    r"www\.\S{1,60}",
    r".{0,20}\b(?:nos|bart|npo) ondertiteling\b.{0,30}",
    r".{0,20}©.{0,60}",
    r"(?:swr|zdf|br) \d{4}",
)
"""What recognisers make of silence: credits of subtitles and thanks for watching, learnt from television and video."""
_HALLUCINATIONS = re.compile(rf"(?:{'|'.join(_SILENCE_PHRASES)})\W*", re.IGNORECASE)


def read_json(text: str, place: str) -> object:
    """Parse JSON.

    Raises:
        InputError: when it is no JSON, or too deep or too large for one conversation.
    """
    if text.count("{") + text.count("[") > MAX_XML_TAGS:
        raise InputError.single(place, "de JSON is te groot voor één gesprek", "Lever één gesprek per bestand aan.")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cure = "Exporteer het transcript opnieuw uit de spraakherkenner."
        where = f"{place}, regel {error.lineno}"
        raise InputError.single(where, "de JSON is niet heel", cure) from None
    except (RecursionError, ValueError):
        cure = "Exporteer het transcript opnieuw uit de spraakherkenner."
        raise InputError.single(place, "de JSON is te diep genest of bevat onmogelijke getallen", cure) from None


def segments_in(data: object) -> list[Mapping[str, object]] | None:
    """Find the list of segments in the JSON of a recogniser; `None` when there is none."""
    if isinstance(data, list):
        found = [item for item in data if isinstance(item, Mapping)]
        return found if found and any(_is_segment(item) for item in found) else None
    if not isinstance(data, Mapping):
        return None
    for key in _LISTS:
        found_below = segments_in(data[key]) if isinstance(data.get(key), (list, Mapping)) else None
        if found_below is not None:
            return found_below
    return None


def _is_segment(item: Mapping[str, object]) -> bool:
    return any(isinstance(item.get(key), str) for key in _TEXTS) or isinstance(item.get("words"), list)


def read_recogniser(data: object, place: str, aside: Aside) -> list[Piece]:
    """Give the turns of a recogniser's JSON.

    Args:
        data: the parsed JSON.
        place: name of the file, for errors.
        aside: gets warnings about segments that could not be read.

    Raises:
        InputError: when it has no segments.
    """
    segments = segments_in(data)
    if segments is None:
        cure = "Exporteer de JSON met segmenten (start, end, text), of lever .vtt of .docx aan."
        raise InputError.single(place, "de JSON heeft geen segmenten met tekst", cure)
    names = _speaker_names(data)
    spoken = [segment for segment in segments if _is_segment(segment)]
    pieces = [piece for segment in spoken for piece in _pieces(segment, names)]
    skipped = len(segments) - len(spoken)
    if skipped:
        aside.warnings.append(f"{skipped} delen van de JSON hebben geen tekst en zijn overgeslagen.")
    return merge(piece for piece in pieces if piece.text.strip())


def _speaker_names(data: object) -> dict[str, str]:
    """Give the names that a separate list of speakers tells (Amberscript: `speakers[].spkid` and `name`)."""
    listed = data.get("speakers") if isinstance(data, Mapping) else None
    names: dict[str, str] = {}
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, Mapping) and isinstance(item.get("name"), str):
            for key in ("spkid", "id", "speaker"):
                if isinstance(item.get(key), (str, int)):
                    names[str(item[key])] = str(item["name"])
    return names


def _pieces(segment: Mapping[str, object], names: Mapping[str, str]) -> list[Piece]:
    given = segment.get("words")
    words = [word for word in given if isinstance(word, Mapping)] if isinstance(given, list) else []
    text = _first_text(segment, _TEXTS) or _joined(words)
    label = _label(segment, names)
    start, end = _times(segment, words)
    confidence, counted = _confidence(segment, words)
    whole = Piece(label, text, start, end, confidence=confidence, words=counted)
    return _by_speaker(whole, words, names) or [whole]


def _by_speaker(whole: Piece, words: Sequence[Mapping[str, object]], names: Mapping[str, str]) -> list[Piece]:
    """Cut a segment where the speaker of its words changes; empty when nothing is to cut or words would be lost."""
    speakers: list[str | None] = []
    for word in words:
        speakers.append(_label(word, names) or (speakers[-1] if speakers else None))
    first = next((speaker for speaker in speakers if speaker), None)
    speakers = [speaker or first for speaker in speakers]
    if len(set(speakers)) < 2 and (whole.label or first is None):  # noqa: PLR2004 - nothing to cut
        return []
    if tidy(_joined(words)).replace(" ", "") != tidy(whole.text).replace(" ", ""):
        return [] if whole.label or not first else [replace(whole, label=first)]
    pieces: list[Piece] = []
    for speaker, group in groupby(range(len(words)), key=lambda index: speakers[index]):
        own = [words[index] for index in group]
        start, end = _times({}, own)
        confidence, counted = _confidence({}, own)
        pieces.append(Piece(speaker, _joined(own), start, end, confidence=confidence, words=counted))
    pieces[0] = replace(pieces[0], start=whole.start if whole.start is not None else pieces[0].start)
    pieces[-1] = replace(pieces[-1], end=whole.end if whole.end is not None else pieces[-1].end)
    return pieces


def _joined(words: Sequence[Mapping[str, object]]) -> str:
    """Put words together; programs that keep the space before a word need none between."""
    texts = [_first_text(word, ("word", *_TEXTS)) for word in words]
    return ("" if any(text.startswith(" ") for text in texts[1:]) else " ").join(texts)


def _first_text(item: Mapping[str, object], keys: Iterable[str]) -> str:
    return next((value for key in keys if isinstance(value := item.get(key), str) and value.strip()), "")


def _label(item: Mapping[str, object], names: Mapping[str, str]) -> str | None:
    for key in _SPEAKERS:
        value = item.get(key)
        if isinstance(value, Mapping):
            value = value.get("name") or value.get("id")
        if isinstance(value, int) and not isinstance(value, bool):
            return names.get(str(value), f"Spreker {value}")
        if isinstance(value, str) and value.strip():
            return names.get(value, value)
    return None


def _times(item: Mapping[str, object], words: Sequence[Mapping[str, object]]) -> tuple[float | None, float | None]:
    """Give start and end of a segment; from its words where it has none of its own."""
    offsets = item.get("offsets")
    if isinstance(offsets, Mapping):
        return _thousandth(offsets.get("from")), _thousandth(offsets.get("to"))
    stamp = item.get("timestamp")
    if isinstance(stamp, Sequence) and not isinstance(stamp, str) and len(stamp) == 2:  # noqa: PLR2004 - start and end
        return _seconds(stamp[0]), _seconds(stamp[1])
    start, end = _seconds(item.get("start")), _seconds(item.get("end"))
    starts = [time for word in words if (time := _seconds(word.get("start"))) is not None]
    ends = [time for word in words if (time := _seconds(word.get("end"))) is not None]
    return start if start is not None else min(starts, default=None), end if end is not None else max(
        ends, default=None
    )


def _seconds(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return in_range(float(value)) if abs(value) < 10**9 else None
    if isinstance(value, float):
        return in_range(value)
    if isinstance(value, str):
        clock = parse_clock(value[:40])
        return clock if clock is not None else _number(value[:40])
    return None


def _number(text: str) -> float | None:
    try:
        return in_range(float(text.replace(",", ".")))
    except ValueError:
        return None


def _thousandth(value: object) -> float | None:
    seconds = _seconds(value)
    return seconds / 1000 if seconds is not None else None


def _confidence(segment: Mapping[str, object], words: Sequence[Mapping[str, object]]) -> tuple[float | None, int]:
    scores = [score for word in words if (score := _score(word)) is not None]
    if scores:
        return sum(scores) / len(scores), len(scores)
    logarithm = segment.get("avg_logprob")
    if isinstance(logarithm, (int, float)) and not isinstance(logarithm, bool) and -100 < logarithm <= 0:  # noqa: PLR2004
        return math.exp(logarithm), max(1, len(_first_text(segment, _TEXTS).split()))
    own = _score(segment)
    return own, max(1, len(_first_text(segment, _TEXTS).split()))


def _score(item: Mapping[str, object]) -> float | None:
    for key in _SCORES:
        value = item.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
    return None


def suspicions(turns: Sequence[Turn]) -> list[str]:
    """Say where a recogniser may have invented words: silence phrases, loops, and low confidence; by number of turn."""
    invented = [turn.number for turn in turns if _HALLUCINATIONS.fullmatch(turn.text)]
    unsure = [turn.number for turn in turns if turn.confidence is not None and turn.confidence < LOW_CONFIDENCE]
    looping = _loops(turns)
    found: list[str] = []
    if invented:
        found.append(f"Mogelijk verzonnen door de spraakherkenner (bekende stiltezin): {listing('beurt', invented)}.")
    if looping:
        found.append(f"De spraakherkenner herhaalt zichzelf: {listing('beurt', looping)}.")
    if unsure:
        where = f"{len(unsure)} van de {len(turns)} beurten ({listing('beurt', unsure)})"
        found.append(f"Weinig zekerheid van de spraakherkenner, luister terug: {where}.")
    return found


def _loops(turns: Sequence[Turn]) -> list[int]:
    """Give the turns that say the same as their neighbours, `LOOP` or more in a row, or loop inside."""
    looping: list[int] = []
    for words, group in groupby(turns, key=lambda turn: (turn.speaker, _bare(turn.text))):
        same = list(group)
        if (words[1] and len(same) >= LOOP) or (same and _loops_inside(words[1])):
            looping += [turn.number for turn in same]
    return looping


def _bare(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _loops_inside(bare: str) -> bool:
    """Tell whether a phrase of up to twelve words is said `LOOP_PHRASE` times in a row (backchannels are no loop)."""
    words = bare.split()
    for length in range(1, 13):
        repeats = 1
        for index in range(length, len(words) - length + 1, 1):
            if words[index] == words[index - length]:
                repeats += 1
                if repeats > (LOOP_PHRASE - 1) * length and len("".join(words[index - length : index])) >= min(
                    LEAST_LOOP_LETTERS, length * 4
                ):
                    return True
            else:
                repeats = 1
    return False
