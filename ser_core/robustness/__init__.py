"""Robustness: predictions under attacks and perturbations, and from shortcuts alone."""
