"""Ready experiments: a card with its reference sample or reference simulation, and a README each."""
