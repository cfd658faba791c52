"""What fits: memory, speed and quality of a model on a machine, as arithmetic on values."""
