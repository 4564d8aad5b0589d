"""Does a stage fit a model that is brought along?"""

from typing import TYPE_CHECKING

from flashsim.card.external import ExternalModel
from flashsim.errors import nearest

if TYPE_CHECKING:
    from flashsim.card.stage import Stage

NOT_EXTERNAL = ("category", "atoms", "covariance")
"""Types of variables that are learnt in a way of their own: a model that is brought along gives plain numbers."""


def check_external(stage: "Stage", model: ExternalModel) -> None:
    """Raise ValueError where a stage does not fit a model that is brought along."""
    if (stage.kind == "category") != (model.classes is not None):
        problem = "needs" if stage.kind == "category" else "cannot have"
        raise ValueError(f"a {stage.kind} stage {problem} model.classes, the classes of the model's probabilities")
    if model.classes is not None and len(set(model.classes)) < len(model.classes):
        raise ValueError(f"model.classes = {model.classes}: a class stands twice")
    if model.outputs is not None and len(model.classes or ()) != 2:
        raise ValueError("model.outputs = 1 is for two classes, of which the model gives the probability of the second")
    if stage.members > 1:
        raise ValueError(f"members = {stage.members}: a model that is brought along is one; leave members out")
    for text, (low, high) in model.range.items():
        if text not in stage.given:
            raise ValueError(f"model.range: {text!r} does not stand in given{nearest(text, stage.given)}")
        if not low < high:
            raise ValueError(f"model.range: {text!r} goes from {low:g} to {high:g}; the first must be below the second")
    if not isinstance(stage.predict, str):
        for name, variable in stage.predict.items():
            if variable.type in NOT_EXTERNAL:
                raise ValueError(
                    f"predict.{name}.type = {variable.type!r}: a model that is brought along gives plain numbers; "
                    "write 'continuous', and make what you want of them by formulas of [reconstructed]"
                )
