"""What a file's quantization is called, the same for a file on this disk and one at the Hub."""

import re

from localchat.models import quants
from localchat.models.quants import Quant


def label(path: str) -> tuple[str, Quant | None]:
    """Read the label and the quantization off a file's path in a repository.

    A file that tells neither is called by its name without the ending and the number of its part.

    >>> label("UD/model-UD-Q4_K_M-00001-of-00002.gguf")[0], label("Q8_0/model.gguf")[0]
    ('UD-Q4_K_M', 'Q8_0')
    >>> label("model.gguf")
    ('model', None)
    """
    folder, _, name = path.rpartition("/")
    # Some repositories say it by the folder alone.
    known = quants.from_file_name(name) or quants.from_file_name(f"{folder}.gguf")
    if known is None:
        return stem(path), None
    is_dynamic = re.search(rf"(?:^|[-_./])ud[-_]{re.escape(known.name)}", path, re.IGNORECASE)
    return (f"UD-{known.name}" if is_dynamic else known.name), known


def stem(path: str) -> str:
    """Name a file without its folders, the number of its part, and its ending."""
    name = path.rpartition("/")[2]
    return re.sub(r"(?:-\d{5}-of-\d{5})?\.gguf$", "", name, flags=re.IGNORECASE)
