"""The jet that a lepton is in: the nearest of those drawn, or none."""

import numpy as np

from flashsim.drafts.collections.columns import JET
from flashsim.drafts.collections.targets import EQUAL, Targets
from flashsim.drafts.draft import Learnt
from flashsim.drafts.kinds import Kind, is_constant

INDEX = "jet_index"


def add_place(targets: Targets) -> None:
    """`jetIdx`: that of the nearest jet, or −1, which is drawn; left out where the file's is often another one."""
    key = next((key for key, suffix in targets.suffixes.items() if suffix == JET), None)
    if key is None or INDEX not in targets.truth:
        return
    places, nearest = targets.found[key], targets.truth[INDEX]
    inside = (places == nearest) & (places >= 0)
    agree = float(np.mean(inside | (places < 0)))
    if agree < EQUAL:
        targets.draft.left_out[targets.names[key]] = f"it is the nearest jet or none for {agree:.1%} only"
        targets.skip(key)
        return
    targets.of_left[key] = "-1"
    if is_constant(inside):
        why = "always the nearest jet that was drawn" if inside[0] else "never in a jet"
        targets.make(key, INDEX if inside[0] else "-1", "place", why)
        return
    variable = "in_jet"
    targets.learn(variable, Learnt(Kind("flag", f"in the nearest jet: {np.mean(inside):.1%}"), f"{key} == {INDEX}"))
    targets.make(key, f"where({variable} > 0, {INDEX}, -1)", "place", "the nearest jet that was drawn, or none")
