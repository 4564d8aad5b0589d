"""Classifiers that tell candidate from reference: how well, by which variables, and where."""
