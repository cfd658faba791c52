"""A front end to be killed: loads a model, prints the worker's pid, and waits or answers."""

import asyncio
import sys
from pathlib import Path

from localchat.engine import wire
from localchat.engine.client import EngineClient


async def main(model: str, phase: str, folder: str) -> None:
    """Load `model`; in the phase "decode" go on answering for ever."""
    engine = EngineClient(Path(folder) / "logs", Path(folder) / "safe-mode.json")
    await engine.load(model)
    print(engine.pid, flush=True)
    while phase == "decode":
        async for _ in engine.generate(wire.Generate(0, (wire.Message("user", "Hi"),))):
            pass
    await asyncio.sleep(600)


asyncio.run(main(*sys.argv[1:]))
