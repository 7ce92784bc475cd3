"""A Discord of the tests' own: REST and gateway on 127.0.0.1, below an unmodified discord.py."""
