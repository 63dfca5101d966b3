from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.charts import Part, Point, axis, course, lane, nice_maximum, stacked_bar, strip


def shapes(svg: str, name: str) -> list[dict[str, str]]:
    return [
        {key: str(value) for key, value in one.attrs.items()}
        for one in BeautifulSoup(svg, "html.parser").find_all(name)
    ]


def part(text: str) -> float:
    assert text.endswith("%")
    return float(text[:-1]) / 100


@given(st.lists(st.integers(0, 50), min_size=1, max_size=9).filter(sum))
def test_the_parts_of_a_bar_lie_end_to_end_and_fill_it(counts: list[int]) -> None:
    parts = [Part(f"s{n}", f"label {n}", count / sum(counts)) for n, count in enumerate(counts)]
    drawn = shapes(stacked_bar("t", parts), "rect")
    assert len(drawn) == sum(count > 0 for count in counts)
    end = 0.0
    for one in drawn:
        assert part(one["x"]) == pytest.approx(end, abs=2e-4)
        end = part(one["x"]) + part(one["width"])
    assert end == pytest.approx(1, abs=2e-4)


def test_a_number_is_written_only_where_it_fits() -> None:
    svg = stacked_bar("t", [Part("s0", "veel", 0.94), Part("s1", "weinig", 0.06)])
    assert [one.get_text() for one in BeautifulSoup(svg, "html.parser").find_all("text")] == ["94%"]


def test_a_course_has_a_column_for_each_part_and_leaves_an_empty_one_open() -> None:
    svg = course("t", [[Part("s0", "a", 0.25), Part("none", "b", 0.75)], []])
    drawn = shapes(svg, "rect")
    assert [(one["x"], one["y"], one["height"]) for one in drawn] == [("0.6%", "0", "42"), ("0.6%", "42", "126")]
    assert "deel 2: leeg" in svg


def test_a_lane_has_a_mark_at_every_position() -> None:
    marks = shapes(lane("t", [0.125, 0.5], "diamond"), "svg")[1:]
    assert [one["x"] for one in marks] == ["12.5%", "50%"]
    assert "Niet gezien." in lane("t", [], "circle")


def test_dots_on_one_spot_step_aside_and_all_keep_their_share() -> None:
    dots = shapes(strip("t", [Point("a", 0.05), Point("b", 0.05), Point("c", 0.1)], 0.1), "circle")
    assert [one["cx"] for one in dots] == ["50%", "50%", "98%"]
    assert dots[0]["cy"] != dots[1]["cy"]


@given(st.lists(st.floats(0, 1), max_size=9))
def test_an_axis_holds_every_share(shares: list[float]) -> None:
    assert nice_maximum(shares) >= max(shares, default=0)


def test_an_axis_is_labelled_at_its_begin_middle_and_end() -> None:
    assert axis(0.05) == ("0%", "2,5%", "5%")
    assert axis(0.2) == ("0%", "10%", "20%")


def test_names_in_a_picture_are_escaped() -> None:
    assert "<b>" not in stacked_bar("<b>", [Part("s0", "<b>", 1)])
