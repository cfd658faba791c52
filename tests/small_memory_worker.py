"""The real worker in a process that may map only so much memory: allocations fail cleanly."""

import resource

from localchat.engine import worker

_LIMIT_BYTES = 2 * 2**30

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_LIMIT_BYTES, _LIMIT_BYTES))
    worker.main()
