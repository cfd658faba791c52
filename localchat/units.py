"""Numbers as people read them. The only room that knows GiB."""

KIB = 1024
MIB = 1024**2
GIB = 1024**3


def human_bytes(n_bytes: float) -> str:
    """Say a size in binary units.

    >>> human_bytes(4_445_000_000)
    '4.14 GiB'
    >>> human_bytes(2_400_000)
    '2.3 MiB'
    """
    if n_bytes >= GIB:
        return f"{n_bytes / GIB:.2f} GiB"
    if n_bytes >= MIB:
        return f"{n_bytes / MIB:.1f} MiB"
    if n_bytes >= KIB:
        return f"{n_bytes / KIB:.0f} KiB"
    return f"{n_bytes:.0f} B"


def human_tokens(n_tokens: int) -> str:
    """Say a number of tokens in the space of a gauge.

    >>> human_tokens(812), human_tokens(3120), human_tokens(16384), human_tokens(131072)
    ('812', '3.1k', '16k', '131k')
    """
    if n_tokens < 1000:
        return str(n_tokens)
    thousands = n_tokens / 1000
    return f"{thousands:.1f}k" if thousands < 10 else f"{int(thousands)}k"


def human_rate(tokens_per_second: float | None) -> str:
    """Say a decode rate; a dash while there is none.

    >>> human_rate(21.44), human_rate(912.3), human_rate(None)
    ('21.4 tokens/s', '912 tokens/s', '- tokens/s')
    """
    if tokens_per_second is None:
        return "- tokens/s"
    digits = 1 if tokens_per_second < 100 else 0
    return f"{tokens_per_second:.{digits}f} tokens/s"


def human_seconds(seconds: float) -> str:
    """Say a duration.

    >>> human_seconds(0.0123), human_seconds(0.41), human_seconds(75), human_seconds(3700)
    ('12 ms', '0.4 s', '1 min 15 s', '1 h 1 min')
    """
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def human_count(number: int) -> str:
    """Say how many in the space of a column.

    >>> human_count(812), human_count(20_400), human_count(3_200_000)
    ('812', '20.4k', '3.2M')
    """
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 999_950 else f"{number / 1e6:.1f}M"


def human_age(seconds: float) -> str:
    """Say how long ago something was, in days.

    >>> human_age(3600), human_age(100_000), human_age(1e6), human_age(1e8)
    ('today', 'yesterday', '11 days ago', '3 years ago')
    """
    days = int(seconds // 86_400)
    if days < 2:
        return "yesterday" if days == 1 else "today"
    return f"{days} days ago" if days < 730 else f"{days // 365} years ago"
