"""Acoustic features: the representations, their extraction, and a feature map with its axes."""
