"""Reads the text of one PDF in a process of its own: `python -m localchat.chat.pdf_worker FILE`.

A PDF is a program of sorts, written by anybody: here it can take only its own time and memory. One
JSON object goes to stdout, {"pages": [text, ...]} or {"locked": true}; a PDF that cannot be read
ends the process with a traceback.
"""

import json
import logging
import sys

_MEMORY_BYTES = 2 << 30
_CPU_SECONDS = 90


def main() -> None:
    """Print the text of each page."""
    _bound()
    import pypdf

    # It warns of every flaw of a file, and most files have some.
    logging.disable()
    reader = pypdf.PdfReader(sys.argv[1])
    if reader.is_encrypted and not reader.decrypt(""):
        print(json.dumps({"locked": True}))
        return
    print(json.dumps({"pages": [page.extract_text() for page in reader.pages]}))


def _bound() -> None:
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


if __name__ == "__main__":
    main()
