"""Pure functions from observations to readings."""
