"""How much memory this process may lock, and how to be allowed more."""

import platform


def lock_limit_bytes() -> int | None:
    """Find RLIMIT_MEMLOCK; None when there is no limit, or none that this system tells."""
    try:
        import resource
    except ImportError:
        return None
    try:
        limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    except (OSError, ValueError, AttributeError):
        return None
    return None if limit == resource.RLIM_INFINITY or limit < 0 else limit


def how_to_raise(system: str = "") -> str:
    """Say how to be allowed to lock more memory; `system` is as `Hardware.os` names it.

    >>> how_to_raise("linux")[:19]
    'Run `ulimit -l unli'
    """
    system = system or platform.system().lower()
    if system == "darwin":
        return "Raise the limit with `sudo sysctl vm.user_wire_limit=BYTES`."
    if system == "windows":
        return "Give your account the right `Lock pages in memory` in the local security policy."
    return (
        "Run `ulimit -l unlimited` first; if that is refused, set memlock for your user in "
        "/etc/security/limits.conf, or LimitMEMLOCK=infinity in a systemd unit."
    )
