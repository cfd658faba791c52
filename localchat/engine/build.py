"""Which engine this is: the version, the library itself, and the CPU it runs on."""

import hashlib
import os
import platform
from importlib import metadata
from pathlib import Path

import llama_cpp as package
from llama_cpp import llama_cpp

from localchat.engine import devices, wire


def ready() -> wire.Ready:
    """Describe this engine. Call after the backends are initialized."""
    return wire.Ready(
        id=0,
        engine=f"llama-cpp-python {metadata.version('llama-cpp-python')}",
        build=_build(),
        system=llama_cpp.llama_print_system_info().decode("utf-8", errors="replace").strip(" |"),
        supports_gpu=llama_cpp.llama_supports_gpu_offload(),
        pid=os.getpid(),
    )


def _build() -> str:
    """Name the build so that it changes with the library and with the processor.

    Size and time of the libraries stand for their content: hashing 40 MB costs at every start.
    """
    digest = hashlib.sha256()
    for library in sorted((Path(package.__file__).parent / "lib").iterdir()):
        status = library.stat()
        digest.update(f"{library.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    for device in devices.devices():
        digest.update(f"{device.backend} {device.description}\n".encode())
    digest.update(platform.machine().encode())
    return f"{package.__version__}+{digest.hexdigest()[:16]}"
