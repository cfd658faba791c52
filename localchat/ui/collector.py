"""Python's garbage collector, set for a program that draws thirty times a second.

A full collection looks at every object there is. With the interface loaded those are 150,000, and
looking at them takes a tenth of a second in which no key is answered and nothing is drawn; it came
once a second while a model answered quickly.
"""

import gc

_YOUNG_OBJECTS = 5_000
"""So many more objects than before cause the quickest of collections, which then takes about 1 ms,
and the next one after ten of these about 7. Python's own 700 makes seven times as many of both."""
_OLDER_COLLECTIONS = 10


def settle() -> None:
    """Look no more at what lives now: nearly all of it lives until the end.

    For once, when what the program needs is loaded. Takes no time, as garbage is not told from the
    rest before: that is a megabyte or two at the start, which stay.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _OLDER_COLLECTIONS, _OLDER_COLLECTIONS)
