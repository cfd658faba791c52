"""A Windows computer, or any other that is neither Linux nor a Mac.

Counts physical cores without telling performance from efficiency cores.
"""

import platform
import sys

from localchat.machine.hardware import Hardware


def processor_name() -> str:
    """Find the processor's name in the registry; the plain one Python knows elsewhere."""
    if sys.platform == "win32":
        import winreg

        key_name = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key_name) as key:
                return " ".join(str(winreg.QueryValueEx(key, "ProcessorNameString")[0]).split())
        except OSError:
            pass
    return platform.processor() or platform.machine()


def hardware(
    os: str, cpu: str, cores: int | None, threads: int, total_bytes: int, available_bytes: int
) -> Hardware:
    """Describe a computer with `cores` physical cores, of which this process may use `threads`
    logical processors.
    """
    physical = cores or threads or 1
    return Hardware(
        os=os,
        cpu=cpu,
        performance_cores=physical,
        efficiency_cores=0,
        ram_bytes=total_bytes,
        available_ram_bytes=available_bytes,
        usable_threads=max(1, threads),
        usable_cores=physical,
    )
