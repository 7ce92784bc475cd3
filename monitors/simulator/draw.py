"""Seeded chance: every draw has a name, so that adding one never shifts the others."""

from functools import lru_cache
from hashlib import blake2b

_RANGE = float(1 << 64)


def draw(seed: int, *name: str | int, low: float = 0.0, high: float = 1.0) -> float:
    """Return a number in [low, high) that depends on the seed and the name alone."""
    key = "/".join(str(part) for part in (seed, *name))
    digest = blake2b(key.encode(), digest_size=8).digest()
    return low + (high - low) * (int.from_bytes(digest, "big") / _RANGE)


@lru_cache(maxsize=64)
def shuffled(seed: int, name: str, items: tuple[str, ...]) -> tuple[str, ...]:
    """Return the items in an order that depends on the seed and the name alone."""
    return tuple(sorted(items, key=lambda item: draw(seed, name, item)))
