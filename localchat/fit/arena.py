"""How much scratch memory a computation takes: ggml's graph allocator, replayed on sizes alone.

llama.cpp lays the intermediate results of one ubatch into one buffer for each device, reusing what
nothing reads any more (ggml-alloc.c: best fit, results in place of an operand where the operation
allows it). The buffer's size is where that packing peaks. Knows nothing of models.
"""

from dataclasses import dataclass, field
from typing import Final

ALIGNMENT_BYTES: Final = 32
"""What ggml rounds a tensor's size up to in main memory."""

Tensor = int
"""The number of a tensor of a tape."""


@dataclass(slots=True)
class Tape:
    """The tensors of a graph in the order in which they are computed.

    Weights and KV cache have buffers of their own and do not appear. A view counts as the tensor
    that it shows.
    """

    sizes: list[int] = field(default_factory=list)
    sources: list[tuple[Tensor, ...]] = field(default_factory=list)
    places: list[tuple[Tensor, ...]] = field(default_factory=list)
    """The operands in whose place a result may stand, the preferred first."""
    inputs: list[Tensor] = field(default_factory=list)

    def input(self, size_bytes: int) -> Tensor:
        """Record what is filled in before the computation starts."""
        self.inputs.append(len(self.sizes))
        return self._add(size_bytes, (), ())

    def make(self, size_bytes: int, *sources: Tensor) -> Tensor:
        """Record a result that needs memory of its own."""
        return self._add(size_bytes, sources, ())

    def change(self, *sources: Tensor, also: tuple[Tensor, ...] = ()) -> Tensor:
        """Record a result of the size of `sources`, in place of the first that nobody else reads.

        `also` are read too, and have another layout.
        """
        return self._add(self.sizes[sources[0]], (*sources, *also), sources)

    def read(self, *sources: Tensor) -> None:
        """Record that something is read whose result stands in no memory of ours."""
        self._add(0, sources, ())

    @property
    def inputs_bytes(self) -> int:
        """What is filled in before the computation starts."""
        return sum(self.sizes[each] for each in self.inputs)

    def peak_bytes(self) -> int:
        """Replay the allocator and return the size of the buffer."""
        readers = [0] * len(self.sizes)
        for sources in self.sources:
            for source in sources:
                readers[source] += 1
        arena = _Arena()
        offsets = {each: arena.take(self.sizes[each]) for each in self.inputs if self.sizes[each]}
        for number, sources in enumerate(self.sources):
            if number not in offsets and self.sizes[number]:
                self._place(number, readers, offsets, arena)
            for source in sources:
                readers[source] -= 1
                if not readers[source] and source in offsets:
                    arena.give(offsets.pop(source), self.sizes[source])
        return arena.peak_bytes

    def _place(
        self, number: Tensor, readers: list[int], offsets: dict[Tensor, int], arena: "_Arena"
    ) -> None:
        for place in self.places[number]:
            if readers[place] == 1 and place in offsets and self.sizes[place] == self.sizes[number]:
                offsets[number] = offsets.pop(place)
                return
        offsets[number] = arena.take(self.sizes[number])

    def _add(self, size: int, sources: tuple[Tensor, ...], places: tuple[Tensor, ...]) -> Tensor:
        self.sizes.append(-(-size // ALIGNMENT_BYTES) * ALIGNMENT_BYTES)
        self.sources.append(sources)
        self.places.append(places)
        return len(self.sizes) - 1


class _Arena:
    """Free blocks of a buffer that may grow, sorted by their place; the last has no end."""

    __slots__ = ("free", "peak_bytes")

    def __init__(self) -> None:
        self.free: list[tuple[int, int]] = [(0, 1 << 62)]
        self.peak_bytes = 0

    def take(self, size: int) -> int:
        """Take the smallest block that is large enough, the last one only if none other is."""
        free = self.free
        best = len(free) - 1
        least = 1 << 62
        for index in range(len(free) - 1):
            if size <= free[index][1] <= least:
                best, least = index, free[index][1]
        offset, available = free[best]
        if available == size:
            del free[best]
        else:
            free[best] = (offset + size, available - size)
        self.peak_bytes = max(self.peak_bytes, offset + size)
        return offset

    def give(self, offset: int, size: int) -> None:
        """Give a block back and join it with its neighbors."""
        free = self.free
        index = 0
        while index < len(free) and free[index][0] < offset:
            index += 1
        if index < len(free) and offset + size == free[index][0]:
            size += free.pop(index)[1]
        if index and sum(free[index - 1]) == offset:
            before, length = free.pop(index - 1)
            offset, size, index = before, length + size, index - 1
        free.insert(index, (offset, size))
