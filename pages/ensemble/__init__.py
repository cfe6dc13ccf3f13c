"""Parts of the page Ensemble."""
