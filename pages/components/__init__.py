"""What several pages use; nothing here imports a page."""
