"""nflows' rate: samples of a masked affine autoregressive flow given conditions. Runs in nflows' environment."""

import sys
from importlib.metadata import version

import numpy as np
import torch
from nflows.distributions import StandardNormal
from nflows.flows import Flow
from nflows.transforms import CompositeTransform, MaskedAffineAutoregressiveTransform, ReversePermutation
from serve import pieces, repeated, serve

LAYERS, DEPTH, WIDTH, TILE = 6, 2, 128, 2048
ROWS = 16384
"""Rows of one call at most: a measurement of some seconds is then more than one call."""


def flow(conditions, targets):
    """Layers whose networks have as many matrices of the same sizes as FlashSim's: `DEPTH` hidden layers each."""
    layers = []
    for _ in range(LAYERS):
        layers.append(
            MaskedAffineAutoregressiveTransform(
                features=targets,
                hidden_features=WIDTH,
                context_features=conditions,
                num_blocks=DEPTH - 1,  # the first hidden layer is no block
                use_residual_blocks=False,
            )
        )
        layers.append(ReversePermutation(features=targets))
    return Flow(CompositeTransform(layers), StandardNormal([targets])).eval()


def main():
    with np.load(sys.argv[1]) as data:
        x, targets = torch.from_numpy(data["x"][:ROWS]), data["y"].shape[1]
    model = flow(x.shape[1], targets)

    def sample(size):
        with torch.inference_mode():
            for piece in pieces(len(x), size):
                model.sample(1, context=x[piece]).numpy()

    serve(
        {"nflows": version("nflows"), "torch": torch.__version__},
        {
            "sample": repeated(lambda: sample(len(x)), len(x)),
            "sample in tiles": repeated(lambda: sample(TILE), len(x)),
        },
    )


if __name__ == "__main__":
    main()
