"""What is on this disk: the Hugging Face cache, its part files, and other programs' models."""
