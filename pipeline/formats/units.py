"""The table in which a coder fills in labels; `labels.read_labels` reads it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.coding import CoderKind
from pipeline.formats.export import csv_bytes, guarded
from pipeline.formats.labels import CODER, CODER_KIND, CONTEXT, TEXT_SHA, UNIT, marked_sha

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.domain.codebook import Codebook
    from pipeline.domain.labels import UnitRow


def units_table(rows: Iterable[UnitRow], coder: str, codebook: Codebook) -> bytes:
    """Write units with empty cells for their labels, as a CSV that Dutch Excel opens.

    Args:
        rows: in the order in which they were said.
        coder: name of the person who will fill it in.
        codebook: gives the columns.
    """
    dimensions = [dimension.id for dimension in codebook.unit_dimensions]
    header = [UNIT, CODER, CODER_KIND, TEXT_SHA, *CONTEXT, *dimensions]
    empty = [""] * len(dimensions)
    return csv_bytes(
        [
            header,
            *(
                [
                    row.utterance_id,
                    guarded(coder),
                    CoderKind.MENS.value,
                    marked_sha(row.text_sha),
                    row.functie or "",
                    guarded(row.text),
                    *empty,
                ]
                for row in rows
            ),
        ]
    )
