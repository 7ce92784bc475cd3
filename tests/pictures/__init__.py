"""The README's pictures, drawn from what the adapters send: `make pictures`, with chromium and its fonts."""
