"""Fitting: a recipe and its corpus become bundles, by the learner that the network names."""
