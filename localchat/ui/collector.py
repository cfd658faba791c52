"""Python's garbage collector, set for a program that draws thirty times a second.

A full collection looks at every object there is. With the interface loaded those are 150,000, and
looking at them takes a tenth of a second in which no key is answered and nothing is drawn; it came
once a second while a model answered quickly.
"""

import gc

_YOUNG_OBJECTS = 10_000
"""So many more objects than before cause the quickest of collections, which takes 1 to 2 ms; with
Python's own 700 a long answer spent a twentieth of the processor's time in them."""
_OLDER_COLLECTIONS = 10


def settle() -> None:
    """Look no more at what lives now: it lives until the end. Takes as long as a full collection.

    For a moment in which nobody waits, once, when what the program needs is loaded.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _OLDER_COLLECTIONS, _OLDER_COLLECTIONS)
