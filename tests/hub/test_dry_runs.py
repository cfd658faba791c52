"""What llama.cpp itself says of a model at the Hub, before a byte of its weights is here."""

import dataclasses
from pathlib import Path

from localchat.engine import names
from localchat.engine.client import EngineClient
from localchat.engine.wire import EngineParams
from localchat.hub.access import Access
from localchat.hub.client import HubClient
from localchat.hub.support import Support
from tests import architectures
from tests.fake_hub import FakeFile, FakeHub, FakeRepo

FORMS = {"Q4_K_M": "Q4_K", "Q8_0": "Q8_0", "F16": "F16"}


async def test_a_dry_run_of_a_remote_header_is_that_of_the_file(
    tmp_path: Path, real_engine: EngineClient
) -> None:
    """Whether fetched whole or made from a small read, a header gives the file's own footprint."""
    size = dataclasses.replace(architectures.CLASSES["llama"].real, vocabulary=4096)
    offered = []
    for number, (label, form) in enumerate(FORMS.items()):
        path = architectures.write_sparse(tmp_path / f"m-{label}.gguf", "llama", size, form)
        offered.append(FakeFile(path.name, path, stated_sha256=f"{number:064x}"))
    engine = Support(names.architecture, names.tokenizer)
    params = [EngineParams(context_tokens=8192)]
    served = FakeRepo("user/m-GGUF", tuple(offered))
    with FakeHub(served) as hub, HubClient(Access(hub.endpoint)) as client:
        repo = client.repo(served.id)
        assert 3 == len(client.grid(repo, engine=engine).candidates)
        for remote in client.headers(repo):
            header = client.write_header(remote, tmp_path / remote.quant.label)
            file = tmp_path / remote.quant.files[0].path
            assert header.stat().st_size < file.stat().st_size / 1000
            expected = await real_engine.dry_run(file, params)
            assert expected == await real_engine.dry_run(header, params)
