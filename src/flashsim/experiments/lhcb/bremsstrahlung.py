"""What tracks have radiated before the dipole, found again as clusters where their tangents cross the calorimeter.

Photons leave along the track's direction, which turns a little between vertex detector and upstream tracker; as in
LHCb, what lies between the two tangents and belongs to no track's end is added to the momentum of the electron.
"""

import numpy as np
from jaxtyping import Bool, Float, Float64

from flashsim.experiments.lhcb.calorimeter import Clusters
from flashsim.experiments.lhcb.geometry import CALORIMETER
from flashsim.experiments.lhcb.tracks import Tracks
from flashsim.experiments.spectrometer.geometry import UPSTREAM_Z

LEAST_TRANSVERSE = 0.075  # GeV, of a cluster
TANGENTS = (900.0, UPSTREAM_Z[-1])  # mm, from where straight lines begin: before and behind the upstream tracker
WINDOW = 0.75 * CALORIMETER.cell  # mm beyond the tangents: resolution, scattering, and where in a cell a shower is
CHARGED = 1.0 * CALORIMETER.cell  # mm from the end of a track, within which a cluster is its own


def tangents(tracks: Tracks) -> Float64[np.ndarray, "2 n 2"]:
    """Where the first and the last tangent of each track cross the calorimeter's front (x, y; mm)."""
    states = np.stack([tracks.at(z) for z in TANGENTS])
    far = CALORIMETER.start - np.array(TANGENTS)[:, None, None]
    return states[..., :2] + far * states[..., 2:4]


def neutral(clusters: Clusters, ends: Float[np.ndarray, "t 2"]) -> Bool[np.ndarray, "clusters"]:
    """Whether a cluster lies beside all ends of tracks and has the least transverse energy."""
    place = np.stack([clusters.x, clusters.y], axis=1)
    away = np.abs(place[:, None] - ends).max(axis=2).min(axis=1, initial=np.inf)
    sine = np.hypot(*place.T) / np.hypot(np.hypot(*place.T), CALORIMETER.start)
    return (away > CHARGED) & (clusters.energy * sine > LEAST_TRANSVERSE)


def recovered(
    lines: Float[np.ndarray, "2 t 2"], clusters: Clusters, ends: Float[np.ndarray, "e 2"]
) -> Float64[np.ndarray, "t"]:
    """The energy (GeV) that is added to each track of an event.

    `lines` are its tangents, `ends` are where tracks reach the calorimeter (mm). A cluster counts once, for the
    nearest track.
    """
    energy = np.zeros(lines.shape[1])
    if len(clusters) and len(energy):
        place = np.stack([clusters.x, clusters.y], axis=1)[:, None]
        beyond = np.maximum(lines.min(axis=0) - place, place - lines.max(axis=0))
        distance = np.maximum(beyond, 0).max(axis=2)
        taken = neutral(clusters, ends) & (distance.min(axis=1) < WINDOW)
        np.add.at(energy, distance.argmin(axis=1)[taken], clusters.energy[taken])
    return energy
