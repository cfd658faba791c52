"""Where a download may be sent: by name, without a connection."""

import pytest

from localchat import errors
from localchat.hub import redirects

_HUB = "https://huggingface.co/user/repo/resolve/main/x.gguf"


@pytest.mark.parametrize(
    ("url", "location", "expected"),
    [
        (_HUB, "https://cdn.example/x?signature=1", "https://cdn.example/x?signature=1"),
        (_HUB, "/other", "https://huggingface.co/other"),
        (_HUB, "//cdn.example/x", "https://cdn.example/x"),
        ("http://127.0.0.1:1/a", "http://127.0.0.1:2/b", "http://127.0.0.1:2/b"),
        ("http://127.0.0.1:1/a", "https://cdn.example/b", "https://cdn.example/b"),
        ("http://mirror.lan/a", "/b", "http://mirror.lan/b"),
    ],
)
def test_an_ordinary_redirect_is_followed(url: str, location: str, expected: str) -> None:
    """Storages on other hosts are where files really are."""
    assert expected == redirects.following(url, location)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        (_HUB, "http://huggingface.co/x"),
        (_HUB, "http://127.0.0.1/x"),
        (_HUB, "http://cdn.example/x"),
        ("http://127.0.0.1:1/a", "http://cdn.example/x"),
        ("http://mirror.lan/a", "http://127.0.0.1/x"),
        ("http://mirror.lan/a", "http://other.lan/x"),
        (_HUB, "file:///etc/passwd"),
        (_HUB, "ftp://cdn.example/x"),
        (_HUB, "javascript:alert(1)"),
        (_HUB, "https://user:secret@cdn.example/x"),
        (_HUB, "https://[::1"),
        (_HUB, "https://cdn.example:99999/x"),
        (_HUB, "https://cdn.example/\x1b[2J"),
    ],
)
def test_a_redirect_to_something_less_is_refused(url: str, location: str) -> None:
    """No way leads from https to plain http, to this computer from outside, or to other schemes."""
    with pytest.raises(errors.DownloadFailed):
        redirects.following(url, location)
