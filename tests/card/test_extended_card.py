"""A card that extends another one: what it adds, what it replaces, and what it does not take over."""

from pathlib import Path

import pytest
from cards import TOML

from flashsim.card import read_card
from flashsim.errors import FlashSimError

OWN = """
schema = 1
name = "own"
extends = "base/toy.toml"

[sample]
files = "own.parquet"

[derive]
twice = "2 * px"

[[stage]]
name = "acceptance"
kind = "category"
given = ["twice"]
predict = "{predicted}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "toy.toml").write_text(TOML, encoding="utf-8")
    return tmp_path


def test_stages_and_tables_are_taken_over_and_those_of_the_same_name_replaced(folder: Path):
    base = read_card(folder / "base" / "toy.toml")
    predicted = base.stage("acceptance").predict
    (folder / "own.toml").write_text(OWN.format(predicted=predicted), encoding="utf-8")
    card = read_card(folder / "own.toml")
    assert [stage.name for stage in card.stages] == [stage.name for stage in base.stages]
    assert card.stage("acceptance").given == ["twice"]
    assert card.stage("resolution") == base.stage("resolution")
    assert card.derive == base.derive | {"twice": "2 * px"}
    assert card.columns == base.columns
    assert card.output == base.output
    assert (card.name, card.folder) == ("own", folder)
    assert card.sample.files == ["own.parquet"]
    assert card.description == ""


def test_a_stage_without_a_kind_changes_in_what_it_says_alone(folder: Path):
    before = read_card(folder / "base" / "toy.toml").stage("resolution")
    changed = OWN.format(predicted="x").split("[[stage]]")[0] + (
        '[[stage]]\nname = "resolution"\ntraining = { epochs = 7 }\n'
    )
    (folder / "own.toml").write_text(changed, encoding="utf-8")
    stage = read_card(folder / "own.toml").stage("resolution")
    assert stage.training == before.training.model_copy(update={"epochs": 7})
    assert stage.training != before.training
    assert stage.model_copy(update={"training": before.training}) == before


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('extends = "nowhere.toml"', "nowhere.toml: the card cannot be read"),
        ("extends = 3", "extends = 3: it must be the name of a card"),
        ('extends = "own.toml"', "extend one another more than"),
    ],
)
def test_a_card_that_cannot_be_extended_is_named(tmp_path: Path, line: str, words: str):
    (tmp_path / "own.toml").write_text(OWN.replace('extends = "base/toy.toml"', line), encoding="utf-8")
    with pytest.raises(FlashSimError, match=words):
        read_card(tmp_path / "own.toml")


def test_the_sample_is_not_taken_over(folder: Path):
    (folder / "own.toml").write_text('schema = 1\nname = "own"\nextends = "base/toy.toml"\n', encoding="utf-8")
    with pytest.raises(FlashSimError, match="sample"):
        read_card(folder / "own.toml")
