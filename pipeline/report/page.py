"""Render the report: one page that needs nothing but itself."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pipeline.report import sections
from pipeline.report.contexts import Page
from pipeline.report.naming import Names

if TYPE_CHECKING:
    from pipeline.domain.description import Provenance, StudyDescription


def render_report(description: StudyDescription, provenance: Provenance) -> str:
    """Render the report of a study as one self-contained HTML page in Dutch.

    The page holds counts and machine shares, no transcript text, no comparison and no effect.

    Args:
        description: the study in numbers.
        provenance: where the numbers come from.
    """
    environment = Environment(
        loader=PackageLoader("pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(page=build_page(description, provenance))


def build_page(description: StudyDescription, provenance: Provenance) -> Page:
    """Word, format and draw everything that the template lays out."""
    names = Names(description)
    return Page(
        style=Markup(files("pipeline.report").joinpath("static/report.css").read_text("utf-8")),  # noqa: S704 - ours
        cover=sections.cover(names, provenance),
        brief=sections.brief(names),
        learnt=sections.learnt(provenance),
        sessions=sections.sessions(names),
        labels=sections.labels(names, provenance),
        sites=sections.site_pages(names, provenance),
        failures=sections.failures(names, provenance),
        account=sections.account(provenance),
    )
