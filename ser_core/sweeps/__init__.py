"""Sweeps: a recipe trained with many settings, compared on validation clips alone."""
