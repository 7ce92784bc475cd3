"""Telegram as a chat platform; the only package that imports python-telegram-bot."""
