"""Chat with local language models in the terminal. Importing this imports nothing else."""

__version__ = "0.1.0"
