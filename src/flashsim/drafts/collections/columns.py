"""Which columns of a collection are learnt, and why others are not."""

from flashsim.drafts.collections.contents import Contents
from flashsim.drafts.collections.plan import Plan
from flashsim.drafts.collections.rules import Rule
from flashsim.drafts.draft import Draft
from flashsim.drafts.names import INDICES, words_of

FEWEST = 10
"""Fewer objects than this make no collection."""
PLACE = "Idx"
"""What the name of a place in another list ends with: that of the list, in the singular, stands before it."""


def too_few(contents: Contents, plan: Plan, rule: Rule | None) -> str | None:
    """Why there is no such collection; None if there is enough of it."""
    if not plan.truths:
        return None if contents.numbers_of(plan.prefix) else "not in the file"
    first = _first(contents, plan)
    if first is None:
        return "not in the file"
    if contents.size(first) < FEWEST:
        return f"{contents.size(first)} objects; {FEWEST} are the least"
    if rule is None:
        return "no generated objects in the file that it could follow"
    if rule.found < FEWEST:
        return f"{rule.found} of {rule.others} objects follow a generated one; {FEWEST} are the least"
    return None


def _first(contents: Contents, plan: Plan) -> str | None:
    return next((name for name in contents.offsets if name.startswith(plan.prefix)), None)


def columns_of(contents: Contents, plan: Plan, draft: Draft) -> dict[str, str]:
    """The names of the columns to be learnt, by suffix; those that are not are said to be left out."""
    if plan.truths:
        names = contents.of((plan.prefix, *plan.also), _first(contents, plan) or "")
    else:
        names = contents.numbers_of(plan.prefix)
    kept: dict[str, str] = {}
    for suffix, name in names.items():
        if "." in suffix:
            continue  # a part of a link
        if not contents.is_finite(name):
            draft.left_out[name] = "NaN or infinite for some objects; give these a number of their own first"
        elif suffix.removesuffix(PLACE) in draft.related or (PLACE in suffix and (contents.values(name) == -1).all()):
            kept[suffix] = name
        elif set(words_of(suffix.rstrip("123456789"))) & INDICES or PLACE in suffix:
            draft.left_out[name] = "a place in another list"
        elif "fiducialGen" in suffix:
            draft.left_out[name] = "a quantity of the generator"
        else:
            kept[suffix] = name
    return kept
