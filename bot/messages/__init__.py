"""Neutral documents and their renderings."""
