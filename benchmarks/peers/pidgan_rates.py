"""PIDGAN's rates: training of three algorithms, and generation. Runs in PIDGAN's environment.

A step of PIDGAN reads a batch of n rows and makes two halves of it: n/2 are the full simulation, and the conditions
of the others are those of the n/2 generated ones. The rows counted are the n that are read.
"""

import sys

import keras
import numpy as np
import pidgan
import tensorflow as tf
from pidgan.algorithms import WGAN_ALP, BceGAN, BceGAN_ALP
from pidgan.players.discriminators import Discriminator
from pidgan.players.generators import Generator
from serve import Stopwatch, pieces, repeated, serve

DEPTH, WIDTH, LATENT, BATCH = 5, 128, 64, 2048


class Until(keras.callbacks.Callback):
    """Stops after the first epoch that ends after so many seconds, and remembers what was done."""

    def __init__(self, rows, seconds):
        super().__init__()
        self.rows, self.seconds, self.epochs, self.watch = rows, seconds, 0, None

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock once."""
        if self.watch is None:
            self.watch = Stopwatch()

    def on_epoch_end(self, epoch, logs=None):
        """Count, and stop."""
        self.epochs += 1
        self.work = self.watch.done(self.epochs * self.rows)
        self.model.stop_training = self.work.seconds >= self.seconds


def generator(targets):
    return Generator(
        output_dim=targets,
        latent_dim=LATENT,
        num_hidden_layers=DEPTH,
        mlp_hidden_units=WIDTH,
        output_activation="linear",
    )


def training(algorithm, activation, x, y):
    """A task that trains for whole epochs; the rows are not shuffled, which costs PIDGAN nothing."""
    judge = Discriminator(output_dim=1, num_hidden_layers=DEPTH, mlp_hidden_units=WIDTH, output_activation=activation)
    model = algorithm(generator=generator(y.shape[1]), discriminator=judge)
    # An optimiser each: two names would be one and the same object, which Keras 3 refuses.
    model.compile(
        generator_optimizer=keras.optimizers.RMSprop(1e-4), discriminator_optimizer=keras.optimizers.RMSprop(1e-4)
    )
    rows = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH).cache().prefetch(tf.data.AUTOTUNE)

    def measure(seconds):
        clock = Until(len(x), seconds)
        model.fit(rows, epochs=10**6, verbose=0, callbacks=[clock])
        return clock.work

    return measure


def generation(x, targets):
    """The ways to generate: the method for it, which is not to be compiled, and the player as a compiled function."""
    player, conditions = generator(targets), tf.constant(x)
    compiled = tf.function(player)
    tiles = [tf.constant(x[piece]) for piece in pieces(len(x), BATCH)]
    return {
        "generate": repeated(lambda: player.generate(conditions).numpy(), len(x)),
        "generate in tiles": repeated(lambda: [player.generate(tile).numpy() for tile in tiles], len(x)),
        "call compiled": repeated(lambda: compiled(conditions).numpy(), len(x)),
        "call compiled in tiles": repeated(lambda: [compiled(tile).numpy() for tile in tiles], len(x)),
    }


def main():
    with np.load(sys.argv[1]) as data:
        x, y = data["x"], data["y"]
    serve(
        {"pidgan": pidgan.__version__, "tensorflow": tf.__version__, "keras": keras.__version__},
        {
            "train bce-gan": training(BceGAN, "sigmoid", x, y),
            "train bce-gan-alp": training(BceGAN_ALP, "linear", x, y),
            "train wgan-alp": training(WGAN_ALP, "linear", x, y),
            **generation(x, y.shape[1]),
        },
    )


if __name__ == "__main__":
    main()
