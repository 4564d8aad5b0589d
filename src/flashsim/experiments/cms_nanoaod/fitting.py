"""Fits the numbers of `scores`: corrections of jets, and three small classifiers. Run once; kept in `fitted.json`.

python -m flashsim.experiments.cms_nanoaod.fitting
"""

import itertools
import json
import warnings
from typing import Any

import numpy as np
from jaxtyping import Float64
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from flashsim.experiments.cms_nanoaod import scores
from flashsim.experiments.cms_nanoaod.candidates import reconstruct
from flashsim.experiments.cms_nanoaod.clustering import ghosts_of
from flashsim.experiments.cms_nanoaod.jets import raw_jets
from flashsim.experiments.cms_nanoaod.pileup import POOL, pool
from flashsim.experiments.cms_nanoaod.processes import generate
from flashsim.experiments.cms_nanoaod.truth import generated_jets
from flashsim.experiments.cms_nanoaod.whole_events import density

SEED = 20260
"""Of a production that is used for nothing else."""
_TERMS = 4
_DIGITS = 5


def main(events: int = 12_000, chunk: int = 200) -> None:
    """Make events, fit, and write."""
    chunks = [_chunk(chunk, SEED + 1 + index) for index in range(events // chunk)]
    jets = {name: np.concatenate([part[name] for part in chunks]) for name in chunks[0]}
    offset = _offset(jets)
    table = _response(jets, offset)
    first = scores.offset_corrected(jets["pt"], jets["eta"], jets["area"], jets["density"], offset)
    pt = first * scores.response_correction(first, jets["eta"], table)
    seen, matched = (pt > 15) & (np.abs(jets["eta"]) < 5), jets["gen_pt"] > 0
    tagged = seen & matched & (np.abs(jets["eta"]) < 2.5)
    quark = tagged & (jets["hadron"] == 0) & (jets["parton"] != 0)
    numbers = {
        "offset": offset.tolist(),
        "response": table.tolist(),
        "flavour": _classifier(jets["flavour_inputs"], pt, tagged, jets["hadron"], 24),
        "gluon": _classifier(jets["gluon_inputs"], pt, quark, jets["parton"] != 21, 10),
        "pileup": _classifier(jets["pileup_inputs"], pt, seen & (pt < 60), matched, 12),
    }
    scores.NUMBERS.write_text(json.dumps(_rounded(numbers)) + "\n")


def _chunk(events: int, seed: int) -> dict[str, np.ndarray]:
    record = generate(events, seed)
    candidates, _ = reconstruct(record, pool(SEED, POOL), np.random.default_rng(seed))
    ghosts = ghosts_of(record)
    generated = generated_jets(record, ghosts)
    raw = raw_jets(candidates, ghosts, generated, events)
    rho = density(candidates, events)[raw.jets.event]
    pt, eta = raw.jets.pt, raw.jets.eta
    isolated = raw.generated >= 0
    return {
        "pt": pt,
        "eta": eta,
        "area": raw.area,
        "density": rho,
        "gen_pt": np.where(isolated, generated.pt[raw.generated], 0.0),
        "hadron": raw.jets.hadron_flavour,
        "parton": raw.jets.parton_flavour,
        "flavour_inputs": scores.flavour_inputs(pt, eta, raw.contents),
        "gluon_inputs": scores.gluon_inputs(pt, eta, raw.contents),
        "pileup_inputs": scores.pileup_inputs(pt, eta, raw.contents, rho),
    }


def _offset(jets: dict[str, np.ndarray]) -> Float64[np.ndarray, " bins"]:
    """Slope of what a jet has too much against ρ · area, in bins of |η|."""
    where, slopes = scores.eta_bin(jets["eta"]), []
    for index in range(len(scores.ETA_EDGES) - 1):
        some = (where == index) & (jets["gen_pt"] > 20) & (jets["gen_pt"] < 80)
        x, y = (jets["density"] * jets["area"])[some], (jets["pt"] - jets["gen_pt"])[some]
        design = np.stack([x, np.ones_like(x), jets["gen_pt"][some] - 40], axis=1)
        weight, solution = np.ones_like(x), np.zeros(3)
        for _ in range(10):  # the median rather than the mean: tails of the response are long
            solution = np.linalg.lstsq(design * weight[:, None], y * weight, rcond=None)[0]
            weight = 1 / np.sqrt(np.maximum(np.abs(y - design @ solution), 0.5))
        slopes.append(solution[0])
    return np.array(slopes)


def _response(jets: dict[str, np.ndarray], offset: np.ndarray) -> Float64[np.ndarray, "bins terms"]:
    """Medians of the response in bins of generated pt, as a function of the reconstructed one."""
    first = scores.offset_corrected(jets["pt"], jets["eta"], jets["area"], jets["density"], offset)
    where, edges, table = scores.eta_bin(jets["eta"]), np.geomspace(12, 800, 16), []
    for index in range(len(scores.ETA_EDGES) - 1):
        x, y, errors = [], [], []
        for low, high in itertools.pairwise(edges):
            some = (where == index) & (jets["gen_pt"] > low) & (jets["gen_pt"] < high)
            if np.count_nonzero(some) < 60:
                continue
            ratio = (first / np.maximum(jets["gen_pt"], 1))[some]
            y.append(1 / np.median(ratio))
            x.append(np.log(np.median(ratio) * np.median(jets["gen_pt"][some]) / 50))
            errors.append(1.25 * ratio.std() / np.sqrt(len(ratio)))
        terms = min(_TERMS, max(len(x) - 1, 1))
        fitted = np.polynomial.polynomial.polyfit(x, y, terms - 1, w=1 / np.array(errors))
        table.append(np.pad(fitted, (0, _TERMS - terms)))
    return np.array(table)


def _classifier(
    inputs: np.ndarray, pt: np.ndarray, chosen: np.ndarray, label: np.ndarray, hidden: int
) -> dict[str, Any]:
    """Classes are balanced by dropping rows of the most frequent one down to four times the next."""
    table = inputs[chosen].copy()
    table[:, 0] = np.log(pt[chosen])
    label = label[chosen]
    random = np.random.default_rng(0)
    counts = np.sort(np.unique(label, return_counts=True)[1])
    limit = 4 * counts[-2]
    kept = np.concatenate([random.permutation(np.flatnonzero(label == value))[:limit] for value in np.unique(label)])
    centre, scale = table[kept].mean(axis=0), table[kept].std(axis=0)
    machine = MLPClassifier((hidden,), activation="tanh", alpha=1e-3, max_iter=120, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine.fit((table[kept] - centre) / scale, label[kept])
    last, bias = machine.coefs_[1], machine.intercepts_[1]
    if last.shape[1] == 1:  # one output says which of two classes
        last, bias = np.hstack([np.zeros_like(last), last]), np.concatenate([[0.0], bias])
    parts = (centre, scale, machine.coefs_[0], machine.intercepts_[0], last, bias)
    return {name: part.tolist() for name, part in zip(scores.Network.__dataclass_fields__, parts, strict=True)}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list) else float(f"{value:.{_DIGITS}g}")


if __name__ == "__main__":
    main()
