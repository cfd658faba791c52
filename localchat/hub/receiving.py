"""The bytes of one file into its part: try after try, until as many came as were promised.

Checks every answer against what the Hub promised and against what was asked for. Whether the bytes
are the right ones is for the hash of the whole to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from localchat import errors, sanitize
from localchat.hub import refusals
from localchat.hub.control import Control
from localchat.hub.manners import Manners
from localchat.hub.meter import Meter
from localchat.hub.retry import Patience
from localchat.hub.throttle import Throttle
from localchat.hub.transport import Answer, Broken, Transport
from localchat.library import names, writer
from localchat.library.parts import Part
from localchat.library.values import Phase, RemoteFile

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_REFUSED_BY_STORAGE = frozenset({400, 401, 403, 404, 410})


@dataclass(frozen=True, slots=True)
class Tools:
    """What one download works with, whichever file it is at."""

    meter: Meter
    control: Control
    manners: Manners
    throttle: Throttle


class RuleBroken(Broken):
    """The server's answer cannot be what was asked for."""


class Receiver:
    """Receives one file. What came is in the part, whatever ends it."""

    def __init__(self, file: RemoteFile, part: Part, transport: Transport, tools: Tools) -> None:
        self._file = file
        self._part = part
        self._transport = transport
        self._tools = tools
        self._patience = Patience(tools.manners, tools.meter, tools.control)
        self._rewarded_bytes = part.done_bytes
        self._broken_rules = 0

    def run(self) -> None:
        """Receive until the part has its size.

        Raises HubRefused, HubNotFound, RateLimited, NetworkError or DownloadFailed when no other
        try would help, OSError when the part cannot be written, and control.Stopped.
        """
        while self._part.done_bytes < self._file.size_bytes:
            seconds = self._patience.begin()
            try:
                self._try(seconds)
            except RuleBroken as broken:
                self._broken_rules += 1
                if self._broken_rules >= self._tools.manners.broken_answers:
                    raise broken.error from broken
                self._patience.wait(broken.error)
            except Broken as broken:
                if broken.is_lasting:
                    raise broken.error from broken
                self._patience.wait(broken.error, is_cut=broken.is_cut)

    def _try(self, seconds: float) -> None:
        part, meter = self._part, self._tools.meter
        meter.enter(Phase.ASKING)
        start = part.done_bytes
        with self._transport.get(self._file, self._vet, seconds, start, part.validator) as answer:
            if self._patience.has_received:
                answer.trust()
            self._check_status(answer)
            self._check_place(answer, start)
            if part.validator != answer.validator:
                part.note(answer.validator)
            meter.enter(Phase.DOWNLOADING)
            self._take(answer)
        if part.done_bytes < self._file.size_bytes:
            raise Broken(errors.NetworkError("The connection ended too early.", refusals.LATER))

    def _check_status(self, answer: Answer) -> None:
        status = answer.status
        if status in (200, 206):
            return
        if status == 416:
            # What is here is more than the server has: it cannot be a piece of it.
            self._restart()
            raise self._broken("says that there is no such place in the file")
        asked = self._transport.asked(self._file)
        if status in _REFUSED_BY_STORAGE and not answer.is_from_hub:
            # An address is signed for a while only, and the next try gets a fresh one.
            raise self._broken(f"does not hand the file out ({status})")
        error = refusals.of_response(status, answer.headers, asked)
        if status in _BUSY:
            raise Broken(error)
        raise error

    def _vet(self, told: Mapping[str, str]) -> None:
        """Compare what the Hub says of the file now with what it said in the list."""
        file = self._file
        linked = told.get("x-linked-etag")
        is_other = linked is not None and names.etag(linked) != file.etag
        size = told.get("x-linked-size")
        is_other |= size is not None and size != str(file.size_bytes)
        commit = told.get("x-repo-commit")
        is_other |= commit is not None and names.commit(commit) != file.revision_commit
        if is_other:
            raise errors.DownloadFailed(
                f"The Hub offers another {_shown(file)} than it listed a moment ago.",
                "Look the repository up again; it may have been changed just now.",
            )

    def _check_place(self, answer: Answer, start: int) -> None:
        if answer.headers.get("content-encoding", "identity") not in ("", "identity"):
            raise self._broken("sends the file in a way that was not asked for")
        if answer.whole_bytes not in (None, self._file.size_bytes):
            raise self._broken("has a file of another size than the Hub says")
        if answer.status == 206 and answer.range_start != start:
            raise self._broken("sent another piece of the file than was asked for")
        is_other = self._part.validator and answer.validator not in ("", self._part.validator)
        if start and (answer.status == 200 or is_other):
            # The whole file instead of a piece, or a piece of another one: begin anew.
            self._restart()
            if answer.status != 200:
                raise self._broken("has another file now")

    def _take(self, answer: Answer) -> None:
        tools, expected = self._tools, self._file.size_bytes
        received = self._part.done_bytes
        with writer.Writer(self._part.append) as sink:
            for piece in answer.body:
                received += len(piece)
                if received > expected:
                    break
                tools.throttle.take(len(piece), tools.control)
                sink.put(piece)
                tools.meter.receive(len(piece))
                if received - self._rewarded_bytes >= tools.manners.worth_bytes:
                    self._rewarded_bytes = received
                    self._patience.reward()
                    answer.trust()
                tools.control.check()
            sink.flush()
        if received > expected:
            self._restart()
            raise self._broken("sends more than the Hub says the file has")

    def _restart(self) -> None:
        self._part.restart()
        self._tools.meter.at(0)

    def _broken(self, what: str) -> RuleBroken:
        return RuleBroken(
            errors.DownloadFailed(
                f"The server {what}: {_shown(self._file)}.",
                "It may be a fault of a mirror or a proxy; try again later.",
            )
        )


def _shown(file: RemoteFile) -> str:
    return sanitize.line(file.name, 80)
