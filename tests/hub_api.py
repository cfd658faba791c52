"""The JSON of a fake hub's API, in the shape in which huggingface_hub reads it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.hub_content import FakeFile, FakeRepo

Query = Mapping[str, Sequence[str]]
_PAGE_LIMIT = 1000


def matching(repos: Iterable[FakeRepo], query: Query) -> list[FakeRepo]:
    """Choose and order repositories as /api/models does."""
    search = _first(query, "search").lower()
    author = _first(query, "author").lower()
    tags = query.get("filter", ())
    found = [
        repo
        for repo in repos
        if search in repo.id.lower()
        and (not author or repo.id.lower().startswith(author + "/"))
        and all(tag in repo.tags for tag in tags)
        and not repo.is_private
    ]
    return sorted(found, key=_sort_key(_first(query, "sort")), reverse=True)


def _sort_key(name: str) -> Any:
    if name in ("lastModified", "last_modified"):
        return lambda repo: repo.last_modified
    return lambda repo: repo.likes if name == "likes" else repo.downloads


def page(found: Sequence[FakeRepo], query: Query) -> tuple[list[dict[str, Any]], int | None]:
    """Cut one page; the second value is where the next one begins, None at the end."""
    start = int(_first(query, "cursor") or 0)
    limit = min(int(_first(query, "limit") or _PAGE_LIMIT), _PAGE_LIMIT)
    rows = [model(repo, query) for repo in found[start : start + limit]]
    following = start + limit
    return rows, following if following < len(found) else None


def model(repo: FakeRepo, query: Query) -> dict[str, Any]:
    """What the API tells about one repository."""
    has_blobs = _first(query, "blobs") in ("true", "True", "1")
    expand = query.get("expand", ())
    whole: dict[str, Any] = {
        "_id": "0" * 24,
        "id": repo.id,
        "modelId": repo.id,
        "author": repo.id.partition("/")[0],
        "sha": repo.commit,
        "private": repo.is_private,
        "gated": "manual" if repo.is_gated else False,
        "disabled": False,
        "downloads": repo.downloads,
        "likes": repo.likes,
        "lastModified": repo.last_modified,
        "createdAt": repo.last_modified,
        "tags": list(repo.tags),
        "pipeline_tag": repo.pipeline_tag,
        "siblings": [sibling(file, has_blobs) for file in repo.files],
    }
    if expand:
        whole["gguf"] = dict(repo.gguf)
        always = ("_id", "id", "modelId")
        return {key: value for key, value in whole.items() if key in (*always, *expand)}
    return whole


def sibling(file: FakeFile, has_blobs: bool) -> dict[str, Any]:
    """One file as model_info tells of it."""
    row: dict[str, Any] = {"rfilename": file.path}
    if has_blobs:
        row |= {"size": _size(file), "blobId": file.oid}
        if file.is_lfs:
            row["lfs"] = {"sha256": file.sha256, "size": _size(file), "pointerSize": 134}
    return row


def tree(repo: FakeRepo, folder: str = "") -> list[dict[str, Any]]:
    """Every file of a repository, as the recursive tree tells of it."""
    return [entry(file) for file in repo.files if file.path.startswith(folder)]


def entry(file: FakeFile) -> dict[str, Any]:
    """One file as the tree tells of it."""
    row: dict[str, Any] = {
        "type": "file",
        "path": file.path,
        "size": _size(file),
        "oid": file.oid,
    }
    if file.is_lfs:
        row["lfs"] = {"oid": file.sha256, "size": _size(file), "pointerSize": 134}
    if file.xet_hash:
        row["xetHash"] = file.xet_hash
    return row


def _size(file: FakeFile) -> int:
    return file.size_bytes if file.stated_size_bytes is None else file.stated_size_bytes


def _first(query: Query, name: str) -> str:
    values = query.get(name, ())
    return values[0] if values else ""
