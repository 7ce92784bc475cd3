"""A fan-out on both platforms, for its benchmark and for its crash test: chats, alerts, a bot that tells them."""
