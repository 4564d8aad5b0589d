"""A card for an ntuple of one kind of objects, flat or jagged, from the names and the values of its columns."""

import re
from collections.abc import Mapping, Sequence

from flashsim.drafts.draft import Draft
from flashsim.drafts.names import Named, roles
from flashsim.drafts.objects import Objects, objects_of
from flashsim.drafts.reconstructed import Reconstruction
from flashsim.drafts.table import Table
from flashsim.drafts.truth import add_truth
from flashsim.drafts.units import momentum_unit, quantity, unit_of
from flashsim.errors import FlashSimError


def draft_flat(
    table: Table,
    *,
    tree: str | None = None,
    truth: Sequence[str] = (),
    reconstructed: Sequence[str] = (),
    event: tuple[str, str] | None = None,
) -> Draft:
    """What a card for this table says; `truth` and `reconstructed` are patterns for columns that their names belie."""
    objects = objects_of(table, event)
    named = roles(list(objects.columns), truth, reconstructed)
    _require_both(table, objects, named)
    units = _units(table, objects, named)
    draft = Draft(
        name=re.sub(r"\W", "_", f"card_{table.path.stem}", flags=re.ASCII),
        description=f"Drafted from {table.path.name}.",
        file=str(table.path),
        event=objects.event,
        tree=tree,
        left_out=dict(objects.left_out),
    )
    taken = {"run", "event"}
    sides, given = add_truth(draft, _of(named, "truth"), objects.columns, units, taken)
    reconstruction = Reconstruction(draft, objects.columns, units, sides, taken)
    reconstruction.add_all(_of(named, "reconstructed"), given)
    if objects.others:
        others = ", ".join(objects.others[:4]) + (", …" if len(objects.others) > 4 else "")
        draft.undecided.append(
            f"The file has lists of {len(objects.others) + 1} kinds of objects. Taken were those of "
            f"{next(iter(objects.columns))}, not those of {others}. If the generated ones are in another list than the "
            "reconstructed ones, write [related] by hand: see the how-to on NanoAOD."
        )
    draft.undecided += _questions(named, {name: unit for name, unit in units.items() if name not in table.units})
    return draft


def _of(named: Mapping[str, Named], role: str) -> list[Named]:
    return [one for one in named.values() if one.role == role]


def _require_both(table: Table, objects: Objects, named: Mapping[str, Named]) -> None:
    """Refuse a file of one side only, and show which columns could not be used."""
    unused = "; ".join(f"{name}: {why}" for name, why in list(objects.left_out.items())[:3])
    for role, hint in (("truth", "gen_*"), ("reconstructed", "rec_*")):
        if not _of(named, role):
            raise FlashSimError(
                f"{table.path}: no column is recognised as {role}; say which ones are with --{role} '{hint}'. "
                f"It has {', '.join(list(named)[:12])}{', …' if len(named) > 12 else ''}"
                + (f" (left out: {unused})" if unused else "")
            )


def _units(table: Table, objects: Objects, named: Mapping[str, Named]) -> dict[str, str]:
    """Of every column: what the file states, else what its name suggests."""
    momenta = [objects.columns[one.name] for one in _of(named, "truth") if quantity(one.name) == "momentum"]
    momentum = momentum_unit(values for values in momenta if values.dtype.kind == "f")
    guessed = {name: unit_of(name, values, momentum) for name, values in objects.columns.items()}
    return guessed | {name: unit for name, unit in table.units.items() if name in guessed}


def _questions(named: Mapping[str, Named], units: Mapping[str, str]) -> list[str]:
    """What only the user knows."""
    questions: list[str] = []
    unclear = [one for one in named.values() if not one.is_clear]
    for role, other in (("truth", "reconstructed"), ("reconstructed", "truth")):
        listed = ", ".join(one.name for one in unclear if one.role == role)
        if listed:
            questions.append(f"Taken for {role}, though their names do not say it: {listed}. If not: --{other} NAME.")
    guessed = sorted({unit for unit in units.values() if unit})
    if guessed:
        questions.append(
            f"Units ({', '.join(guessed)}) are guesses, as the file states none: correct them in the card."
        )
    return questions
