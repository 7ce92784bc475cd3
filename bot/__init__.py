"""The people: commands in, letters out."""
