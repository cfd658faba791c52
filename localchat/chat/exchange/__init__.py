"""Chats as files: Markdown, JSON and HTML out; localchat's, ChatGPT's and LM Studio's in."""
