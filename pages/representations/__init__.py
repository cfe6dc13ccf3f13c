"""The parts of the page Representations."""
