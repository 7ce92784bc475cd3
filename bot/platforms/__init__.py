"""The chats: one module a platform, strangers to each other."""
