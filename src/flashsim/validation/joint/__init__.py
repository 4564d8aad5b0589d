"""All variables of a stage together: distances and correlations."""
