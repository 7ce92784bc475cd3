"""The keeping of what was seen, judged and told."""
