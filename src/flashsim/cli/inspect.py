"""flashsim inspect: what a card, a release or a file holds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from flashsim.cli.app import app, console

if TYPE_CHECKING:
    from flashsim.card import Card, Model, Stage, Unmatched


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(help="A card (*.toml), a release (a folder), or a file of events.")],
) -> None:
    """Show what PATH holds, and check it: a card for errors, a release for damage, a file for its events."""
    from flashsim.card import EventCard, read_any_card
    from flashsim.release import is_event_release

    if path.is_dir() and is_event_release(path):
        _event_release(path)
    elif path.is_dir():
        _release(path)
    elif path.suffix == ".toml":
        card = read_any_card(path)
        cards = card.collections.values() if isinstance(card, EventCard) else [card]
        for one in cards:
            _card(one)
    else:
        _file(path)


def _event_release(path: Path) -> None:
    from flashsim.release import load_event

    found = load_event(path)
    console.print(f"[bold]Release {path}[/] {found.hash}: every checksum holds", highlight=False)
    console.print(f"{found.name}  {escape(found.description)}", highlight=False)
    for name in found.detectors:
        _release(path / name)


def _card(card: "Card") -> None:
    console.print(f"[bold]Card {card.name}[/]  {escape(card.description)}", highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("stage", "kind", "model", "members", "where", "given", "predicts"):
        table.add_column(title, overflow="fold")
    for stage in card.stages:
        table.add_row(
            stage.name,
            stage.kind,
            escape(_size(stage.model)),
            str(stage.members),
            escape(_asked(stage)),
            escape(", ".join(stage.given)),
            ", ".join(stage.predicted_names),
        )
    if card.stages:
        console.print(table, highlight=False)
        if card.unmatched is not None:
            told = f"unmatched objects: {_rule(card.unmatched)}; {card.unmatched.number} an event"
            console.print(escape(told), highlight=False)
        console.print(f"writes {card.output.name}: {', '.join(card.output.columns)}", highlight=False)
        if card.output.particles:
            console.print(f"and of every generated object: {', '.join(card.output.particles)}", highlight=False)
    _paths(card)
    compared = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("compares", "of", "where", "conditions", "variables"):
        compared.add_column(title, overflow="fold")
    for name, comparison in card.compare.items():
        of = " + ".join(comparison.daughters) if comparison.daughters else comparison.of
        variables = comparison.category or ", ".join(comparison.outputs())
        conditions = ", ".join(comparison.conditions)
        compared.add_row(name, of, *map(escape, (comparison.where or "all", conditions, variables)))
    if card.compare:
        console.print(compared, highlight=False)


def _paths(card: "Card") -> None:
    """Where particles are followed to, and the field maps, whose units only a person can judge."""
    from flashsim.card import MapField
    from flashsim.propagation import load_grid

    for name, table in card.propagate.items():
        to = "the point closest to the beam" if table.to == "beam" else f"z = {table.to:g} mm"
        how = "straight" if table.field is None else f"through [field.{table.field}]"
        console.print(escape(f"{name}_x, … to {to}, {how}"), highlight=False)
    for name, field in card.magnetic_fields.items():
        if isinstance(field, MapField):
            grid = load_grid(card, name, field)
            ends = ", ".join(
                f"{a} {low:g} to {high:g}" for a, low, high in zip("xyz", grid.first, grid.last, strict=True)
            )
            strongest = abs(field.scale) * abs(grid.values).max()
            console.print(escape(f"[field.{name}] {ends} mm, at most {strongest:.3g} T"), highlight=False)


def _rule(unmatched: "Unmatched") -> str:
    """Which objects of the sample follow no generated one."""
    return f"where {unmatched.where}" if unmatched.of is None else f"of {unmatched.of} that belong to none"


def _asked(stage: "Stage") -> str:
    """What a stage applies to."""
    if stage.of == "generated":
        return stage.where or "all"
    return f"{stage.of}: {stage.where or 'all'}"


def _size(model: "Model") -> str:
    """A model in a few words: its network, or the file that is brought along."""
    from flashsim.card import ExternalModel

    return f"{model.family} " + (model.file if isinstance(model, ExternalModel) else f"{model.depth} × {model.width}")


def _release(path: Path) -> None:
    from flashsim.release import load

    detector = load(path)
    console.print(f"[bold]Release {path}[/] {detector.hash}: every checksum holds", highlight=False)
    _card(detector.card)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("stage", "trained on", "parameters", "best epoch", "held-out loss"):
        table.add_column(title, justify="left" if title == "stage" else "right")
    for trained in detector.stages:
        summary = trained.summary
        if trained.stage.is_external:
            table.add_row(trained.stage.name, "brought along", "", "", "")
            continue
        table.add_row(
            trained.stage.name,
            f"{summary['training_objects']:,}",
            f"{summary['parameters']:,}",
            f"{_range(summary['best_epochs'])} of {summary['epochs']}",
            f"{summary['validation_loss']:.4f}",
        )
    console.print(table, highlight=False)
    versions = detector.provenance.get("versions", {})
    console.print("made with " + ", ".join(f"{name} {number}" for name, number in versions.items()), highlight=False)


def _range(numbers: list[int]) -> str:
    return "–".join(map(str, sorted({min(numbers), max(numbers)})))


def _file(path: Path) -> None:
    from flashsim.events import describe_file

    found = describe_file(path)
    console.print(f"[bold]{path}[/]: {found.format}, {found.rows:,} rows", highlight=False)
    for key, value in found.metadata.items():
        if key != "units":
            console.print(f"{key}: {escape(str(value))}", highlight=False)
    units = found.metadata.get("units", {})
    table = Table(box=None, padding=(0, 2, 0, 0))
    for title in ("column", "type", "unit"):
        table.add_column(title)
    for name, kind in found.columns.items():
        table.add_row(escape(name), escape(kind), escape(units.get(name, "")))
    console.print(table, highlight=False)
