"""Conversations, and asking a model: one core for every front end."""
