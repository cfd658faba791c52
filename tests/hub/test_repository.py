"""A repository's files as quantizations."""

import pytest

from localchat import errors
from localchat.hub import repository
from localchat.hub.access import Access
from localchat.hub.client import HubClient
from localchat.library.values import RemoteFile, RemoteQuant, RemoteRepo
from localchat.models import catalogue
from tests.fake_hub import FakeFile, FakeHub, FakeRepo
from tests.hub_content import COMMIT

TOKEN = "hf_mine"


def file(path: str, size_bytes: int = 10) -> RemoteFile:
    """A file at the Hub."""
    return RemoteFile("user/repo", COMMIT, path, size_bytes, "a" * 64, "a" * 64)


def labels(*paths: str) -> list[str]:
    """The labels of what these files are, the largest first."""
    sized = (file(path, 1000 - number) for number, path in enumerate(paths))
    return [quant.label for quant in repository.grouped(sized)[0]]


def others(*paths: str) -> list[str]:
    """Which of these files are no model by themselves."""
    return [each.path for each in repository.grouped(map(file, paths))[1]]


def repo_of(*paths: str) -> RemoteRepo:
    """A repository of these files."""
    found, rest = repository.grouped(map(file, paths))
    return RemoteRepo("user/repo", COMMIT, False, False, found, rest)


def test_a_repository_comes_with_exact_sizes_at_one_commit() -> None:
    """One request gives every model with its hash, size and commit."""
    content = b"GGUF" * 1000
    offered = FakeRepo("user/repo", (FakeFile("m-Q8_0.gguf", content), FakeFile("README.md", b"r")))
    with FakeHub(offered) as hub, HubClient(Access(hub.endpoint)) as client:
        found = client.repo("user/repo")
        assert 1 == len(hub.requests())
    [quant] = found.quants
    assert (COMMIT, "Q8_0", 4000) == (found.commit, quant.label, quant.size_bytes)
    assert offered.files[0].sha256 == quant.files[0].sha256 == quant.files[0].etag
    assert ("main", COMMIT) == (quant.files[0].revision, quant.files[0].revision_commit)


def test_labels_are_those_of_the_file_names() -> None:
    """Quantizations are named as the repository writes them, in its spelling of the maker too."""
    assert ["Q4_K_M", "UD-Q4_K_XL", "IQ3_XXS", "F16", "model"] == labels(
        "m.q4_k_m.gguf", "m-UD-Q4_K_XL.gguf", "m.i1-IQ3_XXS.gguf", "F16/m-f16.gguf", "model.gguf"
    )


def test_the_parts_of_a_split_model_are_one() -> None:
    """Parts stand in order and their sizes add up; a folder may say what they are."""
    found, rest = repository.grouped(
        file(f"Q8_0/m-0000{number}-of-00003.gguf", number) for number in (3, 1, 2)
    )
    [quant] = found
    assert ("Q8_0", 6, ()) == (quant.label, quant.size_bytes, rest)
    assert ["00001", "00002", "00003"] == [each.name[2:7] for each in quant.files]


def test_a_split_model_without_all_parts_is_none() -> None:
    """What could never be loaded is not offered."""
    assert [] == labels("m-Q8_0-00001-of-00003.gguf", "m-Q8_0-00003-of-00003.gguf")


def test_what_is_no_model_stands_apart() -> None:
    """Projectors, matrices, adapters and draft heads are no quantizations."""
    apart = (
        "mmproj-F16.gguf",
        "Model-mmproj-f16.gguf",
        "imatrix.gguf",
        "m.imatrix.gguf",
        "mtp-m-Q8_0.gguf",
        "eagle3-m.gguf",
        "my-lora-F16.gguf",
    )
    assert sorted(apart) == others(*apart, "m-Q4_K_M.gguf", "m-imatrix-Q4_K_M.gguf", "Explora.gguf")


def test_two_models_of_one_quantization_are_told_apart() -> None:
    """Every label of a repository is another one."""
    assert ["a-Q4_K_M", "b-Q4_K_M", "Q8_0"] == labels(
        "a-Q4_K_M.gguf", "b-Q4_K_M.gguf", "a-Q8_0.gguf"
    )
    assert ["m-Q4_0", "y/m-Q4_0.gguf"] == labels("x/m-Q4_0.gguf", "y/m-Q4_0.gguf")


@pytest.mark.parametrize("text", ["Q4_K_M", "q4-k-m", "m-Q4_K_M.gguf", "m-q4_k_m"])
def test_a_quantization_is_found_by_any_spelling(text: str) -> None:
    """Label, other spellings, and the file's name all mean the same."""
    found = repository.find(repo_of("m-Q4_K_M.gguf", "m-Q8_0.gguf"), text)
    assert found is not None and "Q4_K_M" == found.label
    assert repository.find(repo_of("m-Q8_0.gguf"), text) is None


def test_without_a_name_the_usual_one_is_taken() -> None:
    """Q4_K_M first, and something in the middle where nothing is usual."""
    assert "Q4_K_M" == _label(repository.default(repo_of("m-Q8_0.gguf", "m-Q4_K_M.gguf")))
    assert "Q2_K" == _label(repository.default(repo_of("m-Q2_K.gguf")))
    assert repository.default(repo_of("mmproj-F16.gguf")) is None


def _label(quant: RemoteQuant | None) -> str:
    return quant.label if quant else ""


def test_hostile_rows_are_left_out() -> None:
    """Names, hashes and sizes that cannot be are no files."""
    good = {"rfilename": "m-Q8_0.gguf", "size": 5, "lfs": {"sha256": "a" * 64, "size": 5}}
    rows = [
        good,
        *({**good, "rfilename": name} for name in ("../m.gguf", "/m.gguf", "a\\..\\m.gguf", "", 7)),
        {**good, "rfilename": "nul.gguf"},
        {**good, "rfilename": "x\u202e.gguf"},
        {**good, "rfilename": "n" * 3000 + ".gguf"},
        {**good, "lfs": {"sha256": "../../x", "size": 5}},
        {**good, "lfs": {"sha256": "A" * 64, "size": 5}},
        {**good, "lfs": {"sha256": "a" * 64, "size": -1}},
        {**good, "lfs": {"sha256": "a" * 64, "size": "5"}},
        {**good, "lfs": None, "size": None},
        None,
    ]
    found = repository.read({"sha": COMMIT, "siblings": rows}, "user/repo", "main")
    assert ["Q8_0"] == [quant.label for quant in found.quants]


@pytest.mark.parametrize("commit", [None, 7, "", "main", COMMIT[:-1], COMMIT + "a", COMMIT + "\n"])
def test_an_answer_without_a_commit_is_refused(commit: object) -> None:
    """Without a commit nothing could be pinned."""
    with pytest.raises(errors.NetworkError):
        repository.read({"sha": commit, "siblings": []}, "user/repo", "main")


def test_a_catalogue_model_whose_repository_is_gone_has_another() -> None:
    """The next repository of the catalogue is asked where the first is not there or is gated."""
    model = next(each for each in catalogue.catalogue() if each.fallback_repos)
    other = FakeRepo(model.fallback_repos[0], (FakeFile("m-Q8_0.gguf", b"GGUF"),))
    with FakeHub(other) as hub, HubClient(Access(hub.endpoint)) as client:
        assert other.id == client.catalogue_repo(model).repo
        hub.repos.clear()
        with pytest.raises(errors.HubNotFound, match=model.repo):
            client.catalogue_repo(model)


@pytest.mark.parametrize("name", ["", "repo", "a/b/c", "../../x", "a/..", "user/re po", "a--b/c"])
def test_a_name_that_is_no_repository_is_not_asked_for(name: str) -> None:
    """A name that would lead elsewhere costs a sentence and no request."""
    with FakeHub() as hub, HubClient(Access(hub.endpoint)) as client:
        with pytest.raises(errors.UsageError):
            client.repo(name)
        assert [] == hub.requests()


def test_a_private_repository_opens_with_the_users_token() -> None:
    """The token goes to the endpoint, and opens what it may open."""
    private = FakeRepo(
        "user/repo",
        (FakeFile("m-Q8_0.gguf", b"GGUF"),),
        is_private=True,
        readers=frozenset({TOKEN}),
    )
    with FakeHub(private) as hub:
        with HubClient(Access(hub.endpoint, TOKEN)) as client:
            assert client.repo("user/repo").private
        with HubClient(Access(hub.endpoint)) as client, pytest.raises(errors.HubNotFound):
            client.repo("user/repo")
