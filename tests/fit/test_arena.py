"""The replay of ggml's allocator: what is reused, what is not, and where it peaks."""

from hypothesis import given
from hypothesis import strategies as st

from localchat.fit.arena import ALIGNMENT_BYTES, Tape


def test_what_nobody_reads_any_more_is_reused() -> None:
    """In a chain only two results are alive at once."""
    tape = Tape()
    last = tape.input(64)
    for _ in range(5):
        last = tape.make(640, last)
    assert 64 + 2 * 640 == tape.peak_bytes()


def test_a_result_may_stand_in_the_place_of_its_operand() -> None:
    """A change takes the place of the first operand that nobody else reads, and no more memory."""
    tape = Tape()
    first = tape.make(640, tape.input(64))
    tape.change(tape.change(first))
    assert 64 + 640 == tape.peak_bytes()


def test_what_is_still_read_keeps_its_place() -> None:
    """A change of what another result reads too needs memory of its own."""
    tape = Tape()
    first = tape.make(640, tape.input(64))
    changed = tape.change(first)
    tape.make(640, changed, first)
    assert 64 + 3 * 640 == tape.peak_bytes()


def test_the_second_operand_lends_its_place_when_the_first_cannot() -> None:
    """Of two operands the one that is read for the last time lends its place."""
    tape = Tape()
    kept, free = (tape.make(640, tape.input(64)) for _ in range(2))
    total = tape.change(kept, free)
    tape.read(total, kept)
    assert 128 + 2 * 640 == tape.peak_bytes()


def test_the_smallest_gap_that_is_large_enough_is_taken() -> None:
    """A result goes into the tightest gap, not into the first one."""
    tape = Tape()
    large, wall, small, end = (tape.make(size) for size in (960, 32, 320, 32))
    tape.read(large)
    tape.read(small)
    tight = tape.make(320)
    wide = tape.make(960)
    tape.read(tight, wide, wall, end)
    assert 960 + 32 + 320 + 32 == tape.peak_bytes()


def test_what_is_filled_in_before_stays_until_it_is_read() -> None:
    """Inputs lie below all else, also those that are read last."""
    tape = Tape()
    late = tape.input(320)
    early = tape.make(640, tape.input(64))
    tape.make(960, early, late)
    assert 384 == tape.inputs_bytes
    assert 384 + 640 + 960 == tape.peak_bytes()


@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 4), st.booleans()), max_size=40))
def test_the_peak_is_between_what_is_alive_and_everything(
    steps: list[tuple[int, int, bool]],
) -> None:
    """No packing is smaller than what is alive at once, or larger than all results side by side."""
    tape = Tape()
    made = [tape.input(100)]
    for size, back, in_place in steps:
        source = made[-min(back, len(made))]
        made.append(tape.change(source) if in_place else tape.make(size, source))
    readers = {each: index for index, parts in enumerate(tape.sources) for each in parts}
    most = 0
    for index in range(len(tape.sizes)):
        alive = [each for each in range(index) if readers.get(each, len(tape.sizes)) > index]
        most = max(most, sum(tape.sizes[each] for each in alive))
    peak = tape.peak_bytes()
    assert 0 == peak % ALIGNMENT_BYTES
    assert most <= peak <= sum(tape.sizes)
