"""The page stands alone, the numbers can be read back, and neither is ever half written."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from flashsim.errors import FlashSimError
from flashsim.validation import read_metrics, write_report
from flashsim.validation.metrics import Measured
from flashsim.validation.page.numbers import percent, plain, unit_text, with_error
from flashsim.validation.page.style import labelled

from .toys import response_view, validated

VOID = {"meta", "br", "path", "use", "stop", "rect", "image", "link"}


class Balanced(HTMLParser):
    """Every tag that opens, closes; every id is unique."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for key, value in attrs if key == "id"]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def test_metrics_are_read_back_as_they_were_written(drawn) -> None:
    path = drawn.page.with_name("metrics.json")
    assert read_metrics(path).to_json() == path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["schema"] == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema": 7}', "schema is 7; this FlashSim reads 2"),
        ("[]", "schema is None"),
        ('{"schema": 2, "tit', "is not JSON"),
        ('{"schema": 2, "title": "x"}', "verdict: Field required"),
    ],
)
def test_a_strange_metrics_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FlashSimError, match=message):
        read_metrics(path)
    with pytest.raises(FlashSimError, match="cannot be read"):
        read_metrics(tmp_path / "nowhere.json")


def test_the_page_loads_nothing_and_is_small(drawn) -> None:
    page = drawn.page.read_text(encoding="utf-8")
    assert not re.findall(r"https?://|src=|@import|<link|file:", page)
    assert not re.findall(r"url\((?!#)", page)
    assert len(page) < 3_000_000


def test_the_page_is_well_formed_and_escapes_what_it_is_given(drawn) -> None:
    page = drawn.page.read_text(encoding="utf-8")
    assert "Toy &lt;detector&gt; &amp; more" in page
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    targets = re.findall(r'(?:href="#|url\(#)([^")]+)', page)
    assert set(targets) <= set(parser.ids)


def test_the_page_says_the_verdict_in_words_and_every_gate(drawn) -> None:
    page = drawn.page.read_text(encoding="utf-8")
    assert "All gates pass" in page
    assert page.count("✓ pass") == len(drawn.metrics.gates)
    assert "3fa2c19e" in page


def test_an_empty_candidate_has_a_page_that_says_so(tmp_path: Path) -> None:
    view = response_view(events=50)
    view = replace(view, candidate=view.candidate.keep(np.arange(0)))
    metrics = validated([view], {}, "empty", {})
    page = write_report(metrics, [view], tmp_path).read_text(encoding="utf-8")
    assert "the candidate has no comparable objects" in page


def test_a_report_that_cannot_be_written_leaves_the_old_one(drawn, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("old", encoding="utf-8")
    broken = replace(drawn.metrics, stages=[replace(drawn.metrics.stages[0], stage="unknown")])
    with pytest.raises(FlashSimError, match="no view of stage 'unknown'"):
        write_report(broken, drawn.views, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.51234, 0.00412, "0.512 ± 0.004"),
        (1.27, 0.31, "1.3 ± 0.3"),
        (1.27, 0.12, "1.27 ± 0.12"),
        (-20431.0, 220.0, "−20431 ± 220"),
        (3.21e-6, 2.0e-8, "(3.210 ± 0.020) × 10⁻⁶"),
        (None, None, "–"),
        (12.0, None, "12"),
    ],
)
def test_numbers_have_the_digits_of_their_errors(value: float | None, error: float | None, text: str) -> None:
    assert with_error(Measured(value, error)) == text


def test_numbers_without_errors_and_units() -> None:
    assert [plain(value) for value in (0.0, 0.53, 1234567.0, 0.000123, -2.5)] == [
        "0",
        "0.530",
        "1,234,567",
        "1.23 × 10⁻⁴",
        "−2.50",
    ]
    assert percent(Measured(0.4068, 0.0023)) == "40.68 ± 0.23 %"
    assert unit_text("mm^2") == "mm²"
    assert labelled("cov_x_x", "mm^2", -6) == "cov_x_x [10⁻⁶ mm²]"
    assert labelled("eta", "") == "η"
