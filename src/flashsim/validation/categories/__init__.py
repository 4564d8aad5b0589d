"""The classes of a category: efficiencies in bins, shares, and whether probabilities mean what they say."""
