"""The page in a browser: it runs without an error, says the verdict, and its figures do what they are told."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from flashsim.validation import changes, write_report
from flashsim.validation.metrics import Correlations, Grid, Measured
from flashsim.validation.page.explorer import embedded, explored_variable
from flashsim.validation.page.plots_joint import correlation_matrices
from flashsim.validation.page.svg import inline_svg, shared_styles

from .toys import response_view

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


def opened(page: Path, hash_: str, folder: Path) -> tuple[str, str]:
    """The document as the browser has it in the end, and what it printed."""
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"]
    command += ["--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000"]
    done = subprocess.run(
        [*map(str, command), f"{page.as_uri()}#{hash_}"], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout, done.stderr


@needs_a_browser
def test_the_page_in_a_browser(drawn, tmp_path: Path) -> None:
    """Once opened with an address that asks for a logarithmic axis, one slice, and the values of one bin."""
    document, printed = opened(drawn.page, "resolution-dp?log&slice=2&range=1&bin=20", tmp_path)
    assert "CONSOLE" not in printed, [line for line in printed.splitlines() if "CONSOLE" in line]
    assert 'data-errors="0"' in document
    assert "All gates pass" in document
    assert document.count("✓ pass") == len(drawn.metrics.gates)
    panel = document.split('id="resolution-dp"', 1)[1].split("</details>", 1)[0]
    assert 'data-scale="log"' in panel
    chosen = re.search(r'data-slice="([^"]+)"', panel)
    assert chosen is not None
    assert chosen[1] != "all objects"
    readout = re.search(r"<output>([^<]+)</output>", panel)
    assert readout is not None
    assert re.fullmatch(r"dp .* to .*: reference .* ± .*, candidate .* ± .*, pull .*", unescape(readout[1]))
    assert "NaN" not in panel
    closed = document.split('id="track_type-efficiency"', 1)[1].split("</details>", 1)[0]
    assert "data-scale" not in closed  # drawn when it is opened, and not before


@needs_a_browser
def test_without_an_address_axes_are_linear(drawn, tmp_path: Path) -> None:
    document, printed = opened(drawn.page, "track_type-efficiency", tmp_path)
    assert "CONSOLE" not in printed
    assert 'data-errors="0"' in document
    panel = document.split('id="track_type-efficiency"', 1)[1].split("</details>", 1)[0]
    assert 'data-scale="linear"' in panel
    assert 'data-slice="all objects"' in panel


def test_explored_contents_are_those_of_the_samples() -> None:
    view = response_view(events=50)
    explored = explored_variable(view, "ndof")
    whole = explored["ranges"][1]["slices"]
    assert sum(whole[0][0]) == len(view.reference)
    assert sum(whole[0][2]) == pytest.approx(len(view.reference), rel=1e-3)
    assert len(whole) == len(explored["labels"])
    of_first = [k for k, label in enumerate(explored["labels"]) if label.startswith("p ")]
    assert sum(sum(whole[k][0]) for k in of_first) == len(view.reference)


def test_no_tag_can_begin_in_embedded_numbers() -> None:
    text = embedded({"name": "</script><b>"})
    assert "<" not in text
    assert json.loads(text) == {"name": "</script><b>"}


@pytest.mark.parametrize("size", [1, 2, 30])
def test_correlations_of_long_formulas_have_room(size: int) -> None:
    """Matplotlib warns, which is an error here, when the names at the sides leave nothing for the matrix."""
    names = [f"log10(hypot(first_px, first_py)) + second_p / {number}" for number in range(size)]
    grid: Grid = [[1.0] * size] * size
    drawn = correlation_matrices(Correlations(names, grid, grid, Measured(0.0, 0.1), names[:1] * 2))
    heights = [float(height) for height in re.findall(r'<rect [^>]*height="([0-9.]+)"', drawn)]
    assert min(heights) > 72  # an inch


def test_changes_are_judged_by_their_errors(drawn, tmp_path: Path) -> None:
    """The core of one variable shifted by 10 of its errors, another by half of one."""
    stages = list(drawn.metrics.stages)
    dp, dx, *others = stages[1].variables
    old = [
        replace(dp, centre_shift=Measured(0.0, (dp.width.value or 1.0) / 100)),
        replace(dx, centre_shift=Measured(0.0, (dx.width.value or 1.0) / 100)),
    ]
    new = [
        replace(old[0], centre_shift=Measured(0.1414 * (dp.width.value or 1.0), old[0].centre_shift.error)),
        replace(old[1], centre_shift=Measured(-0.01 * (dx.width.value or 1.0), old[1].centre_shift.error)),
    ]
    before, after = (
        replace(drawn.metrics, stages=[stages[0], replace(stages[1], variables=[*variables, *others])])
        for variables in (old, new)
    )
    changed = changes(before, after)
    assert [(change.what, change.direction) for change in changed.of("worse")] == [("dp: shift in widths", "worse")]
    assert changed.of("worse")[0].sigmas == pytest.approx(10.0, rel=0.01)
    assert changed.of("better") == []
    assert [change.what for change in changes(after, before).of("better")] == ["dp: shift in widths"]
    assert changes(before, before).of("worse") == []


def test_an_svg_is_made_small_and_keeps_what_it_shows() -> None:
    text = (
        '<?xml version="1.0"?><svg width="10pt" height="10pt" viewBox="0 0 10 10" xmlns="http://www.w3.org/2000/svg">'
        '<g id="figure_1"><g id="line"><path d="M 0.123 1.0 L 2.5 3 " style="stroke: #0a0b0c"/>'
        '<path d="M 4 5 L 6 7" style="stroke: #0a0b0c"/></g><g clip-path="url(#p1)"><path d="M 1 1"/></g>'
        '<g id="no"/></g><defs><clipPath id="p1"/></defs></svg>'
    )
    small = inline_svg(text, 'a <"b">', "#0a0b0c")
    assert '<path d="M0.1 1L2.5 3M4 5L6 7" style="stroke: currentColor"/>' in small
    (name,) = re.findall(r'<clipPath id="(\w+)"', small)
    assert f'<g clip-path="url(#{name})">' in small
    assert small.count("<g") == small.count("</g>") == 1
    assert 'aria-label="a &lt;&quot;b&quot;>"' in small
    page = shared_styles(f"<style></style>{small}")
    assert ".s0 { stroke: currentColor }" in page
    assert 'class="s0"' in page


@pytest.mark.parametrize("style", ["CMS", "LHCb2"])
def test_styles_of_experiments(drawn, tmp_path: Path, style) -> None:
    few = replace(
        drawn.metrics, stages=[replace(drawn.metrics.stages[1], variables=drawn.metrics.stages[1].variables[:1])]
    )
    page = write_report(few, drawn.views, tmp_path, style=style).read_text(encoding="utf-8")
    assert f'<body class="{style}">' in page
