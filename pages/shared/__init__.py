"""What the pages share and what needs streamlit; everything else is in `ser_core`."""
