"""Parts of the page Representations."""
