"""One module a venue: where its liquidations are heard and how they are read."""
