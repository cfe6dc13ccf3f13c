"""Where Streamlit begins when the first visit to a fresh server goes straight to this page."""

from pages.components.navigation import start_app

start_app()
