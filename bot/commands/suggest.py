"""What a person probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

MOST = 3


def closest(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three of the known words that look like this one, whatever the case, best first."""
    by_folded = {name.casefold(): name for name in known}
    folded = word.casefold()
    begun = sorted((name for name in by_folded if folded and name.startswith(folded)), key=len)
    alike = get_close_matches(folded, by_folded, n=MOST, cutoff=0.5)
    return tuple(by_folded[name] for name in dict.fromkeys([*begun[:MOST], *alike]))[:MOST]
