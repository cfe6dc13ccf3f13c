"""Training runs: execute, list and publish them, and log them to MLflow."""
