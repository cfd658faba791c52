"""What is this computer? Nothing here raises: what cannot be found out is None or empty."""
