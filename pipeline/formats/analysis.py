"""The choices for the comparison in study.yaml, under `analyse:`; made before the results are seen.

analyse:
kleinste_verschil: 5            # procentpunten die ertoe doen
blokken: werkplaats             # of: werkplaats_en_ronde
per: {duur_min: 15}             # een effect per 15 minuten
rekening_houden_met: [n_deelnemers]
samen:
- kenmerken: [agenda, nabespreking]
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pipeline.domain.study import Analysis, ValueType
from pipeline.formats.findings import instead_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.domain.study import Component
    from pipeline.formats.findings import Findings
    from pipeline.formats.yaml_lines import YamlSection

_BLOCKS: Final = {"werkplaats": False, "werkplaats_en_ronde": True}
_NUMBER: Final = re.compile(r"\d{1,6}(?:[.,]\d{1,6})?")
_HUNDRED: Final = 100.0
_NUMBERS: Final = (ValueType.AANTAL, ValueType.GETAL)


def read_analysis(section: YamlSection, components: Sequence[Component], findings: Findings) -> Analysis:
    """Read the choices, reporting what cannot be.

    Args:
        section: what stands under `analyse`; empty when nothing does.
        components: of the study.
        findings: takes the problems.
    """
    section.only("kleinste_verschil", "blokken", "per", "rekening_houden_met", "samen")
    ids = [component.id for component in components]
    per = section.section("per")
    numbers = [component.id for component in components if component.type in _NUMBERS]
    together = []
    for group in section.sections("samen"):
        group.only("kenmerken")
        together.append(_known(group, "kenmerken", ids, findings))
    return Analysis(
        smallest_difference=_percentage_points(section, findings),
        by_round=_blocks(section, findings),
        per={
            key: found
            for key in per.keys
            if _declared(key, numbers, per.place_of(key), findings)
            if (found := _number(per, key, findings)) is not None
        },
        adjusted_for=_known(section, "rekening_houden_met", ids, findings),
        together=tuple(together),
    )


def _percentage_points(section: YamlSection, findings: Findings) -> float:
    found = _number(section, "kleinste_verschil", findings) if section.has("kleinste_verschil") else None
    if found is not None and found >= _HUNDRED:
        place = section.place_of("kleinste_verschil")
        findings.add(place, f"{found:g} procentpunt kan niet", "Vul een getal boven 0 en onder 100 in, zoals 5.")
        found = None
    return Analysis().smallest_difference if found is None else found / _HUNDRED


def _number(section: YamlSection, key: str, findings: Findings) -> float | None:
    written = section.text(key)
    value = float(written.replace(",", ".")) if _NUMBER.fullmatch(written) else 0.0
    if written and not value:
        findings.add(section.place_of(key), f"'{written}' is geen getal boven 0", "Vul een getal in, zoals 5 of 2,5.")
    return value or None


def _blocks(section: YamlSection, findings: Findings) -> bool | None:
    written = section.optional_text("blokken")
    if written is not None and written not in _BLOCKS:
        cure = instead_of(written, list(_BLOCKS), "Kies uit")
        findings.add(section.place_of("blokken"), f"'{written}' is geen indeling in blokken", cure)
    return None if written is None else _BLOCKS.get(written)


def _known(section: YamlSection, key: str, ids: Sequence[str], findings: Findings) -> tuple[str, ...]:
    return tuple(text for text, place in section.texts_with_place(key) if _declared(text, ids, place, findings))


def _declared(component: str, ids: Sequence[str], place: str, findings: Findings) -> bool:
    """Report a component that study.yaml does not declare, or that is no number where one is needed."""
    if component not in ids:
        cure = instead_of(component, list(ids), "Deze kunnen hier staan") if ids else "Laat deze regel weg."
        findings.add(place, f"'{component}' kan hier niet staan", cure)
    return component in ids
