"""The examples run: the tutorial from top to bottom, then each other page on what the tutorial has left."""

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from page_blocks import EXAMPLES, ROOT, Block, blocks
from typer.testing import CliRunner

from flashsim.cli import app

NOT_RUN = ("text", "yaml", "console")


def run_page(page: Path, folder: Path) -> None:
    """Every block of a page in `folder`: titled blocks become files, Python blocks share their names."""
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks(page)):
        try:
            if block.title:
                (folder / block.title).write_text(block.text, encoding="utf-8")
            elif block.is_run and block.language == "python":
                script = folder / f"block_{number}.py"
                script.write_text(block.text, encoding="utf-8")
                names = runpy.run_path(str(script), init_globals=names)
            elif block.is_run and block.language == "sh":
                run_shell(block, folder)
            elif block.is_run and block.mark != "part of a card":
                assert block.language in NOT_RUN, "such a block is never run: say so before it"
        except (Exception, SystemExit) as error:
            raise AssertionError(f"{block.place}: {error}") from error


def run_shell(block: Block, folder: Path) -> None:
    """The commands of a shell block: ours within this process, where JAX is loaded already."""
    if not block.text.startswith(("flashsim ", "python ")):
        subprocess.run(["bash", "-euo", "pipefail", "-c", block.text], cwd=folder, check=True)
        return
    for words in block.commands():
        if words[0] == "python":
            runpy.run_path(str(folder / words[1]))
            continue
        result = CliRunner().invoke(app, words[1:])
        allowed = (0, 1) if block.mark.startswith("any status: ") else (0,)
        unexpected = result.exception is not None and not isinstance(result.exception, SystemExit)
        if unexpected or result.exit_code not in allowed:
            raise AssertionError(f"{' '.join(words)}: {result.exception!r}\n{result.output}") from result.exception


def described(page: Path, heading: str) -> set[str]:
    """The names in the first column of the first table below a heading."""
    section = page.read_text(encoding="utf-8").split(f"# {heading}\n", 1)[1].split("\n#", 1)[0]
    cells = re.findall(r"^\| (`[^|]*) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    folder = tmp_path / "tutorial"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_the_examples_run(elsewhere: Path, monkeypatch: pytest.MonkeyPatch):
    """In one test, as all pages need the release that the tutorial trains."""
    tutorial, *others = EXAMPLES
    run_page(tutorial, elsewhere)
    for page in others:
        folder = elsewhere.with_name(page.stem)
        shutil.copytree(elsewhere, folder)
        monkeypatch.chdir(folder)
        run_page(page, folder)
    check_formats(elsewhere)


def check_formats(folder: Path) -> None:
    """The page on file formats describes every key and file that the tutorial has made."""
    import pyarrow.parquet as pq

    page = ROOT / "docs/reference/formats.md"
    metadata = json.loads(pq.read_schema(folder / "flash.parquet").metadata[b"flashsim"])
    assert described(page, "Metadata") == metadata.keys()
    files = {
        re.sub(r"/\w+\.", "/<stage>.", str(f.relative_to(folder / "release")))
        for f in (folder / "release").rglob("*")
        if f.is_file()
    }
    assert described(page, "Release") == files
    metrics = json.loads((folder / "report/metrics.json").read_text(encoding="utf-8"))
    top, stage = metrics.keys(), metrics["stages"][0].keys()
    text = page.read_text(encoding="utf-8").split("## `metrics.json`")[1]
    for key in {*top, *stage}:
        known = f"`{key}`" in text or f"`{key.split('_')[0]}_…`" in text
        assert known, f"metrics.json: {key} is not described in {page.name}"
