"""RICH likelihoods: how many photons each hypothesis expects of a track, and at which angles they were seen.

The mirrors of a RICH bring light of one direction to one point, so what is measured is the direction of each photon.
All photons of an event stand in the likelihood of each track (Forty and Schneider, LHCb 98-040): those of other
tracks are its background, as is light of secondaries and noise.
"""

import numpy as np
from jaxtyping import Float, Float64

from flashsim.experiments.lhcb.geometry import RADIATORS, Radiator
from flashsim.experiments.lhcb.optics import cherenkov_angle, detected_photons, mean_index
from flashsim.experiments.lhcb.records import Photons
from flashsim.experiments.lhcb.tracks import HYPOTHESES, Tracks, beta, of_events
from flashsim.experiments.spectrometer.records import Primaries

PION = HYPOTHESES.index("pi")
LARGEST_ANGLE = 0.085  # rad from a track: photons farther away are not its own
BLUR = (1.2e-3, 1.5e-3)  # rad GeV: error of a track's direction in each radiator, times its momentum
_POINTS = 24  # along a path


def path_lengths(
    x: Float[np.ndarray, "n"],
    y: Float[np.ndarray, "n"],
    tx: Float[np.ndarray, "n"],
    ty: Float[np.ndarray, "n"],
    radiator: Radiator,
) -> Float64[np.ndarray, "n"]:
    """Path in the gas (mm) of lines given in the middle of a radiator."""
    step = (radiator.end - radiator.start) / _POINTS
    z = radiator.start + step * (np.arange(_POINTS) + 0.5) - radiator.middle
    across = np.stack([np.abs(a[:, None] + slope[:, None] * z) for a, slope in ((x, tx), (y, ty))])
    inside = (across[0] < radiator.half_x) & (across[1] < radiator.half_y) & (across.max(axis=0) > radiator.hole)
    return step * inside.sum(axis=1) * np.sqrt(1 + tx**2 + ty**2)


def measured_directions(
    photons: Photons, radiator: Radiator, rows: np.ndarray, random: np.random.Generator
) -> Float64[np.ndarray, "m 3"]:
    """Unit vectors of an event's photons as they are seen, among stray ones and noise."""
    true = np.stack([photons.x_direction[rows], photons.y_direction[rows], photons.z_direction[rows]], axis=1)
    number = int(random.poisson(radiator.noise + radiator.stray * len(rows)))
    sides = np.array([radiator.half_x, radiator.half_y]) / radiator.middle
    noise = np.column_stack([random.uniform(-1, 1, (number, 2)) * sides, np.ones(number)])
    seen = np.concatenate([true, noise / np.linalg.norm(noise, axis=1)[:, None]])
    seen = seen + random.normal(0.0, radiator.resolution, seen.shape)
    return seen / np.linalg.norm(seen, axis=1)[:, None]


def log_likelihoods(
    directions: Float[np.ndarray, "tracks 3"],
    expected: Float[np.ndarray, "tracks hypotheses"],
    angle: Float[np.ndarray, "tracks hypotheses"],
    width: Float[np.ndarray, "tracks hypotheses"],
    photons: Float[np.ndarray, "m 3"],
    solid_angle: float,
) -> Float64[np.ndarray, "tracks hypotheses"]:
    """Log-likelihood of each hypothesis over that of a pion, of the tracks of one event.

    A track sends out `expected` photons at `angle`, smeared by `width`. All others count as pions first, and then
    as what they are most likely; light that no track explains is spread evenly over `solid_angle`.
    """
    # |a × b| keeps digits where the cosine has none
    seen = np.linalg.norm(np.cross(directions[:, None, :], photons[None, :, :]), axis=2)
    track, photon = np.nonzero((seen < LARGEST_ANGLE) & (directions @ photons.T > 0))
    theta = np.arcsin(seen[track, photon])[:, None]
    width = np.maximum(width, 1e-6)[track]
    ring = np.exp(-0.5 * ((theta - angle[track]) / width) ** 2) / (np.sqrt(2 * np.pi) * width)
    signal = expected[track] * ring / (2 * np.pi * np.maximum(np.sin(theta), 1e-3))
    best = np.full(len(directions), PION)
    result = np.zeros_like(expected)
    for _ in range(2):
        others = expected[np.arange(len(best)), best].sum()
        even = max(len(photons) - others, 0.1 * len(photons), 1.0) / solid_angle
        own = signal[np.arange(len(track)), best[track]]
        background = (even + np.bincount(photon, own, len(photons))[photon] - own)[:, None]
        term = np.log(signal + background)
        gain = np.stack([np.bincount(track, row, len(directions)) for row in (term - term[:, [PION]]).T], axis=1)
        result = gain - (expected - expected[:, [PION]])
        best = result.argmax(axis=1)
    return result


def rich_likelihoods(
    tracks: Tracks, photons: Photons, primaries: Primaries, seed: int
) -> Float64[np.ndarray, "radiators n hypotheses"]:
    """Log-likelihoods over the pion's in each radiator; 0 where a track is not in it."""
    result = np.zeros((len(RADIATORS), len(tracks), len(HYPOTHESES)))
    velocity = beta(tracks.momentum)
    event = primaries.event[photons.row]
    for number, radiator in enumerate(RADIATORS):
        state = tracks.at(radiator.middle)
        slope = state[:, 2:4]
        length = path_lengths(state[:, 0], state[:, 1], slope[:, 0], slope[:, 1], radiator)
        if number > 0:  # it lies behind the dipole
            length = np.where(tracks.crosses_dipole, length, 0.0)
        direction = np.column_stack([slope, np.ones(len(tracks))])
        direction /= np.linalg.norm(direction, axis=1)[:, None]
        index, spread = mean_index(radiator.gas)
        angle = cherenkov_angle(velocity, index)
        expected = detected_photons(velocity, length[:, None], radiator.gas)
        chromatic = spread / np.maximum(np.tan(angle), 5e-3)
        width = np.sqrt(radiator.resolution**2 + chromatic**2 + (BLUR[number] / tracks.momentum[:, None]) ** 2)
        solid_angle = 4 * radiator.half_x * radiator.half_y / radiator.middle**2
        here = np.flatnonzero((photons.z > radiator.start - 1) & (photons.z < radiator.end + 1))
        for name, own, theirs in of_events(tracks.event, event[here]):
            random = np.random.default_rng([seed, 1, name, number])
            seen = measured_directions(photons, radiator, here[theirs], random)
            result[number, own] = log_likelihoods(
                direction[own], expected[own], angle[own], width[own], seen, solid_angle
            )
        result[number, length == 0] = 0.0
    return result
