"""Whether a card undoes what it learns: its formulas applied to what its stages would draw of the full simulation."""

from collections.abc import Mapping

import numpy as np

from flashsim.card import Card, Stage
from flashsim.errors import FlashSimError
from flashsim.events import EventBatch
from flashsim.stages import Namespace, parsed, stored


def check_closure(card: Card, batch: EventBatch) -> None:
    """Raise FlashSimError when a formula (`from`) does not give back the column of the full simulation.

    Otherwise a flash sample would be wrong however well the stages were trained. Compared where the
    column is written (`output.where`), to one part in a thousand of its spread, for 99 % of the objects, or as many as
    the column says (`agrees`): a lost sign is wrong for half of them only. A number alone in `[unmatched.from]` is a
    choice, and not compared.
    """
    drawn = batch.keep(Namespace(card, batch).written())
    truth = {name: values for name, values in drawn.columns.items() if name not in card.reconstructed}
    if drawn.n_objects == 0:
        return
    full, flash = (
        Namespace(card, drawn),
        Namespace(card, EventBatch(run=drawn.run, event=drawn.event, offsets=drawn.offsets, columns=truth)),
    )
    for stage in card.stages:
        flash.attach(_predicted(stage, full), stage.of)
    flash = flash.as_stored()
    for name, column in card.reconstructed.items():
        if column.formula is None or name not in drawn.columns:
            continue
        rows = full.of("generated") if _chosen_for_unmatched(card, name) else np.ones(drawn.n_objects, dtype=bool)
        if not rows.any():
            continue
        wanted, got = (np.asarray(stored(column, side[name]), float) for side in (full, flash))
        # Single precision is 6·10⁻⁸ of a value: all that a column that is the same for all objects can be off by.
        allowed = 1e-3 * np.std(wanted[rows]) + 1e-6 * np.mean(np.abs(wanted[rows])) + 1e-15
        error = np.where(rows, np.abs(wanted - got), 0.0)
        if not (np.quantile(error[rows], column.agrees) <= allowed):
            worst = int(np.argmax(np.nan_to_num(error, nan=np.inf)))
            raise FlashSimError(
                f"reconstructed.{name}.from = {column.formula!r}: gives {got[worst]:.6g} where the sample has "
                f"{wanted[worst]:.6g} ({full.place(worst)} of those written); it must undo what the stages predict"
            )


def _chosen_for_unmatched(card: Card, name: str) -> bool:
    """Whether all unmatched objects get the same number, whatever those of the sample have."""
    text = None if card.unmatched is None else card.unmatched.formulas.get(name)
    return text is not None and not parsed(text).names


def _predicted(stage: Stage, full: Namespace) -> Mapping[str, np.ndarray]:
    """What a stage would draw if it drew what the full simulation has."""
    if isinstance(stage.predict, str):
        return {stage.predict: full[stage.predict]}
    return {
        column: full.evaluate(column if output.columns else output.expression or name)
        for name, output in stage.predict.items()
        for column in output.columns or [name]
    }
