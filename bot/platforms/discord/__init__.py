"""Discord: slash commands, buttons and forms in, alerts out; the only package that imports discord.py."""
