"""The only home of ccxt."""
