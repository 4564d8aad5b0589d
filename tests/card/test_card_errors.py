"""Every mistake in a card is named: the file, the key, the value, and the nearest right name."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from cards import TOML, Change, changed

from flashsim.card import card_from_dict, read_card
from flashsim.errors import FlashSimError

CARD: dict[str, Any] = tomllib.loads(TOML)
RESOLUTION, ACCEPTANCE = 1, 0


def put(*path: Any, value: Any) -> Change:
    """A change that sets one key."""

    def change(card: dict[str, Any]) -> None:
        here: Any = card
        for part in path[:-1]:
            here = here.setdefault(part, {}) if isinstance(here, dict) else here[part]
        here[path[-1]] = value

    return change


def drop(*path: Any) -> Change:
    """A change that removes one key."""

    def change(card: dict[str, Any]) -> None:
        here: Any = card
        for part in path[:-1]:
            here = here[part]
        del here[path[-1]]

    return change


def stage(index: int, *path: Any, value: Any) -> Change:
    return put("stage", index, *path, value=value)


def again(index: int) -> Change:
    return lambda card: card["stage"].append(card["stage"][index])


def swap(card: dict[str, Any]) -> None:
    card["stage"].reverse()


MISTAKES: dict[str, tuple[Change, tuple[str, ...]]] = {
    "misspelt column in derive": (
        put("derive", "p", value="hypot(px, pzz)"),
        ("derive.p = 'hypot(px, pzz)': unknown name 'pzz' (did you mean 'pz'?)",),
    ),
    "misspelt column in given": (
        stage(ACCEPTANCE, "given", value=["species", "lgp"]),
        ("stage.acceptance.given[1] = 'lgp': unknown name 'lgp' (did you mean 'logp'?)",),
    ),
    "misspelt column in a where": (
        stage(RESOLUTION, "where", value="foud"),
        ("stage.resolution.where = 'foud'", "(did you mean 'found'?)"),
    ),
    "misspelt column in predict": (
        stage(RESOLUTION, "predict", "dp", value="rec_pt / p"),
        ("stage.resolution.predict.dp = 'rec_pt / p'", "(did you mean 'rec_p'?)"),
    ),
    "misspelt column in a category": (
        put("categories", "species", "expression", value="abs(pdi)"),
        ("categories.species.expression = 'abs(pdi)'", "(did you mean 'pid'?)"),
    ),
    "misspelt column in sample.where": (
        put("sample", "where", value="~ghosts"),
        ("sample.where", "'ghost'?"),
    ),
    "misspelt weight": (put("sample", "weight", value="weight"), ("sample.weight = 'weight'", "'sweight'?")),
    "misspelt predicted category": (
        stage(ACCEPTANCE, "predict", value="fond"),
        ("stage.acceptance.predict: 'fond' is no column of [reconstructed] (did you mean 'found'?)",),
    ),
    "misspelt covariance column": (
        stage(RESOLUTION, "predict", "cov", "columns", value=["c00", "c10", "c12"]),
        ("stage.resolution.predict: 'c12' is no column of [reconstructed]",),
    ),
    "misspelt output": (
        put("output", "columns", value=["rec_p", "chi"]),
        ("output.columns[1] = 'chi'", "(did you mean 'chi2'?)"),
    ),
    "output twice": (
        put("output", "columns", value=["chi2", "chi2"]),
        ("output.columns[1] = 'chi2' stands twice",),
    ),
    "misspelt output of particles": (
        put("output", "particles", value=["foud"]),
        ("output.particles[0] = 'foud'", "(did you mean 'found'?)"),
    ),
    "broken formula": (put("derive", "p", value="hypot(px"), ("derive.p = 'hypot(px'", "never closed")),
    "attack": (put("derive", "p", value="__import__('os')"), ("derive.p = ", "text is not allowed")),
    "unknown unit": (put("columns", "px", value="Mev"), ("columns.px.unit = 'Mev': unknown unit", "'MeV'?")),
    "unknown unit of a variable": (
        stage(RESOLUTION, "predict", "chi2", value={"unit": "mmm"}),
        ("stage.resolution.predict.chi2.unit = 'mmm'", "(did you mean 'mm'?)"),
    ),
    "unknown unit of a reconstructed column": (
        put("reconstructed", "chi2", value="%"),
        ("reconstructed.chi2.unit = '%': cannot read the unit",),
    ),
    "cycle": (
        lambda card: card["derive"].update(p="logp + 1", logp="log10(p)"),
        ("derive.p = 'logp + 1': it needs itself: p → logp → p",),
    ),
    "cycle of one": (put("derive", "p", value="p + 1"), ("derive.p = 'p + 1'", "p → p")),
    "cycle through a formula": (
        put("reconstructed", "rec_p", "from", value="rec_p * dp"),
        ("reconstructed.rec_p.from = 'rec_p * dp'", "rec_p → rec_p"),
    ),
    "cycle of variables": (
        stage(RESOLUTION, "predict", "dp", value="dp + 1"),
        ("stage.resolution.predict.dp = 'dp + 1'", "dp → dp"),
    ),
    "unknown key": (
        put("stagse", value=1),
        ("unknown key stagse (did you mean 'stage'?); known are schema",),
    ),
    "unknown key of a table": (
        put("sample", "wher", value="1"),
        ("unknown key sample.wher (did you mean 'where'?)",),
    ),
    "unknown key of a stage": (
        stage(RESOLUTION, "model", "widht", value=3),
        ("unknown key stage.resolution.model.widht (did you mean 'width'?)",),
    ),
    "unknown key of a column": (
        put("columns", "px", value={"unti": "mm", "unit": "mm"}),
        ("unknown key columns.px.unti (did you mean 'unit'?)",),
    ),
    "unknown key of a variable": (
        stage(RESOLUTION, "predict", "chi2", "tpe", value="integer"),
        ("unknown key stage.resolution.predict.chi2.tpe (did you mean 'type'?)",),
    ),
    "unknown gate": (
        put("gates", "resolution", "c2st_acu", value=0.5),
        ("unknown key gates.resolution.c2st_acu (did you mean 'c2st_auc'?)",),
    ),
    "gate out of range": (
        put("gates", "resolution", "c2st_auc", value=53),
        ("gates.resolution.c2st_auc = 53: it must be less than or equal to 1",),
    ),
    "gate of no stage": (
        put("gates", "resolutoin", value={}),
        (
            "gates.resolutoin: there is no stage 'resolutoin' (did you mean 'resolution'?)",
            "acceptance, resolution",
        ),
    ),
    "rate out of range": (
        put("gates", "false_alarm_rate", value=2),
        ("gates.false_alarm_rate = 2: it must be less than 1",),
    ),
    "table for a rate": (put("gates", "false_alarm_rate", value={}), ("it must be a number, the rate of false",)),
    "rate for a stage": (put("gates", "resolution", value=0.1), ("gates.resolution = 0.1: it must be a table",)),
    "missing key": (drop("output"), ("key output is missing",)),
    "missing key of a stage": (drop("stage", 0, "kind"), ("key stage.acceptance.kind is missing",)),
    "missing unit": (put("columns", "px", value={}), ("key columns.px.unit is missing",)),
    "missing part of the files": (
        put("sample", "files", value={"train": "a"}),
        ("key sample.files.validation is missing", "key sample.files.test is missing"),
    ),
    "text for a number": (
        stage(RESOLUTION, "training", "epochs", value="many"),
        ("stage.resolution.training.epochs = 'many': it must be a whole number",),
    ),
    "number for text": (put("derive", "p", value=3), ("derive.p = 3: it must be a string",)),
    "true for a number": (
        stage(RESOLUTION, "model", "steps", value=True),
        ("stage.resolution.model.steps = True: it must be a whole number",),
    ),
    "text for a table": (put("sample", value="a.parquet"), ("sample = 'a.parquet': it must be a table",)),
    "table for stages": (put("stage", value={}), ("stage: it must be a list",)),
    "text for a stage": (put("stage", value=["a"]), ("stage[0] = 'a': it must be a table",)),
    "number for files": (put("sample", "files", value=3), ("sample.files = 3: it must be a table",)),
    "number for a file": (
        put("sample", "files", value=["a", 3]),
        ("sample.files[1] = 3: it must be a string",),
    ),
    "no files": (put("sample", "files", value=[]), ("sample.files = []: it must not be empty",)),
    "no stages": (put("stage", value=[]), ("stage = []: it must not be empty",)),
    "number for a variable": (
        stage(RESOLUTION, "predict", "chi2", value=3),
        ("stage.resolution.predict.chi2 = 3: it must be a table",),
    ),
    "infinite number": (
        stage(RESOLUTION, "training", "learning_rate", value=float("inf")),
        ("stage.resolution.training.learning_rate = inf: it must be",),
    ),
    "negative epochs": (
        stage(RESOLUTION, "training", "epochs", value=-1),
        ("stage.resolution.training.epochs = -1: it must be greater than or equal to 1",),
    ),
    "shares": (
        put("sample", "split", value={"train": 0.9}),
        ("sample.split: train + validation + test is 1.2",),
    ),
    "unknown kind": (
        stage(RESOLUTION, "kind", value="respons"),
        (
            "stage.resolution.kind = 'respons': it must be 'category' or 'response'",
            "(did you mean 'response'?)",
        ),
    ),
    "unknown solver": (
        stage(RESOLUTION, "model", value={"solver": "midpont"}),
        ("stage.resolution.model.solver = 'midpont'", "(did you mean 'midpoint'?)"),
    ),
    "misspelt family": (
        stage(RESOLUTION, "model", value={"family": "flow-maching"}),
        ("stage.resolution.model.family = 'flow-maching': there is no such family (did you mean 'flow-matching'?)",),
    ),
    "option of another family": (
        stage(ACCEPTANCE, "model", value={"solver": "heun"}),
        ("unknown key stage.acceptance.model.solver; known are family, width, depth",),
    ),
    "ensembles of different sizes": (
        lambda card: [stage(index, "members", value=8 - 4 * index)(card) for index in (ACCEPTANCE, RESOLUTION)],
        (
            "stage.resolution.members = 4: stage 'acceptance' has 8",
            "all ensembles of a card have as many members, other stages 1",
        ),
    ),
    "no members": (stage(ACCEPTANCE, "members", value=0), ("stage.acceptance.members = 0",)),
    "coupling with weights": (
        stage(RESOLUTION, "model", value={"coupling": "optimal-transport"}),
        (
            "stage.resolution.model.coupling = 'optimal-transport': not with weights",
            "sample.weight = 'sweight'",
            "write 'independent'",
        ),
    ),
    "too many bins": (
        stage(RESOLUTION, "model", value={"family": "spline-coupling", "bins": 33}),
        ("stage.resolution.model.bins = 33",),
    ),
    "bins of an affine flow": (
        stage(RESOLUTION, "model", value={"family": "masked-autoregressive", "bins": 8}),
        ("unknown key stage.resolution.model.bins; known are family, width, depth, layers",),
    ),
    "classes that are no whole numbers": (
        stage(RESOLUTION, "predict", "chi2", value={"type": "category", "values": [1, 2.5]}),
        ("stage.resolution.predict.chi2", "a category has 2 to 32 different whole numbers"),
    ),
    "family of the other kind": (
        stage(RESOLUTION, "model", value={"family": "classifier"}),
        ("stage.resolution: a response stage cannot have model.family = 'classifier'", "'flow-matching'"),
    ),
    "category of many": (
        stage(ACCEPTANCE, "predict", value={"found": {}}),
        ("stage.acceptance: a category stage predicts one column",),
    ),
    "response of one": (
        stage(RESOLUTION, "predict", value="found"),
        ("stage.resolution: a response stage predicts a table of variables",),
    ),
    "bounds without bounded": (
        stage(RESOLUTION, "predict", "chi2", value={"low": 0.0}),
        ("stage.resolution.predict.chi2: 'low' is only for type = 'bounded', type is 'continuous'",),
    ),
    "bounded without bounds": (
        stage(RESOLUTION, "predict", "chi2", value={"type": "bounded", "low": 0.0}),
        ("stage.resolution.predict.chi2: 'high' is missing: type 'bounded' needs it",),
    ),
    "bounds upside down": (
        stage(RESOLUTION, "predict", "chi2", value={"type": "bounded", "low": 2.0, "high": 1.0}),
        ("stage.resolution.predict.chi2: low = 2 must be below high = 1",),
    ),
    "no triangle": (
        stage(RESOLUTION, "predict", "cov", "columns", value=["c00", "c10"]),
        ("stage.resolution.predict.cov: 2 columns are no lower triangle",),
    ),
    "column twice in a covariance": (
        stage(RESOLUTION, "predict", "cov", "columns", value=["c00", "c00", "c11"]),
        ("stage.resolution.predict.cov: the same column stands twice",),
    ),
    "value twice in a category": (
        put("categories", "species", "values", value=[11, 11]),
        ("categories.species: the same value stands twice",),
    ),
    "stage name twice": (again(0), ("stage.name = 'acceptance': 2 stages or tables of [compare] have this name",)),
    "bad stage name": (
        stage(ACCEPTANCE, "name", value="a b"),
        ("name = 'a b': it must begin with a letter",),
    ),
    "used before it is predicted": (
        swap,
        (
            "stage.resolution.where = 'found': 'found' is predicted only by stage 'acceptance'",
            "move that stage up",
        ),
    ),
    "used by the stage that predicts it": (
        stage(RESOLUTION, "given", value=["rec_p"]),
        (
            "stage.resolution.given[0] = 'rec_p': 'dp' (through rec_p) is predicted only by",
            "stage 'resolution', which is not earlier",
        ),
    ),
    "reference-only column in given": (
        stage(RESOLUTION, "given", value=["ghost"]),
        ("stage.resolution.given[0] = 'ghost': 'ghost' is not known in simulation", "reconstructed.ghost"),
    ),
    "reference-only column in the output": (
        put("output", "columns", value=["sweight"]),
        ("output.columns[0] = 'sweight': 'sweight' is not known in simulation",),
    ),
    "reference-only column in a formula": (
        put("reconstructed", "rec_p", "from", value="p * sweight"),
        ("reconstructed.rec_p.from = 'p * sweight': 'sweight' is not known in simulation",),
    ),
    "column neither predicted nor made": (
        drop("reconstructed", "rec_p", "from"),
        ("output.columns[0] = 'rec_p': 'rec_p' is not known in simulation: no stage predicts it",),
    ),
    "predicted and made": (
        put("reconstructed", "chi2", value={"unit": "", "from": "p"}),
        ("stage.resolution.predict: 'chi2' is predicted, and made by reconstructed.chi2.from = 'p' as well",),
    ),
    "predicted twice": (
        stage(RESOLUTION, "predict", "found", value={}),
        ("stage.resolution.predict: 'found' is predicted by stage 'acceptance' already",),
    ),
    "name taken": (put("derive", "px", value="1"), ("derive.px: the name 'px' is taken by columns",)),
    "variable's name taken": (
        stage(RESOLUTION, "predict", "p", value="rec_p / p"),
        ("stage.resolution.predict.p: the name 'p' is taken by derive",),
    ),
    "name of every event": (put("columns", "run", value=""), ("columns.run: the name 'run' is taken",)),
    "name with a dot": (put("columns", "a.b", value=""), ("columns.a.b: 'a.b' cannot be a name", "source")),
    "name of a function": (put("columns", "abs", value=""), ("columns.abs: 'abs' cannot be a name",)),
    "Python keyword": (put("derive", "lambda", value="1"), ("derive.lambda: 'lambda' cannot be a name",)),
    "no schema": (drop("schema"), ("key 'schema' is missing: write schema = 1",)),
    "newer schema": (put("schema", value=2), ("schema = 2", "schema 1", "pip install --upgrade flashsim")),
    "older schema": (put("schema", value=0), ("schema = 0", "write schema = 1")),
    "schema as text": (put("schema", value="1"), ("schema = '1'", "whole number 1")),
    "path is no key": (put("path", value="x"), ("unknown key path",)),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named(mistake: str):
    change, parts = MISTAKES[mistake]
    with pytest.raises(FlashSimError) as caught:
        card_from_dict(changed(CARD, change), "toy.toml")
    message = str(caught.value)
    assert message.startswith("toy.toml: ")
    for part in parts:
        assert part in message
    assert "pydantic" not in message


def test_many_mistakes_are_counted():
    def spoil(card: dict[str, Any]) -> None:
        card["columns"] = {f"c{index}": index for index in range(9)}

    with pytest.raises(FlashSimError, match=r"(?s)columns\.c0 = 0.*columns\.c2 = 2.*and 6 more$"):
        card_from_dict(changed(CARD, spoil))


FILES = {
    "not TOML": (b"schema = = 1", "not a TOML file: "),
    "key twice": (b"schema = 1\nschema = 1", "not a TOML file: "),
    "binary": (b"PAR1\xff\xfe", "not a TOML file: byte 4 is not UTF-8 text"),
    "nested": (b"a = " + b"[" * 20_000, "deeply nested"),
    "large": (b"#" * 1_000_001, "larger than 1000000 bytes"),
    "empty": (b"", "key 'schema' is missing"),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_that_are_no_cards(kind: str, tmp_path: Path):
    content, part = FILES[kind]
    path = tmp_path / "card.toml"
    path.write_bytes(content)
    with pytest.raises(FlashSimError) as caught:
        read_card(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert part in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(FlashSimError, match=r"no\.toml: the card cannot be read: No such file"):
        read_card(tmp_path / "no.toml")
    with pytest.raises(FlashSimError, match="the card cannot be read: Is a directory"):
        read_card(tmp_path)
    with pytest.raises(FlashSimError, match="the card cannot be read"):
        read_card("a\x00b")
