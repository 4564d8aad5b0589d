"""The columns that the apparatus adds to a sample of the spectrometer: identification of tracks, and neutrals."""

import numpy as np
from jaxtyping import Float, Int64, Shaped

from flashsim.experiments.lhcb import bremsstrahlung, calorimeter, neutrals
from flashsim.experiments.lhcb.combination import calorimeter_likelihoods, muon_part, probabilities
from flashsim.experiments.lhcb.generators import Generated
from flashsim.experiments.lhcb.geometry import CALORIMETER
from flashsim.experiments.lhcb.muons import muon_answers
from flashsim.experiments.lhcb.records import Deposits, MuonHits, Pairs, Photons
from flashsim.experiments.lhcb.rich import rich_likelihoods
from flashsim.experiments.lhcb.tracks import HYPOTHESES, Tracks, of_events
from flashsim.experiments.spectrometer.rounding import round_mantissa

BITS = 12  # of mantissa, of what is measured here
_GENERATED = ("pid", "px", "py", "pz", "vx", "vy", "vz")
Columns = dict[str, Shaped[np.ndarray, "rows"]]


def identify(
    columns: Columns,
    generated: Generated,
    photons: Photons,
    deposits: Deposits,
    muon_hits: MuonHits,
    pairs: Pairs,
    seed: int,
) -> Columns:
    """A sample with what the apparatus measured: tracks and ghosts identified, photons and neutral pions added.

    Each event begins with its neutral pions, which do not live to be transported (`stable` = 0); `mother` of their
    photons is their place in the event. What a row has no answer for is 0.
    """
    tracks = Tracks.of_sample(columns)
    primaries = generated.particles
    rich = rich_likelihoods(tracks, photons, primaries, seed)
    muon = muon_answers(tracks, muon_hits, primaries, seed)
    there = tracks.at(CALORIMETER.start + calorimeter.SHOWER_DEPTH[0])[:, :2]
    inside = tracks.crosses_dipole & ~calorimeter.outside(there[:, 0], there[:, 1])
    light = np.flatnonzero(primaries.pid == 22)
    (energy, middle, radiated), clustered = _calorimeter(tracks, there, deposits, generated, light, seed)
    seen = neutrals.Neutrals(neutrals.converted(pairs, light), *clustered)
    momentum = tracks.momentum
    likelihoods = np.where(inside[:, None], calorimeter_likelihoods(energy, middle, momentum), 0.0)
    stations = muon_part(muon, momentum)
    quality = columns["chi2"][tracks.row] / columns["ndof"][tracks.row]
    combined = rich.sum(axis=0)
    electron, mu = HYPOTHESES.index("e"), HYPOTHESES.index("mu")
    measured = {
        **{f"rich_dll_{name}": combined[:, i] for i, name in enumerate(HYPOTHESES) if name != "pi"},
        "muon_inside": muon.inside,
        "is_muon": muon.is_muon,
        "muon_mu_ll": muon.muon,
        "muon_bkg_ll": muon.background,
        "calorimeter": inside,
        "e_over_p": np.where(inside, energy / momentum, 0.0),
        "has_brem": radiated > 0,
        "brem_energy": radiated,
        "pid_e": combined[:, electron] + likelihoods[:, 0],
        "pid_mu": combined[:, mu] + likelihoods[:, 1] + stations,
        "pid_k": combined[:, HYPOTHESES.index("k")],
        "pid_p": combined[:, HYPOTHESES.index("p")],
    }
    numbers = probabilities(rich, likelihoods, stations, quality)
    columns = dict(columns)
    for name, values in measured.items():
        columns[name] = _spread(_rounded(values), tracks.row, len(columns["event"]))
    for number, name in enumerate(HYPOTHESES):
        columns[f"prob_nn_{name}"] = _spread(numbers[:, number], tracks.row, len(columns["event"]))
    return _with_neutrals(columns, generated, light, seen)


def _calorimeter(
    tracks: Tracks,
    there: Float[np.ndarray, "n 2"],
    deposits: Deposits,
    generated: Generated,
    light: np.ndarray,
    seed: int,
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Energy around each track, the share of the middle cell and what it radiated; each photon's answer and cluster."""
    primaries = generated.particles
    around = np.zeros((3, len(tracks)))
    measured = np.zeros((4, len(light)))
    kinds = np.zeros(len(light), np.int64)
    place = neutrals.on_calorimeter(primaries, light)
    front, lines = tracks.at(CALORIMETER.start)[:, :2], bremsstrahlung.tangents(tracks)
    event = primaries.event[deposits.row]
    track_rows, photon_rows = (
        {name: rows for name, _, rows in of_events(np.unique(primaries.event), owner)}
        for owner in (tracks.event, primaries.event[light])
    )
    for name, _, rows in of_events(np.unique(primaries.event), event):
        random = np.random.default_rng([seed, 3, name])
        grid = calorimeter.cells(deposits, rows, random)
        own, theirs = track_rows[name], photon_rows[name]
        around[:2, own] = calorimeter.energy_around(grid, there[own, 0], there[own, 1])
        clusters = calorimeter.find_clusters(grid)
        owner = calorimeter.owners(deposits, rows, clusters, primaries)
        followed = own[tracks.crosses_dipole[own]]
        likeness = neutrals.photon_likeness(clusters, front[followed, 0], front[followed, 1])
        around[2, own] = bremsstrahlung.recovered(lines[:, own], clusters, front[followed])
        kind, which = neutrals.found(light[theirs], generated.mother[light[theirs]], place[:, theirs], clusters, owner)
        kinds[theirs] = kind
        has = which >= 0
        values = (clusters.energy, clusters.x, clusters.y, likeness)
        measured[:, theirs[has]] = np.stack([column[which[has]] for column in values])
    return around, (kinds, *measured)


def _spread(values: Shaped[np.ndarray, "n"], rows: Int64[np.ndarray, "n"], length: int) -> Shaped[np.ndarray, "rows"]:
    """A column with values at some rows, and 0 elsewhere."""
    column = np.zeros(length, np.float32 if values.dtype.kind == "f" else np.uint8)
    column[rows] = values
    return column


def _rounded(values: Shaped[np.ndarray, "n"]) -> Shaped[np.ndarray, "n"]:
    return round_mantissa(values, BITS) if values.dtype.kind == "f" else values


def _with_neutrals(columns: Columns, generated: Generated, light: np.ndarray, seen: neutrals.Neutrals) -> Columns:
    """The rows of tracks and ghosts with pions before, and photons between."""
    primaries, pions = generated.particles, generated.pions
    n, numbers = len(columns["event"]), (len(pions), len(light))
    order = (pions.event, columns["event"], primaries.event[light])
    rank = np.repeat([0, 1, 2], [len(part) for part in order])
    rank[numbers[0] : numbers[0] + n] += 2 * columns["ghost"]
    event = np.concatenate(order)
    answers = {"converted": seen.converted}
    answers |= {"has_cluster": seen.neutral == neutrals.PHOTON, "merged": seen.neutral == neutrals.MERGED}
    answers |= {"cluster_energy": _rounded(seen.energy), "cluster_x": _rounded(seen.x), "cluster_y": _rounded(seen.y)}
    answers |= {"photon_id": seen.photon_id}
    result: Columns = {}
    for name, values in columns.items():
        parts = [np.zeros(number, values.dtype) for number in numbers]
        if name in ("event", *_GENERATED):
            parts = [getattr(pions, name), getattr(primaries, name)[light]]
        result[name] = np.concatenate([parts[0], values, parts[1]]).astype(values.dtype)
    for name, values in answers.items():
        result[name] = _spread(values, numbers[0] + n + np.arange(numbers[1]), len(event))
    # a pion's place is its rank among the pions of its event, as these come first; the last -1 is for no mother
    place = np.append(np.arange(len(pions)) - np.searchsorted(pions.event, pions.event), -1)
    result["stable"] = (rank > 0).astype(np.uint8)
    result["mother"] = np.full(len(event), -1, np.int32)
    result["mother"][numbers[0] + n :] = place[generated.mother[light]]
    sort = np.lexsort((np.arange(len(event)), rank, event))
    return {name: values[sort] for name, values in result.items()}
