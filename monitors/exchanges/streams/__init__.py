"""Liquidations as venues stream them: raw frames over ccxt's sockets, read by one table a venue."""
