"""The engine's process never takes more than was said, nor much less (see tests/bench)."""

import sys
from pathlib import Path

import pytest

from localchat.engine.wire import EngineParams
from tests.architectures import Size
from tests.bench import memory_peak
from tests.bench.memory_peak import Case

PARAMS = EngineParams(context_tokens=512)
LLAMA = Size(4, 1024, 16, 4, 64, 4096, 32_000, tied=False)
GEMMA = Size(4, 768, 4, 1, 256, 3072, 65_536, window_tokens=256)
CASES = (
    Case("repacked", "llama", LLAMA, "Q4_K", PARAMS),
    Case("mapped", "llama", LLAMA, "F16", PARAMS),
    Case("windows", "gemma3", GEMMA, "Q8_0", PARAMS),
)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads VmHWM")
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_the_peak_is_what_was_said(case: Case, tmp_path: Path) -> None:
    """With a full context and 64 tokens more, the peak is below, by 10 % and 64 MiB at most."""
    found = await memory_peak.measure(case, tmp_path)

    assert found.holds, found
