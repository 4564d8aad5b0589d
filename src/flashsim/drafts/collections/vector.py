"""Missing momentum: what is learnt of it is the difference to the generator's, along x and y."""

from flashsim.drafts.collections.targets import Targets
from flashsim.drafts.draft import Learnt
from flashsim.drafts.kinds import Kind


def add_vector(targets: Targets) -> None:
    """`pt` and `phi` by two differences; nothing if one of the four columns is not there."""
    keys = {suffix: key for key, suffix in targets.suffixes.items()}
    if not {"pt", "phi"} <= keys.keys() & targets.partners.keys():
        return
    pt, phi, gen_pt, gen_phi = keys["pt"], keys["phi"], targets.partners["pt"], targets.partners["phi"]
    parts = {}
    for axis, function in (("x", "cos"), ("y", "sin")):
        variable = f"d{axis}"
        truth = f"{gen_pt} * {function}({gen_phi})"
        kind = Kind("continuous", f"along {axis}, difference to {gen_pt}")
        targets.learn(variable, Learnt(kind, f"{pt} * {function}({phi}) - {truth}", "GeV"))
        parts[axis] = f"{truth} + {variable}"
    why = "from its differences to the generator's along x and y"
    targets.make(pt, f"hypot({parts['x']}, {parts['y']})", "vector", why)
    targets.make(phi, f"arctan2({parts['y']}, {parts['x']})", "vector", why)
