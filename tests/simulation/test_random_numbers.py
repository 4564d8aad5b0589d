"""The generator and its normal numbers: known answers, and what independent numbers obey."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from flashsim.random.normal import standard_normal
from flashsim.random.threefry import threefry
from flashsim.simulation.keys import normal_noise, object_keys

MANY = 4_000_000
FULL = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("counter", "key", "block"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((FULL, FULL), (FULL, FULL), (0x1CB996FC, 0xBB002BE7)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers_of_random123(counter, key, block):
    """`threefry2x32 20` in the file kat_vectors of Random123 1.09, BSD licence."""
    pair = threefry(tuple(jnp.uint32(word) for word in key), tuple(jnp.uint32(word) for word in counter))
    assert tuple(int(word) for word in pair) == block


@jax.jit
def block(words: jnp.ndarray) -> jnp.ndarray:
    return threefry((words[0], words[1]), (words[2], words[3]))[0]


def first_word(words: np.ndarray) -> np.ndarray:
    """The generator's word for two words of key and two of counter each."""
    return np.asarray(block(jnp.asarray(words, jnp.uint32)))


@pytest.mark.parametrize("place", range(4))
def test_each_bit_of_key_and_counter_flips_each_bit_of_the_word_half_of_the_time(place: int):
    """The strict avalanche criterion, from keys and counters that are small numbers, as ours are."""
    objects = 4096
    inputs = np.stack([np.arange(objects) % 64, np.arange(objects) // 64, np.arange(objects) % 7, np.ones(objects)])
    inputs = inputs.astype(np.uint32)
    word = first_word(inputs)
    for bit in range(32):
        flipped = inputs.copy()
        flipped[place] ^= np.uint32(1 << bit)
        changed = word ^ first_word(flipped)
        shares = ((changed[:, None] >> np.arange(32, dtype=np.uint32)) & 1).mean(axis=0)
        assert np.abs(shares - 0.5).max() < 5 * 0.5 / np.sqrt(objects), bit


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """Of objects that differ in one small number, as neighbours do, with 64 numbers each."""
    counters = np.zeros((MANY // 64, 6), np.uint32)
    counters[:, 2], counters[:, 5] = np.arange(len(counters)) // 100, np.arange(len(counters)) % 100
    return np.asarray(jax.jit(normal_noise, static_argnums=2)(jnp.asarray(object_keys(0, counters)), np.uint32(7), 64))


def test_normal_numbers_have_the_distribution_to_the_far_tails(noise: np.ndarray):
    edges = np.concatenate([[-np.inf], np.linspace(-5, 5, 201), [np.inf]])
    counts, _ = np.histogram(noise, bins=edges)
    wanted = len(noise.reshape(-1)) * np.diff(stats.norm.cdf(edges))
    assert stats.chi2.sf(((counts - wanted) ** 2 / wanted).sum(), len(counts) - 1) > 1e-4
    for sigma in (3.0, 4.0, 4.5, 5.0):
        for tail in ((noise > sigma).sum(), (noise < -sigma).sum()):
            assert stats.poisson.interval(1 - 1e-5, noise.size * stats.norm.sf(sigma))[0] <= tail
            assert tail <= stats.poisson.interval(1 - 1e-5, noise.size * stats.norm.sf(sigma))[1]


def test_normal_numbers_have_the_moments(noise: np.ndarray):
    """E zⁿ = (n − 1)!! for even n. The variance of zⁿ is (2n − 1)!! − (E zⁿ)²."""
    power = np.ones(noise.shape)
    for order, moment in enumerate((0, 1, 0, 3, 0, 15, 0, 105), start=1):
        power *= noise
        error = np.sqrt((np.prod(np.arange(2 * order - 1, 0, -2)) - moment**2) / noise.size)
        assert abs(power.mean() - moment) < 4.5 * error, order


def test_no_two_numbers_of_an_object_and_no_two_neighbours_are_correlated(noise: np.ndarray):
    """Nor their sizes: the largest of 8,000 correlations among independent numbers is below 5.5 standard errors."""
    for values in (noise, noise**2 - 1, np.abs(noise) - np.sqrt(2 / np.pi)):
        values = (values / values.std()).astype(np.float32)
        within = values.T @ values / len(values) - np.eye(64)
        between = values[:-1].T @ values[1:] / len(values)
        off = within[~np.eye(64, dtype=bool)]
        assert max(np.abs(off).max(), np.abs(between).max()) < 5.5 / np.sqrt(len(values))


def test_bytes_of_words_are_uniform_and_no_byte_tells_the_next():
    word = first_word(np.stack([np.zeros(1 << 20), np.zeros(1 << 20), np.arange(1 << 20), np.full(1 << 20, 3)]))
    octets = word.view(np.uint8)
    pairs = np.bincount(octets[:-1].astype(np.int64) * 256 + octets[1:], minlength=65536)
    wanted = (len(octets) - 1) / 65536
    assert stats.chi2.sf(((pairs - wanted) ** 2 / wanted).sum(), 65535) > 1e-4


def test_a_normal_number_is_the_quantile_of_its_word():
    words = np.unique(np.concatenate([np.arange(2000), np.linspace(0, 2**31 - 1, 20_000, dtype=np.int64)]))
    drawn = np.asarray(standard_normal(jnp.asarray(words, jnp.uint32)))
    np.testing.assert_allclose(drawn, stats.norm.ppf((words + 0.5) / 2**32), atol=4e-6)
    assert (np.diff(drawn) > -1e-6).all()
    mirrored = standard_normal(jnp.asarray(2**32 - 1 - words, jnp.uint32))
    np.testing.assert_array_equal(np.asarray(mirrored), -drawn)


@pytest.mark.parametrize("objects", [1, 3, 100, 2048])
def test_noise_has_the_same_bits_in_a_tile_of_any_size(noise: np.ndarray, objects: int):
    counters = np.zeros((objects, 6), np.uint32)
    counters[:, 5] = np.arange(objects) % 100
    counters[:, 2] = np.arange(objects) // 100
    keys = jnp.asarray(object_keys(0, counters))
    fewer = jax.jit(normal_noise, static_argnums=2)(keys, np.uint32(7), 64)
    np.testing.assert_array_equal(np.asarray(fewer), noise[:objects])
