"""Whether the stages of a card are consistent: what they predict, and what their models ask for."""

from flashsim.card.adversarial import AdversarialModel
from flashsim.card.expressions import Expression
from flashsim.card.model import FlowMatchingModel
from flashsim.card.names import Names
from flashsim.card.schema import Card
from flashsim.card.stage import Stage
from flashsim.errors import FlashSimError, nearest


def check_stages(names: Names) -> None:
    """Refuse stages that predict what is not theirs, or whose models do not go with the card."""
    _check_predictions(names.card)
    _check_coupling(names.card)
    _check_members(names.card)
    for stage in names.card.stages:
        _check_auxiliary(names, stage)


def _check_predictions(card: Card) -> None:
    """Every column of an object is predicted once at most, exists, and has no formula beside."""
    owner: dict[tuple[str, str], str] = {}
    for stage in card.stages:
        if stage.of == "events":
            continue
        for name in stage.predicted_names:
            key = f"stage.{stage.name}.predict"
            if (stage.of, name) in owner:
                raise FlashSimError(f"{key}: {name!r} is predicted by stage {owner[stage.of, name]!r} already")
            owner[stage.of, name] = stage.name
            column = card.reconstructed.get(name)
            known = column is not None or name in card.categories or _has_expression(stage, name)
            if not known and (card.has_sample or not stage.is_external):
                raise FlashSimError(
                    f"{key}: {name!r} is no column of [reconstructed]{nearest(name, card.reconstructed)}; "
                    "declare it there or in [categories], or say by an expression what is learnt"
                )
            if column is not None and column.formula is not None and stage.of == "generated":
                raise FlashSimError(
                    f"{key}: {name!r} is predicted, and made by reconstructed.{name}.from = "
                    f"{column.formula!r} as well; leave one of them out"
                )


def _has_expression(stage: Stage, name: str) -> bool:
    if isinstance(stage.predict, str) or name not in stage.predict:
        return False
    return stage.predict[name].expression is not None


def _check_coupling(card: Card) -> None:
    """Noise near its targets is standard normal over all objects, but no longer so when these are weighted."""
    for stage in card.stages:
        model = stage.model
        if isinstance(model, FlowMatchingModel) and model.coupling != "independent" and card.sample.weight is not None:
            raise FlashSimError(
                f"stage.{stage.name}.model.coupling = {model.coupling!r}: not with weights, here "
                f"sample.weight = {card.sample.weight!r}, which would distort the noise; write 'independent'"
            )


def _check_members(card: Card) -> None:
    """One number says which member simulates an event: it must mean the same in every ensemble."""
    ensembles = [stage for stage in card.stages if stage.members > 1]
    for stage in ensembles[1:]:
        if stage.members != ensembles[0].members:
            raise FlashSimError(
                f"stage.{stage.name}.members = {stage.members}: stage {ensembles[0].name!r} has "
                f"{ensembles[0].members}; all ensembles of a card have as many members, other stages 1"
            )


def _check_auxiliary(names: Names, stage: Stage) -> None:
    """Auxiliary features are made of what the stage predicts, object by object."""
    texts = stage.model.auxiliary if isinstance(stage.model, AdversarialModel) else []
    for index, text in enumerate(texts):
        key = f"stage.{stage.name}.model.auxiliary[{index}]"
        expression = Expression.parse(text, key)
        names.check_known(expression, key)
        for name in sorted(expression.names - set(stage.predicted_names)):
            raise FlashSimError(
                f"{key} = {text!r}: {name!r} is not predicted by this stage{nearest(name, stage.predicted_names)}; "
                f"use its {', '.join(stage.predicted_names)}"
            )
        if not expression.of_one_object:
            raise FlashSimError(f"{key} = {text!r}: functions of whole events, and charge(), cannot be used here")
        if not expression.names:
            raise FlashSimError(f"{key} = {text!r}: a number is no feature; use {', '.join(stage.predicted_names)}")
