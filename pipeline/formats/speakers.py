"""Labels of speakers: what looks like one, whose name it is, and which function it tells.

A label comes as typed: "KM1", "R1 (klantmanager)", "[i]", "De heer Klaver (GroenLinks)", "Vries, Anna de". Of one
speaker all spellings that differ only in case, spaces or remark are one. Labels that name nobody ("Onbekend",
"Speaker undefined") give no speaker: nobody is invented.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.domain.transcript import Speaker
from pipeline.formats.marks import known_mark, tidy

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LABEL = 63
"""Longest label in characters, as in MAXQDA."""
MOST_NAME_WORDS = 7


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split(", "))


_ROLE_WORDS: dict[str, str] = {
    "sociaal_werker": (
        "sociaal werker, sociaalwerker, sociaal werkster, social worker, maatschappelijk werker, maatschappelijk "
        "werkster, sociaal wijkteammedewerker, wijkteammedewerker, wijkteam, wijkteamwerker, buurtteamwerker, "
        "buurtteam, buurtteammedewerker, gebiedsteamwerker, gebiedsteam, gebiedsteammedewerker, ambulant "
        "begeleider, ambulant begeleidster, cliëntondersteuner, clientondersteuner, sociaal raadsman, sociaal "
        "raadsvrouw, sociaal raadspersoon, opbouwwerker, jongerenwerker, ouderenwerker, sw"
    ),
    "klantmanager": (
        "klantmanager, klant manager, consulent, consulente, consulent werk, consulent inkomen, "
        "inkomensconsulent, werkconsulent, werkregisseur, werkcoach, casemanager, casemanager w&i, "
        "activeringsconsulent, jobcoach, klantregisseur, km"
    ),
    "beleid": (
        "beleid, beleidsmedewerker, beleidsmedewerkster, beleidsadviseur, beleidsverantwoordelijke, teamleider, "
        "teammanager, manager, kwaliteitsmedewerker, leidinggevende, bm"
    ),
    "client": (
        "client, cliënt, cliënte, cliente, klant, burger, inwoner, inwoonster, bijstandsgerechtigde, mevrouw, "
        "meneer, mijnheer"
    ),
    "ervaringsdeskundige": (
        "ervaringsdeskundige, ervaringswerker, ervaringswerkster, cliëntenraadslid, clientenraadslid, ed"
    ),
    "gespreksleider": (
        "gespreksleider, gespreksleidster, voorzitter, begeleider, begeleidster, procesbegeleider, "
        "procesbegeleidster, moderator, mod, gl, vz, vrz"
    ),
    "onderzoeker": (
        "onderzoeker, onderzoekster, observant, observator, interviewer, interviewster, docent-onderzoeker, "
        "docentonderzoeker, int, obs"
    ),
}
"""Role words per function, `domain.md` 3.3 and abbreviations that transcribers use."""
_FUNCTIE = {word: functie for functie, words in _ROLE_WORDS.items() for word in words.split(", ")}
_ADDRESS = frozenset({"mevrouw", "meneer", "mijnheer"})
_AMBIGUOUS = frozenset({"mevrouw", "meneer", "mijnheer", "burger", "manager", "begeleider"})
_ABBREVIATIONS = _words("sw, km, bm, ed, mod, gl, vz, vrz, int, obs")
_ROLE = re.compile(
    r"(?<!\w)("
    + "|".join(re.escape(word) for word in sorted(_FUNCTIE, key=len, reverse=True) if word not in _ABBREVIATIONS)
    + r")(?!\w)"
)
_GESPREKSROL = {
    "gespreksleider": "gespreksleider",
    "gespreksleidster": "gespreksleider",
    "voorzitter": "gespreksleider",
    "procesbegeleider": "gespreksleider",
    "moderator": "gespreksleider",
    "mod": "gespreksleider",
    "gl": "gespreksleider",
    "vz": "gespreksleider",
    "vrz": "gespreksleider",
    "inbrenger": "inbrenger",
    "casusinbrenger": "inbrenger",
    "observant": "observant",
    "observator": "observant",
    "obs": "observant",
}
_NOBODY = _words(
    "-, ?, ??, n.n., n/a, nn, none, null, nvt, onbekend, onbekende spreker, speaker undefined, speaker "
    "unknown, speaker_unknown, spreker onbekend, undefined, unknown, unknown speaker, x"
)
_GENERIC = re.compile(
    r"(?:spreker|speaker|deelnemer|deelneemster|participant|respondent|persoon|person|stem|voice|man|vrouw|resp|deeln|dln|sp|spk|s|"
    r"allen|alle|iedereen|meerdere|meerderen|groep|zaal|publiek|inbrenger|casusinbrenger|gast|anderen?|collega|deelnemers|"
    r"professional|hulpverlener|moeder|vader|zoon|dochter|kind|partner|tolk|notulist|secretaris|docent|student|stagiair|stagiaire)"
    r"[ _-]?[\dA-Z]{0,3}",
    re.IGNORECASE,
)
_CODE = re.compile(r"[A-Z]{1,4}[ _-]?\d{1,3}[a-z]?|[A-Z]{1,2}|SPEAKER_\d{1,3}")
_ACRONYM = re.compile(r"[A-Z]{1,4}")
_LOWER_CODE = re.compile(r"[a-z]{1,3}[ _-]?\d{1,2}")
_NO_CODE = _words(
    "OK, NB, PS, JA, NEE, EN, TV, IK, WE, ZE, DE, HET, U, MAAR, DUS, OF, EH, UH, HM, AH, OH, NU, WW, WMO, PW, GGZ, UWV"
)
_REMARK = re.compile(r"\s*[(\[]([^()\[\]]{1,60})[)\]]\s*")
_NUMBER = re.compile(r"[\s_#-]*\d{1,3}[a-z]?$")
_HONORIFIC = re.compile(
    r"^(?:de heer|dhr\.?|mevrouw|mevr\.?|mw\.?|meneer|mijnheer|minister|staatssecretaris|wethouder|"
    r"drs\.?|dr\.?)\s+(?=\S)",
    re.IGNORECASE,
)
_PREFIXES = _words(
    "van, de, der, den, het, 't, ten, ter, te, d', da, dos, del, di, el, al, bin, ben, von, zu, la, le, du, in, "
    "op, aan, bij, over, onder, uit, 's, in't, 'in"
)
_SURNAME_FIRST = re.compile(r"(?P<last>[^,]{2,40}),\s*(?P<first>[^,]{1,40})")
STOP_WORDS = _words(
    "kijk, nou, ja, nee, dus, maar, en, want, of, ok, oke, oké, goed, vraag, antwoord, conclusie, kortom, "
    "bijvoorbeeld, voorbeeld, let, op, namelijk, punt, eerst, ten, ander, andere, zo, ook, toen, dan, daar, "
    "hier, er, dat, dit, die, deze, het, de, een, ik, jij, je, hij, zij, ze, we, wij, jullie, u, wat, wie, "
    "waar, wanneer, hoe, waarom, welke, toch, echt, gewoon, eigenlijk, even, nu, zeg, hoor, luister, sorry, "
    "zoals, denk, citaat, quote, noot, opmerking, opm, afspraak, afspraken, actie, actiepunt, besluit, stap, "
    "fase, deel, casus, thema, vervolg, samenvatting, resultaat, tip, plus, min, optie, nb, ps, eh, uh, uhm, "
    "hm, mm, tja, ach, oh, ah, mooi, precies, juist, klopt, alleen, behalve, verder, daarnaast, stel, reden, "
    "probleem, oplossing, doel, kern, feit, idee, boodschap, moraal, einde, begin, pauze, titel, inhoud, bron, "
    "link, zie"
)
HEADER_KEYS = _words(
    "datum, plaats, locatie, tijd, duur, aanwezig, aanwezigen, afwezig, afwezigen, deelnemers, present, "
    "presentie, onderwerp, project, bestand, bestandsnaam, opname, opnamedatum, geluidsbestand, transcriptie, "
    "transcribent, transcript, uitgetypt, uitgewerkt, getranscribeerd, titel, casus, sessie, ronde, werkplaats, "
    "gemeente, organisatie, versie, auteur, pagina, bijlage, betreft, legenda, verslag, aanvang, sluiting, "
    "begintijd, eindtijd, start, lengte, taal, model, date, time, duration, location, participants, recording, "
    "file, title, afgemeld, kenmerk, nummer, gesprek, bijeenkomst, thema, zaal, aanwezigheid, "
    "audio, audiobestand, opgenomen, notulist"
)


@dataclass(frozen=True, slots=True)
class Label:
    """A label taken apart.

    Attributes:
        base: the label without remark and brackets: "R1".
        remark: what stood in brackets: "klantmanager", or empty.
    """

    base: str
    remark: str = ""

    @property
    def key(self) -> str:
        """What all spellings of one label have in common."""
        return re.sub(r"[\s_.-]+", "", self.base).casefold() or self.base


def read_label(raw: str) -> Label | None:
    """Take a label apart; `None` when it names nobody or holds no letter or digit."""
    text = tidy(raw).strip(" :\t")
    if text.startswith("[") and text.endswith("]") and "[" not in text[1:]:
        text = text[1:-1].strip()
    remarks = [found for found in _REMARK.findall(text) if known_mark(found) is None]
    base = _REMARK.sub(" ", text).strip(" :")
    if not base and remarks:
        base = remarks.pop(0)
    base = re.sub(r"\s+", " ", base)
    if not any(char.isalnum() for char in base) or base.casefold() in _NOBODY:
        return None
    return Label(base[:MAX_LABEL].strip(), tidy(remarks[0]) if remarks else "")


def functie_of(text: str) -> str | None:
    """Give the function that a role word tells ("werkcoach" -> "klantmanager"), `None` when it tells none.

    Numbers behind it do not matter ("Sociaal werker 2", "KM1"); of several role words the longest decides.
    """
    bare = _bare(text)
    if bare in _FUNCTIE:
        return _FUNCTIE[bare]
    found = [word for word in _ROLE.findall(bare) if word not in _ADDRESS]
    return _FUNCTIE[max(found, key=len)] if found else None


def _bare(text: str) -> str:
    return _NUMBER.sub("", tidy(text).casefold().replace("_", " ")).strip(" .:")


def gespreksrol_of(text: str) -> str | None:
    """Give the part played in the session that a label or column tells, `None` when it tells none."""
    return _GESPREKSROL.get(_bare(text).removeprefix("de "))


def is_certain(base: str) -> bool:
    """Tell whether a label looks so much like one that a single occurrence is enough: a code, a role, "Spreker 3"."""
    if base.upper() in _NO_CODE or base.casefold() in STOP_WORDS:
        return False
    bare = _bare(base).removeprefix("de ")
    return bool(
        _CODE.fullmatch(base)
        or _LOWER_CODE.fullmatch(base)
        or _GENERIC.fullmatch(base)
        or bare in _FUNCTIE
        or bare in _GESPREKSROL
        or bare in _NOBODY
    )


def is_name(base: str) -> bool:
    """Tell whether a label looks like a person's name: capitalised words, with prefixes such as "van der" between."""
    words = _HONORIFIC.sub("", base).replace(",", " ").split()
    if not 0 < len(words) <= MOST_NAME_WORDS:
        return False
    first = words[0].casefold().strip(".")
    if first in STOP_WORDS and first not in _PREFIXES:
        return False
    own = [word for word in words if word.casefold().replace("’", "'") not in _PREFIXES]
    return bool(own) and all(_name_word(word) for word in own)


def _name_word(word: str) -> bool:
    bare = word.strip(".'’-")
    return bool(bare) and bare[0].isupper() and not any(char.isdigit() for char in bare)


def is_header_key(text: str) -> bool:
    """Tell whether words before a colon head a line of a title block ("Datum", "Aanwezig bij het gesprek")."""
    words = re.findall(r"\w+", text.casefold())
    return bool(words) and words[0] in HEADER_KEYS


def split_names(text: str) -> list[str]:
    """Give the names in a list such as "Anna de Wit (klantmanager), Bas Smit en mevr. Jansen"."""
    parts = re.split(r"[,;•·\n]| en | & |\s[–-]\s", re.sub(r"\([^()]{0,100}\)", "", text))
    names = [_HONORIFIC.sub("", tidy(part).strip(" -*.:")) for part in parts]
    return [name for name in names if name and is_name(name) and functie_of(name) is None and not is_certain(name)]


def person_name(base: str) -> tuple[str | None, tuple[str, ...]]:
    """Give the real name in a label and other forms of it; no name for codes, roles and "Spreker 3"."""
    role = _ROLE.match(base.casefold())
    rest = base[role.end() :].strip() if role and role[1] not in _AMBIGUOUS else base
    if not rest or is_certain(rest) or not is_name(rest) or _ACRONYM.fullmatch(rest):
        return None, ()
    name = _HONORIFIC.sub("", rest).strip()
    turned = _SURNAME_FIRST.fullmatch(name)
    if turned:
        return natural_order(turned["last"], turned["first"]), (name,)
    return name, ()


def natural_order(last: str, first: str) -> str:
    """Put a name that is listed surname first in its natural order: ("Vries", "Anna de") -> "Anna de Vries"."""
    return tidy(f"{first} {last}")


@dataclass(slots=True)
class _Entry:
    label: str
    functie: str | None = None
    gespreksrol: str | None = None
    name: str | None = None
    also: tuple[str, ...] = ()


@dataclass(slots=True)
class SpeakerBook:
    """Keeps who spoke: one entry for every label, however it is spelled.

    Attributes:
        described: speakers by label, where a file tells more of them than a label.
    """

    described: Mapping[str, Speaker] = field(default_factory=dict)
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _known: dict[str, str | None] = field(default_factory=dict)

    def note(self, raw: str, role: str = "") -> str | None:
        """Note that a label speaks and give its one spelling; `None` when it names nobody.

        Args:
            raw: the label as delivered.
            role: what a column says of the speaker's function, or empty.
        """
        if not role and raw in self._known:
            return self._known[raw]
        label = Label(raw) if raw in self.described else read_label(raw)
        if label is None:
            self._known[raw] = None
            return None
        entry = self._entry(label)
        for text in (role, label.remark):
            entry.functie = entry.functie or (functie_of(text) if text else None)
            entry.gespreksrol = entry.gespreksrol or (gespreksrol_of(text) if text else None)
        self._known[raw] = entry.label
        return entry.label

    def _entry(self, label: Label) -> _Entry:
        """Give the entry of a label; two of one name with different functions ("Anna (KM)", "Anna (SW)") stay two."""
        told = functie_of(label.remark) if label.remark else None
        entry = self._entries.get(label.key)
        if told and entry and entry.functie and entry.functie != told:
            other = Label(f"{label.base} ({label.remark})")
            return self._entries.setdefault(other.key, replace(_new_entry(label), label=other.base, functie=told))
        return self._entries.setdefault(label.key, entry or _new_entry(label))

    def speakers(self) -> tuple[Speaker, ...]:
        """Give all speakers noted, in order of first speaking."""
        return tuple(
            self.described.get(entry.label)
            or Speaker(
                label=entry.label,
                name=entry.name,
                functie=entry.functie,
                gespreksrol=entry.gespreksrol,
                also=entry.also,
            )
            for entry in self._entries.values()
        )


def _new_entry(label: Label) -> _Entry:
    name, also = person_name(label.base)
    return _Entry(
        label.base, functie=_label_functie(label.base), gespreksrol=gespreksrol_of(label.base), name=name, also=also
    )


def _label_functie(base: str) -> str | None:
    """Give the function a label itself tells: a role word at its start ("Sociaal werker Bas"); "I" is the interviewer.

    Words that are names and forms of address too ("Mevrouw De Wit", "Burger") must be the whole label.
    """
    if re.fullmatch(r"[Ii]\d?", base):
        return "onderzoeker"
    bare = _bare(base).removeprefix("de ")
    if bare in _FUNCTIE:
        return _FUNCTIE[bare]
    begun = _ROLE.match(bare)
    return _FUNCTIE[begun[1]] if begun and begun[1] not in _AMBIGUOUS else None
