"""Recipes: everything that decides a training, written, changed and multiplied."""
