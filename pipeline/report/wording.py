"""Say numbers, dates, values and names in plain Dutch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.study import ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from pipeline.domain.study import Value, Variable

UNKNOWN = "onbekend"
UNCORRECTED = "niet gecorrigeerd"

_ROLES = {
    "client": "cliënt",
    "ervaringsdeskundige": "ervaringsdeskundige",
    "beleid": "beleidsmedewerker",
    "anders": "andere functie",
    "klant": "klant",
}
_KINDS = {
    "CLIENT": "Cliënten",
    "KIND": "Kinderen",
    "PARTNER": "Partners",
    "FAMILIE": "Familie",
    "PERSOON": "Andere personen",
    "PROF": "Professionals",
    "PROF_SW": "Sociaal werkers",
    "PROF_KM": "Klantmanagers",
    "PROF_BELEID": "Beleidsmedewerkers",
    "ERVARINGSDESKUNDIGE": "Ervaringsdeskundigen",
    "GESPREKSLEIDER": "Gespreksleiders",
    "ONDERZOEKER": "Onderzoekers",
    "SPREKER": "Sprekers zonder bekende functie",
    "PLAATS": "Plaatsen",
    "ADRES": "Adressen",
    "POSTCODE": "Postcodes",
    "ORG": "Organisaties",
    "DATUM": "Datums",
    "TELEFOON": "Telefoonnummers",
    "EMAIL": "E-mailadressen",
    "URL": "Webadressen",
    "KENTEKEN": "Kentekens",
    "LEEFTIJD": "Leeftijden (per tien jaar)",
    "BSN": "Burgerservicenummers",
    "IBAN": "Rekeningnummers",
    "NUMMER": "Andere nummers",
}
"""What the kinds of `pipeline.pseudonymise` are called in the report."""


def integer(number: int) -> str:
    """Write a whole number: 12.345."""
    return f"{number:,}".replace(",", ".")


def decimal(number: float, places: int = 1) -> str:
    """Write a number with a decimal comma: 1.234,5."""
    return f"{number:,.{places}f}".translate(str.maketrans(",.", ".,"))


def percent(share: float) -> str:
    """Write a share in [0, 1] with one decimal: 12,3%."""
    return f"{decimal(100 * share)}%"


def whole_percent(share: float) -> str:
    """Write a share in [0, 1] without decimals: 12%."""
    return f"{decimal(100 * share, 0)}%"


def day(moment: date | None) -> str:
    """Write a date: 21-11-2026."""
    return f"{moment.day}-{moment.month}-{moment.year}" if moment else UNKNOWN


def count(number: int, one: str, more: str) -> str:
    """Write a number with its noun: "1 sessie", "8 sessies"."""
    return f"{integer(number)} {one if number == 1 else more}"


def listing(parts: Iterable[str]) -> str:
    """Join parts as a sentence does: "a, b en c"."""
    *head, last = parts
    return f"{', '.join(head)} en {last}" if head else last


def role(name: str | None) -> str:
    """Name a profession or group."""
    return _ROLES.get(name, name.replace("_", " ")) if name else f"functie {UNKNOWN}"


def kind(placeholder: str) -> str:
    """Name a kind of placeholder; one without a name of its own stays as it stands in the text."""
    return _KINDS.get(placeholder, placeholder)


def value(found: Value, variable: Variable) -> str:
    """Write the value of a component or outcome."""
    if found is None:
        return UNKNOWN
    if isinstance(found, bool):
        return "ja" if found else "nee"
    if isinstance(found, int):
        return integer(found)
    if isinstance(found, float):
        return integer(int(found)) if found.is_integer() else decimal(found, 2).rstrip("0")
    return found.replace("_", " ") if variable.type is ValueType.CATEGORIE else found


def sentence(text: str) -> str:
    """Begin with a capital and leave the rest alone."""
    return text[:1].upper() + text[1:]
