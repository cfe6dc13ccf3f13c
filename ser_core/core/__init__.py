"""What every other package may use: errors, registries, parameters, settings and processes."""
