"""Commands as data, one definition each for every platform."""
