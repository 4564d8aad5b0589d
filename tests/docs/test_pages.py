"""The pages say what is there: commands that exist, links that lead somewhere, references that are up to date."""

import ast
import re
import runpy
import tomllib
from pathlib import Path

import pytest
import yaml
from page_blocks import MARKS, PAGES, ROOT, Block, all_blocks
from typer.main import get_command

from flashsim.cli import app

GENERATOR = runpy.run_path(str(ROOT / "docs/generate.py"))
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(#[^)]*)?\)")
EVERY_BLOCK = [pytest.param(block, id=block.place) for block in all_blocks()]


def check_command(words: list[str]) -> None:
    """Raise what the command line itself raises for an unknown command, an unknown option or a wrong value."""
    command, rest = get_command(app), words
    while rest and rest[0] in getattr(command, "commands", {}):
        command, rest = command.commands[rest[0]], rest[1:]
    if hasattr(command, "commands"):
        raise ValueError(f"no command {' '.join(words)!r}")
    command.make_context(words[0], list(rest))


@pytest.mark.parametrize("path", list(GENERATOR["pages"]()), ids=lambda path: path.name)
def test_a_generated_page_is_what_the_code_says(path: Path):
    wanted = GENERATOR["pages"]()[path]
    assert path.read_text(encoding="utf-8") == wanted, "run: python docs/generate.py"


@pytest.mark.parametrize(("words", "command"), list(GENERATOR["commands"]()), ids=str)
def test_every_command_and_option_has_help(words: str, command):
    assert (command.help or "").strip().endswith("."), words
    for parameter in command.params:
        assert (parameter.help or "").strip(), f"{words} {parameter.opts[0]}"


@pytest.mark.parametrize("block", EVERY_BLOCK)
def test_a_block_can_be_read(block: Block):
    assert block.mark.startswith(MARKS), f"{block.mark!r} says nothing to the tests"
    if block.language == "python" and "reference/" not in block.place:
        ast.parse(block.text)
    elif block.language == "toml":
        tomllib.loads(block.text)
    elif block.language == "yaml":
        yaml.safe_load(block.text)
    for words in block.commands():
        if words[0] == "flashsim":
            check_command(words[1:])


WRONG = (
    "simulat release events.parquet -o x.root",
    "simulate release events.parquet -o x.root --oversample 0",
    "train card.toml",
    "reference",
    "validate release -o x --sed 1",
)


REFUSED = r"[Nn]o such|[Nn]o command|[Mm]issing|[Ii]nvalid|not in the range|should be greater"


@pytest.mark.parametrize("line", WRONG)
def test_a_command_that_does_not_exist_would_be_noticed(line: str):
    with pytest.raises(Exception, match=REFUSED):
        check_command(line.split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    for target, _ in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_page_is_in_the_navigation():
    def targets(entry) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        return [name for inner in (entry.values() if isinstance(entry, dict) else entry) for name in targets(inner)]

    configuration = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    listed = targets(configuration["nav"])
    there = [path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")]
    assert sorted(listed) == sorted(there)


def test_the_citation_is_complete_and_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert citation["repository-code"] == project["urls"]["Documentation"]
    assert all(citation[key] for key in ("message", "title", "authors"))
