"""The spectrometer's digitisation, pattern recognition and fit, on toys of known truth."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.spatial import cKDTree

from flashsim.experiments.spectrometer.competition import compete
from flashsim.experiments.spectrometer.counter_random import uniform
from flashsim.experiments.spectrometer.digitisation import digitise
from flashsim.experiments.spectrometer.geometry import FIELD_INTEGRAL, PLANES, field_y
from flashsim.experiments.spectrometer.material import lose_energy, slope_noise
from flashsim.experiments.spectrometer.measured import HitSearch, MeasuredHits, inside
from flashsim.experiments.spectrometer.propagation import (
    KAPPA,
    bend_to,
    propagate,
    propagate_with_jacobian,
)
from flashsim.experiments.spectrometer.reconstruction import LONG, NONE, find_tracks, reconstruct
from flashsim.experiments.spectrometer.records import Hits, Primaries
from flashsim.experiments.spectrometer.rounding import (
    COVARIANCE,
    positive_definite,
    round_covariance,
    round_mantissa,
)


def muons(events: int, each: int, seed: int, momentum: tuple[float, float] = (5.0, 60.0)) -> Primaries:
    """Prompt muons well inside the spectrometer."""
    random = np.random.default_rng(seed)
    n = events * each
    p = np.exp(random.uniform(*np.log(momentum), n))
    eta, phi = random.uniform(2.3, 4.3, n), random.uniform(-np.pi, np.pi, n)
    pt = p / np.cosh(eta)
    charge = random.choice((-1, 1), n)
    vertex = (np.repeat(random.normal(0.0, width, events), each) for width in (0.04, 0.04, 50.0))
    return Primaries(
        np.repeat(np.arange(events), each),
        (-13 * charge).astype(np.int32),
        pt * np.cos(phi),
        pt * np.sin(phi),
        p * np.tanh(eta),
        *vertex,
    )


def fly(primaries: Primaries, seed: int, *, scattering: bool = True) -> Hits:
    """A toy transport: the bell field, and Gaussian scattering and mean energy loss in every plane."""
    random = np.random.default_rng(seed)
    p = np.sqrt(primaries.px**2 + primaries.py**2 + primaries.pz**2)
    tx, ty = primaries.px / primaries.pz, primaries.py / primaries.pz
    z = -400.0
    back = z - primaries.vz
    charge = -np.sign(primaries.pid)
    state = np.stack([primaries.vx + back * tx, primaries.vy + back * ty, tx, ty, charge / p], axis=1)
    parts = []
    for number, plane in enumerate(PLANES):
        state = propagate(state, z, plane.z)
        z = plane.z
        on = np.flatnonzero(inside(number, state[:, 0], state[:, 1]) & (primaries.vz < z))
        numbers, heights = np.full(len(on), number, np.int32), np.full(len(on), z)
        parts.append((primaries.event[on], on, on, numbers, state[on, 0], state[on, 1], heights))
        if scattering:
            factor = np.linalg.cholesky(slope_noise(number, state[on]))
            state[on, 2:4] += np.einsum("nij,nj->ni", factor, random.normal(size=(len(on), 2)))
            state[on, 4] = lose_energy(number, state[on], 1.0)
    columns = [np.concatenate(part) for part in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return Hits(*(column[order] for column in columns))


def some_states(n: int = 40, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    charge_over_p = random.choice((-1, 1), n) / np.exp(random.uniform(np.log(3.0), np.log(80.0), n))
    return np.column_stack([*random.normal(0.0, 20.0, (2, n)), *random.uniform(-0.2, 0.2, (2, n)), charge_over_p])


STEPS = [
    (-100.0, 200.0),
    (750.0, 2320.0),
    (750.0, 8510.0),
    (2630.0, 7830.0),
    (9400.0, 750.0),
    (8000.0, 8070.0),
]


# --- propagation ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "stop"), STEPS)
def test_propagation_solves_the_lorentz_force(start: float, stop: float) -> None:
    for state in some_states(6):

        def change(z: float, s: np.ndarray) -> np.ndarray:
            x_slope, y_slope, field = s[2], s[3], float(field_y(np.array([z]))[0])
            root = KAPPA * s[4] * np.sqrt(1 + x_slope**2 + y_slope**2)
            bend_x = -root * (1 + x_slope**2) * field
            return np.array([x_slope, y_slope, bend_x, -root * x_slope * y_slope * field, 0.0])

        exact = solve_ivp(change, (start, stop), state, rtol=1e-11, atol=1e-11).y[:, -1]
        ours = propagate(state[None], start, stop)[0]
        np.testing.assert_allclose(ours[:2], exact[:2], atol=2e-3)  # mm, over metres
        np.testing.assert_allclose(ours[2:], exact[2:], atol=1e-8)


def test_the_dipole_gives_its_kick_to_p_x_and_none_to_p_y() -> None:
    state = some_states()
    after = propagate(state, -20_000.0, 30_000.0)

    def momentum(s: np.ndarray) -> np.ndarray:
        return s[:, 2:4] / (np.sqrt(1 + s[:, 2] ** 2 + s[:, 3] ** 2) * np.abs(s[:, 4]))[:, None]

    change = momentum(after) - momentum(state)
    kick = -np.sign(state[:, 4]) * KAPPA * FIELD_INTEGRAL
    np.testing.assert_allclose(change[:, 0], kick, rtol=1e-9)
    np.testing.assert_allclose(change[:, 1], 0.0, atol=1e-12)


@pytest.mark.parametrize(("start", "stop"), STEPS)
def test_going_back_returns_to_the_start(start: float, stop: float) -> None:
    state = some_states()
    np.testing.assert_allclose(propagate(propagate(state, start, stop), stop, start), state, atol=1e-6)


@pytest.mark.parametrize(("start", "stop"), STEPS)
def test_jacobian_agrees_with_finite_differences(start: float, stop: float) -> None:
    state = some_states()
    arrived, jacobian = propagate_with_jacobian(state, start, stop)
    np.testing.assert_allclose(arrived, propagate(state, start, stop), atol=1e-9)
    for column, step in enumerate((1e-2, 1e-2, 1e-5, 1e-5, 1e-5)):
        shift = np.zeros(5)
        shift[column] = step
        slope = (propagate(state + shift, start, stop) - propagate(state - shift, start, stop)) / (2 * step)
        scale = np.abs(slope).max(axis=0) + 1e-3
        assert (np.abs(jacobian[:, :, column] - slope) / scale).max() < 1e-5


@pytest.mark.parametrize("stop", [2580.0, 8510.0])
def test_bend_to_finds_the_momentum_from_a_position(stop: float) -> None:
    state = some_states()
    target = propagate(state, 750.0, stop)[:, 0]
    unknown = state.copy()
    unknown[:, 4] = 0.0
    np.testing.assert_allclose(bend_to(unknown, 750.0, stop, target), state[:, 4], rtol=1e-4)


# --- random numbers and digitisation ----------------------------------------------------------------


def test_counter_random_numbers_are_uniform_and_independent_of_order() -> None:
    event, index = np.repeat(np.arange(200), 100), np.tile(np.arange(100), 200)
    values = uniform(3, 1, event, index)
    assert np.abs(np.histogram(values, 10, (0.0, 1.0))[0] - 2000).max() < 5 * np.sqrt(2000)
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 5 / np.sqrt(len(values))
    assert abs(np.corrcoef(values, uniform(3, 2, event, index))[0, 1]) < 5 / np.sqrt(len(values))
    shuffled = np.random.default_rng(0).permutation(len(values))
    np.testing.assert_array_equal(uniform(3, 1, event[shuffled], index[shuffled]), values[shuffled])


@pytest.mark.parametrize("plane", [0, 21, 25])
def test_digitisation_has_the_stated_efficiency_resolution_and_noise(plane: int) -> None:
    n = 5_000
    where = PLANES[plane]
    x = np.full(n, 3 * where.hole)
    event, alone = np.arange(n), np.zeros(n, dtype=np.int64)
    hits = Hits(event, alone, alone, np.full(n, plane, np.int32), x, np.zeros(n), np.full(n, where.z))
    measured, sources = digitise(hits, event, seed=5)
    efficiency = len(sources.true) / n
    assert abs(efficiency - where.efficiency) < 5 * np.sqrt(where.efficiency * (1 - where.efficiency) / n)
    for values, truth, sigma in (
        (measured.x, 3 * where.hole, where.resolution_x),
        (measured.y, 0.0, where.resolution_y),
    ):
        residual = values[sources.measured] - truth
        assert abs(residual.std() / sigma - 1) < 5 / np.sqrt(2 * n)
        assert abs(residual.mean()) < 5 * sigma / np.sqrt(n)
    noise = np.bincount(measured.plane, minlength=len(PLANES)) / n
    other = (plane + 1) % len(PLANES)
    # of the evenly spread half, what falls into the hole is lost
    assert 0.9 * PLANES[other].noise < noise[other] < PLANES[other].noise * 1.05


@pytest.mark.parametrize(("dx", "dy", "merged"), [(0.9, 0.9, True), (1.1, 0.0, False), (0.0, 1.1, False)])
@pytest.mark.parametrize("plane", [10, 22, 30])
def test_hits_closer_than_the_pitch_in_both_directions_merge(plane: int, dx: float, dy: float, *, merged: bool) -> None:
    where, n = PLANES[plane], 300
    event = np.repeat(np.arange(n), 2)
    second = np.arange(2 * n) % 2
    x = 5 * where.hole + second * dx * where.pitch_x
    primary = np.arange(2 * n)
    z = np.full(2 * n, where.z)
    hits = Hits(event, primary, primary, np.full(2 * n, plane, np.int32), x, second * dy * where.pitch_y, z)
    _, sources = digitise(hits, np.arange(n), seed=1)
    behind = np.bincount(sources.measured)
    assert (behind.max() == 2) == merged
    assert ((behind == 2).sum() > 0.9 * n) == merged


# --- search and competition ---------------------------------------------------------------------------


def test_search_finds_the_nearest_hit_of_the_same_event() -> None:
    random = np.random.default_rng(1)
    event = np.sort(random.integers(0, 5, 400))
    x, y = random.uniform(-40, 40, (2, 400))
    search = HitSearch(MeasuredHits(event, np.full(400, 3), x, y))
    asked, ax, ay = random.integers(0, 5, 300), *random.uniform(-40, 40, (2, 300))
    window = np.full(300, 6.0)
    found, distance = search.nearest(3, asked, ax, ay, window, window)
    for i in range(300):
        rows = np.flatnonzero((event == asked[i]) & (np.abs(x - ax[i]) <= 6) & (np.abs(y - ay[i]) <= 6))
        if len(rows) == 0:
            assert found[i] == -1
            continue
        gap, nearest = cKDTree(np.stack([x[rows], y[rows]], 1)).query([ax[i], ay[i]])
        assert found[i] == rows[nearest]
        assert distance[i] == pytest.approx((gap / 6.0) ** 2)


def test_competition_is_greedy_in_the_order_of_quality() -> None:
    random = np.random.default_rng(2)
    matrix = random.integers(-1, 60, (80, 8))
    quality = random.random(80)
    accepted = compete(matrix, (quality,), 60)
    taken: set[int] = set()
    for row in np.argsort(quality):
        own = [int(hit) for hit in matrix[row] if hit >= 0]
        expected = sum(hit in taken for hit in own) <= 0.3 * len(own)
        assert accepted[row] == expected
        if expected:
            taken.update(own)


# --- the whole chain ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample() -> tuple[Primaries, Hits, dict[str, np.ndarray]]:
    primaries = muons(80, 20, seed=11)
    hits = fly(primaries, seed=12)
    return primaries, hits, reconstruct(hits, primaries, 13)


def pulls(columns: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    """(fitted - true) / error at the point that the fit chose."""
    c = {name: values[rows].astype(np.float64) for name, values in columns.items()}
    tx, ty = c["px"] / c["pz"], c["py"] / c["pz"]
    along = c["rec_z"] - c["vz"]
    p = np.sqrt(c["px"] ** 2 + c["py"] ** 2 + c["pz"] ** 2)
    truth = {
        "x": c["vx"] + along * tx,
        "y": c["vy"] + along * ty,
        "tx": tx,
        "ty": ty,
        "qop": -np.sign(c["pid"]) / p,
    }
    return {name: (c[f"rec_{name}"] - value) / np.sqrt(c[f"cov_{name}_{name}"]) for name, value in truth.items()}


@pytest.mark.parametrize("name", ["x", "y", "tx", "ty", "qop"])
def test_pulls_of_muons_have_unit_width_and_no_bias(sample: tuple, name: str) -> None:
    columns = sample[2]
    values = pulls(columns, columns["track_type"] == LONG)[name]
    low, high = np.percentile(values, [15.87, 84.13])
    assert abs(0.5 * (high - low) - 1) < 0.08
    assert abs(np.median(values)) < 0.1
    assert np.mean(np.abs(values) > 5) < 0.005


def test_isolated_muons_are_found_with_all_their_hits(sample: tuple) -> None:
    primaries, hits, columns = sample
    assert (columns["track_type"][~columns["ghost"]] == LONG).mean() > 0.97
    assert columns["ghost"].mean() < 0.01
    found = columns["track_type"] == LONG
    n_true = np.bincount(hits.primary, minlength=len(primaries))[found[: len(found)][~columns["ghost"]]]
    n_found = sum(columns[f"{s}_hits"].astype(int) for s in ("vertex", "upstream", "downstream"))[found]
    assert n_found[: len(n_true)].sum() / n_true.sum() > 0.96  # 98 to 99 % is the efficiency of a plane


def test_degrees_of_freedom_and_chi2_belong_together(sample: tuple) -> None:
    columns = sample[2]
    rows = columns["track_type"] > NONE
    n_hits = sum(columns[f"{s}_hits"].astype(int) for s in ("vertex", "upstream", "downstream"))
    np.testing.assert_array_equal(columns["ndof"][rows], (2 * n_hits - 5)[rows])
    assert abs(columns["chi2"][rows].sum() / columns["ndof"][rows].sum() - 1) < 0.05


def test_the_point_given_is_the_closest_to_the_beam(sample: tuple) -> None:
    c = sample[2]
    found = c["track_type"] > NONE
    along = (c["rec_x"] * c["rec_tx"] + c["rec_y"] * c["rec_ty"])[found]
    assert np.abs(along).max() < 1e-2 * 0.3  # rec_z is rounded to 2^-7 mm


def test_rows_are_primaries_in_order_and_then_each_events_ghosts(sample: tuple) -> None:
    primaries, _, c = sample
    own = ~c["ghost"]
    np.testing.assert_array_equal(c["event"][own], primaries.event)
    np.testing.assert_array_equal(c["pid"][own], primaries.pid)
    assert (np.diff(c["event"]) >= 0).all()
    assert (c["pid"][c["ghost"]] == 0).all()
    nothing = c["track_type"] == NONE
    for name in (*COVARIANCE, "chi2", "ndof", "rec_x", "rec_z", "vertex_hits"):
        assert (c[name][nothing] == 0).all()
    assert c["reconstructible"][~nothing].all()


def test_covariances_are_positive_definite_as_written(sample: tuple) -> None:
    c = sample[2]
    found = c["track_type"] > NONE
    packed = np.stack([c[name][found].astype(np.float64) for name in COVARIANCE], axis=1)
    assert positive_definite(packed).all()


def test_rounding_keeps_more_bits_where_fewer_would_break_the_matrix() -> None:
    random = np.random.default_rng(0)
    root = random.normal(size=(200, 5, 5))
    root[:, 4] = root[:, 3] + 1e-2 * root[:, 4]  # nearly degenerate
    full = root @ root.transpose(0, 2, 1)
    rows, columns = np.tril_indices(5)
    packed = full[:, rows, columns]
    packed = packed[positive_definite(packed)]
    plain = round_mantissa(packed, 12)
    assert not positive_definite(plain).all()
    rounded = round_covariance(packed)
    assert positive_definite(rounded).all()
    np.testing.assert_allclose(rounded, packed, rtol=2.0**-12)


def test_events_may_be_cut_into_chunks_anywhere(sample: tuple) -> None:
    primaries, hits, whole = sample
    parts = []
    for low, high in ((0, 7), (7, 8), (8, 80)):
        rows = np.flatnonzero((primaries.event >= low) & (primaries.event < high))
        mine = hits.take((hits.event >= low) & (hits.event < high))
        first = int(rows[0])
        shifted = Hits(mine.event, mine.primary - first, mine.ancestor - first, mine.plane, mine.x, mine.y, mine.z)
        parts.append(reconstruct(shifted, primaries.take(rows), 13))
    for name, values in whole.items():
        np.testing.assert_array_equal(np.concatenate([part[name] for part in parts]), values, err_msg=name)


def test_another_seed_gives_other_measurements(sample: tuple) -> None:
    primaries, hits, columns = sample
    other = reconstruct(hits, primaries, 14)
    both = (columns["track_type"] == LONG)[: len(primaries)] & (other["track_type"] == LONG)[: len(primaries)]
    assert (columns["rec_x"][: len(both)][both] != other["rec_x"][: len(both)][both]).mean() > 0.9


def test_two_tracks_closer_than_the_pitch_lose_one() -> None:
    one = muons(150, 1, seed=4, momentum=(20.0, 40.0))
    rows = np.repeat(np.arange(150), 2)
    twins = one.take(rows)
    hits = fly(twins, seed=5, scattering=False)
    columns = reconstruct(hits, twins, 6)
    found = (columns["track_type"] > NONE) & ~columns["ghost"]
    each = np.bincount(columns["event"][found], minlength=150)
    assert each.max() == 1
    assert (each == 1).mean() > 0.95


def test_noise_alone_makes_almost_no_tracks() -> None:
    primaries = muons(100, 1, seed=8)
    none = fly(primaries, seed=9).take(np.zeros(0, dtype=np.int64))
    columns = reconstruct(none, primaries, 10)
    assert (columns["track_type"][~columns["ghost"]] == NONE).all()
    assert columns["ghost"].sum() <= 2


def test_empty_input_gives_empty_columns() -> None:
    primaries = muons(1, 1, seed=0)
    nobody, nothing = primaries.take(np.zeros(0, int)), fly(primaries, seed=0).take(np.zeros(0, int))
    columns = reconstruct(nothing, nobody, 1)
    assert {len(values) for values in columns.values()} == {0}
    assert columns["rec_x"].dtype == np.float32
    assert columns["ndof"].dtype == np.int16


def test_pattern_recognition_sees_measured_hits_only(sample: tuple) -> None:
    """Everything that finds tracks takes points and nothing else; it gives what `reconstruct` judges."""
    primaries, hits, columns = sample
    measured, _ = digitise(hits, np.unique(primaries.event), 13)
    tracks = find_tracks(measured)
    assert (tracks.kind == LONG).sum() >= (columns["track_type"] == LONG).sum()
