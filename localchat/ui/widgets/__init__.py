"""The parts of the screens. They show what they are given; the screens decide."""
