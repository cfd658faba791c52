"""The command that builds the engine for a kind of GPU. It needs a compiler and that kind's SDK."""

from localchat.machine.systemgpu import Vendor

_FLAGS = {
    "cuda": "-DGGML_CUDA=on",
    "rocm": "-DGGML_HIP=on",
    "metal": "-DGGML_METAL=on",
    "vulkan": "-DGGML_VULKAN=on",
    "sycl": "-DGGML_SYCL=on -DCMAKE_C_COMPILER=icx -DCMAKE_CXX_COMPILER=icpx",
}
_SDKS = {
    "cuda": "the CUDA toolkit",
    "rocm": "ROCm",
    "metal": "Xcode's command line tools",
    "vulkan": "the Vulkan SDK",
    "sycl": "Intel's oneAPI toolkit",
}
_ALTERNATIVES: dict[tuple[Vendor, str], str] = {
    ("nvidia", "cuda"): "vulkan",
    ("amd", "rocm"): "vulkan",
    ("intel", "vulkan"): "sycl",
}
BACKEND_NAMES = {
    "cuda": "CUDA",
    "rocm": "ROCm",
    "metal": "Metal",
    "vulkan": "Vulkan",
    "sycl": "SYCL",
}


def command(backend: str, os: str, executable: str) -> str:
    """Write the command, for this Python and a POSIX shell, or PowerShell on Windows.

    >>> command("cuda", "linux", "/v/python")[:36]
    'CMAKE_ARGS="-DGGML_CUDA=on" "/v/pyth'
    """
    install = (
        f'"{executable}" -m pip install --force-reinstall --no-cache-dir '
        "--no-binary llama-cpp-python llama-cpp-python"
    )
    if os == "windows":
        return f'$env:CMAKE_ARGS="{_FLAGS[backend]}"; & {install}'
    return f'CMAKE_ARGS="{_FLAGS[backend]}" {install}'


def flags(backend: str) -> str:
    """Name what turns the backend on when the engine is built.

    >>> flags("rocm")
    '-DGGML_HIP=on'
    """
    return _FLAGS[backend]


def sdk(backend: str) -> str:
    """Name what must be installed before the command works.

    >>> sdk("vulkan")
    'the Vulkan SDK'
    """
    return _SDKS[backend]


def alternative(vendor: Vendor, backend: str) -> str | None:
    """Name another backend that serves the same GPU; None when there is no other.

    >>> alternative("intel", "vulkan"), alternative("apple", "metal")
    ('sycl', None)
    """
    return _ALTERNATIVES.get((vendor, backend))
