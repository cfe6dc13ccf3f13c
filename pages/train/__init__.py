"""The views of the page Train."""
