"""Files that the Hub gives out by Xet only: huggingface_hub fetches them, and we verify.

Above 50 GB there is no plain HTTP. This way cannot go on after an end, and counts in large steps.
The only room that calls huggingface_hub's downloads; it is imported when it is needed.
"""

from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from localchat import errors, sanitize
from localchat.hub import environment, refusals
from localchat.hub.access import Access
from localchat.hub.receiving import Tools
from localchat.hub.refusals import Asked
from localchat.library import cache as caches
from localchat.library import parts
from localchat.library.cache import Cache
from localchat.library.values import Phase, RemoteFile

NOTE: Final = "Fetched by huggingface_hub: a file this large cannot go on after an interruption."


def fetch(file: RemoteFile, cache: Cache, who: Access, tools: Tools) -> Path:
    """Bring one very large file here and verify it.

    Raises as download.fetch does, OSError when the cache cannot be written, and control.Stopped.
    """
    who.check_online(f"the download of {sanitize.line(file.name, 80)}")
    caches.prepare(cache, file)
    tools.meter.enter(Phase.DOWNLOADING, NOTE)
    _call(file, cache, who, tools)
    tools.meter.enter(Phase.CHECKING, NOTE)
    # The content itself, whether the name is a link to it or not.
    for done_bytes in parts.verify(cache.pointer(file).resolve(), file):
        tools.meter.at(done_bytes)
        tools.control.check()
    found = caches.find(cache, file)
    if found is None:
        raise errors.DownloadFailed(
            f"What came for {sanitize.line(file.name, 80)} is damaged.",
            "Nothing of it is kept; try again later.",
            expected_sha256=parts.expected_hash(file),
        )
    return found


def _call(file: RemoteFile, cache: Cache, who: Access, tools: Tools) -> None:
    environment.prepare()
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError

    has_token = bool(who.token_for(who.endpoint))
    asked = Asked(who.endpoint, file.repo, file.revision, file.path, has_token)
    try:
        huggingface_hub.hf_hub_download(
            file.repo,
            file.path,
            revision=file.revision_commit,
            cache_dir=cache.folder,
            endpoint=who.endpoint,
            token=who.token_for(who.endpoint) or False,
            etag_timeout=tools.manners.read_seconds,
            tqdm_class=_bar(tools),
        )
    except HfHubHTTPError as error:
        response = error.response
        raise refusals.of_response(response.status_code, response.headers, asked) from error
    except httpx2.HTTPError as error:
        raise refusals.of_exception(error, asked) from error
    except ValueError as error:
        # No Xet for this computer, and huggingface_hub refuses so much by plain HTTP.
        raise errors.DownloadFailed(
            f"{sanitize.line(file.name, 80)} can only be fetched with hf_xet.",
            "Install it with: pip install hf_xet",
        ) from error


def _bar(tools: Tools) -> Any:
    """Make what huggingface_hub calls instead of drawing a bar."""

    class Bar:
        def __init__(self, *_: object, **settings: Any) -> None:
            self.n = int(settings.get("initial") or 0)
            self.total = settings.get("total")

        def __enter__(self) -> Self:
            return self

        def __exit__(
            self,
            kind: type[BaseException] | None,
            error: BaseException | None,
            trace: TracebackType | None,
        ) -> None:
            self.close()

        def update(self, size_bytes: float | None = 1) -> None:
            tools.control.check()
            self.n += int(size_bytes or 0)
            tools.meter.receive(int(size_bytes or 0))

        def update_transfer(self, *_: object, **__: object) -> None:
            tools.control.check()

        def set_transfer_postfix_str(self, *_: object, **__: object) -> None:
            """It would be a second speed beside our own."""

        set_postfix_str = refresh = set_description = set_transfer_postfix_str

        def close(self) -> None:
            """There is nothing on the screen to end."""

    return Bar
