"""The market: what venues say, what it means, when to ring."""
