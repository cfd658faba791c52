"""A flag that llama.cpp reads between the operations of a graph, from its own threads."""

import ctypes
import sys

from llama_cpp import llama_cpp


class AbortFlag:
    """Stops the computation under way; the CPU and Metal backends honor it.

    The callback that llama.cpp calls is the C library's strlen: it is called hundreds of times a
    token, and a Python function would take the GIL each time. The empty string it is given means
    "go on", a single character means "stop".
    """

    def __init__(self) -> None:
        self._text = ctypes.create_string_buffer(2)
        library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
        self.callback = ctypes.cast(library.strlen, llama_cpp.ggml_abort_callback)
        self.data = ctypes.cast(self._text, ctypes.c_void_p)

    def set(self) -> None:
        """Make the computation under way stop, and the next ones not start."""
        self._text[0] = b"x"

    def clear(self) -> None:
        """Let computations run."""
        self._text[0] = b"\0"

    @property
    def is_set(self) -> bool:
        """Whether a stop has been asked for."""
        return bool(self._text[0] != b"\0")
