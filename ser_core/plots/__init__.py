"""Figures for the pages: each function takes a result and returns a Plotly figure."""
