"""The simulated venues."""
