"""What a model would take here, asked of llama.cpp itself without reading or allocating weights.

The model is loaded with `no_alloc`, then every set of parameters costs one context. Of a model
that is not on the disk its header is enough: a sparse file of the true size stands in. llama.cpp
may abort or crash over what it cannot run: for a process of its own. See DESIGN D3.
"""

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from llama_cpp import llama_cpp

from localchat import errors, paths
from localchat.engine import breakdown, nativeparams, wire
from localchat.engine.breakdown import BreakdownUnknown, Share
from localchat.engine.loadfailure import LoadError, explain
from localchat.engine.nativelog import NativeLog
from localchat.fit import runtime
from localchat.fit.footprint import MAIN_MEMORY, Footprint
from localchat.models import anatomy, gguf, splits
from localchat.models.header import Header

_NO_SPARSE_FILES: Final = (
    "The disk with localchat's cache cannot hold a file without taking room for all of it."
)
_SLACK_BYTES = 2**20
_LEFTOVER_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class _Sized:
    """A model loaded without weights."""

    key: tuple[object, ...]
    native: Any
    headers: tuple[Header, ...]
    load_log: tuple[str, ...]


class DryRuns:
    """Sizes models, keeping the last one so that a further set of parameters is quick."""

    def __init__(self, log: NativeLog) -> None:
        self._log = log
        self._sized: _Sized | None = None

    def footprint(self, path: Path, params: wire.EngineParams) -> Footprint:
        """Return what `path`, a model or only its header, would take.

        Raises LoadError where llama.cpp refuses, BadModel or ModelNotFound for a file that is
        unsound or not there, OSError when the cache cannot be written, BreakdownUnknown.
        """
        sized = self._model(path, params)
        trained = llama_cpp.llama_model_n_ctx_train(sized.native)
        self._log.clear()
        context = llama_cpp.llama_init_from_model(
            sized.native, nativeparams.context_params(params, trained)
        )
        if not context:
            raise explain(self._log.lines(), path.name)
        try:
            return Footprint(
                devices=breakdown.by_device(self._shares(context, sized, params)),
                runtime_bytes=runtime.of_shape(anatomy.shape(*sized.headers)),
                context_tokens=llama_cpp.llama_n_ctx(context),
                basis="dry run",
            )
        finally:
            llama_cpp.llama_free(context)

    def close(self) -> None:
        """Free the model kept."""
        sized, self._sized = self._sized, None
        if sized is not None:
            llama_cpp.llama_model_free(sized.native)

    def _model(self, path: Path, params: wire.EngineParams) -> _Sized:
        key = (
            *(path, *_stamp(path)),
            *(params.gpu_layers, params.experts_on_cpu, params.extra_buffers),
        )
        if self._sized is not None and self._sized.key == key:
            return self._sized
        self.close()
        headers = _headers(path)
        wanted = nativeparams.model_params(params, without_weights=True)
        with _whole(path, headers) as whole:
            self._log.clear()
            native = llama_cpp.llama_model_load_from_file(str(whole).encode(), wanted.native)
        load_log = self._log.lines()
        if not native:
            raise explain(load_log, path.name)
        self._sized = _Sized(key, native, headers, load_log)
        return self._sized

    def _shares(self, context: Any, sized: _Sized, params: wire.EngineParams) -> tuple[Share, ...]:
        try:
            found = breakdown.of(context)
        except BreakdownUnknown:
            found = breakdown.logged(sized.headers, sized.load_log, self._log.lines())
        is_mapped = params.mmap
        if is_mapped is None:
            is_mapped = nativeparams.maps_by_default(params, sized.headers[0].quant)
        return _mapped(found, sized.headers) if is_mapped else found


def _mapped(shares: tuple[Share, ...], headers: tuple[Header, ...]) -> tuple[Share, ...]:
    """Count the file's data in place of what a load that maps no file would copy from it."""
    if any(share.device != MAIN_MEMORY for share in shares):
        return shares
    span = sum(header.file_bytes - header.data_offset_bytes for header in headers)
    return tuple(
        replace(share, weights_bytes=span) if share.buffer == MAIN_MEMORY else share
        for share in shares
    )


def answer(runs: DryRuns, command: wire.DryRun) -> wire.Result | wire.Failed:
    """Serve a command; whatever is wrong with the model or the disk is an answer too."""
    try:
        found = runs.footprint(Path(command.path), command.params)
        return wire.Result(command.id, {"footprint": asdict(found)})
    except LoadError as error:
        return wire.Failed(command.id, error.kind, error.message, error.hint)
    except errors.ModelNotFound as error:
        return wire.Failed(command.id, "not_found", error.message, error.hint)
    except errors.LocalchatError as error:
        return wire.Failed(command.id, "bad_model", error.message, error.hint)
    except OSError as error:
        words = f"The cache cannot be written: {error.strerror}."
        return wire.Failed(command.id, "no_sparse_files", words)
    except BreakdownUnknown as error:
        words = f"This engine does not tell what a model takes: {error}."
        return wire.Failed(command.id, "load_failed", words)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


# --- files ----------------------------------------------------------------------------------------


def _headers(path: Path) -> tuple[Header, ...]:
    """Read and check the headers of all parts, whether or not their weights are there."""
    part = splits.part_of(path)
    return tuple(_header(each) for each in (part.all_paths if part else (path,)))


def _header(path: Path) -> Header:
    try:
        size = path.stat().st_size
        with path.open("rb", buffering=0) as source:
            header = gguf.parse(source, path.name, size)
    except OSError as error:
        raise errors.ModelNotFound(f"{path.name} cannot be read: {error.strerror}.") from error
    is_later_part = header.number("split.no") > 0
    if not is_later_part and (reason := header.not_a_chat_model):
        raise errors.BadModel(f"{path.name} {reason}.", "Choose another model.")
    return header


@contextlib.contextmanager
def _whole(path: Path, headers: tuple[Header, ...]) -> Iterator[Path]:
    """Give a file that llama.cpp takes for the whole model: itself, or a sparse copy."""
    part = splits.part_of(path)
    files = part.all_paths if part else (path,)
    pairs = list(zip(files, headers, strict=True))
    if all(file.stat().st_size >= header.file_bytes for file, header in pairs):
        yield files[0]
        return
    home = paths.private_folder(paths.paths().dry_runs)
    _forget_leftovers(home)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        for file, header in pairs:
            _sparse_copy(file, header, Path(folder) / file.name)
        yield Path(folder) / files[0].name


def _sparse_copy(source: Path, header: Header, target: Path) -> None:
    with source.open("rb") as read, target.open("wb") as write:
        write.write(read.read(header.data_offset_bytes))
        written = write.tell()
        write.truncate(_padded(header.file_bytes, header.alignment_bytes))
    if not is_sparse(target, written):
        raise LoadError("no_sparse_files", _NO_SPARSE_FILES)


def is_sparse(file: Path, written_bytes: int) -> bool:
    """Say whether a file takes no more room than what was written to it; False if unknown."""
    # Windows does not tell, and makes sparse only what is asked for in its own way.
    blocks = getattr(file.stat(), "st_blocks", None)
    return blocks is not None and blocks * 512 <= written_bytes + _SLACK_BYTES


def _forget_leftovers(home: Path) -> None:
    """Remove what a process that crashed left behind."""
    before = time.time() - _LEFTOVER_SECONDS
    for folder in home.iterdir():
        with contextlib.suppress(OSError):
            if folder.stat().st_mtime < before:
                shutil.rmtree(folder)


def _padded(n_bytes: int, alignment: int) -> int:
    return -(-n_bytes // alignment) * alignment
