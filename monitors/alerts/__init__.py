"""Pure functions from readings to letters."""
