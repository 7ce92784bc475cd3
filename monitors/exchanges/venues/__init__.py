"""One module per venue, each exporting its PROFILE."""
