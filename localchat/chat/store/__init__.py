"""Where chats are kept: one SQLite file, which several running localchats share."""
