"""The views of the page Results."""
