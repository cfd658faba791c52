"""What we ask is what huggingface_hub asks: the Hub's own client is the reference of its API."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from localchat.hub.access import Access
from localchat.hub.client import HubClient
from localchat.hub.search import ASKED_FOR, Search, Sort
from tests.fake_hub import FakeFile, FakeHub, FakeRepo

REPO = FakeRepo("maker/Model-GGUF", (FakeFile("m-Q8_0.gguf", b"GGUF"),))

# In a process of its own, as huggingface_hub reads its environment when it is imported.
_PROGRAM = """
import sys
from huggingface_hub import HfApi
api = HfApi()
expand = sys.argv[1].split()
list(api.list_models(
    filter="gguf", search="model", author="maker", sort="last_modified", limit=7, expand=expand))
api.model_info("maker/Model-GGUF", revision="main", files_metadata=True)
"""


def asked(hub: FakeHub) -> list[tuple[str, list[tuple[str, str]]]]:
    """Path and parameters of what was asked of the API."""
    urls = [urlsplit(entry.path) for entry in hub.requests() if "agent" not in entry.path]
    return [(url.path, sorted(parse_qsl(url.query))) for url in urls]


def test_our_questions_are_those_of_the_hubs_own_client(tmp_path: Path) -> None:
    """Search and repository: the same paths with the same parameters."""
    with FakeHub(REPO) as hub:
        own = {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path)}
        environment = {**os.environ, **own, "HF_HUB_DISABLE_TELEMETRY": "1"}
        command = [sys.executable, "-c", _PROGRAM, " ".join(ASKED_FOR)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        expected = asked(hub)
        hub.forget()
        with HubClient(Access(hub.endpoint)) as client:
            client.search(Search("model", author="maker", sort=Sort.DATE, page_results=7))
            client.repo(REPO.id)
        assert expected == asked(hub)
