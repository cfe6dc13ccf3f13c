-- Optuna's trials, beside MLflow's runs in `ser`: both number their tables in alembic_version.
CREATE DATABASE trials;
