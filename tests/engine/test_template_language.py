"""What a chat template may do: all that real ones use, and nothing that harms."""

import datetime
import time

import pytest

from localchat import errors
from localchat.engine.templates import ChatTemplate

NOW = datetime.datetime(2025, 3, 9, 14, 30)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ {'a': '<é>', 'b': [1]} | tojson }}", '{"a": "<é>", "b": [1]}'),
        ("{{ 'é' | tojson(ensure_ascii=True) }}", '"\\u00e9"'),
        ("{{ {'b': 1, 'a': 2} | tojson(separators=(',', ':')) }}", '{"b":1,"a":2}'),
        ("{{ '{\"a\": 1}' | from_json }}", "{'a': 1}"),
        ("{% for i in range(9) %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", "012"),
        ("{% generation %}{% set x = 1 %}{% endgeneration %}{{ x }}", "1"),
        ("{% if tools is defined or documents is defined %}no{% else %}yes{% endif %}", "yes"),
        ("{{ functions + '!' }}", "!"),
        ("{% set l = [] %}{% set _ = l.append(4) %}{{ l }}", "[4]"),
        ("{{ strftime_now('%d %b %Y') }}", "09 Mar 2025"),
        ("{{ datetime }}", "Mar 09 2025"),
        ("{{ messages[0].role ~ 1 ~ none }}", "user1None"),
        ("{{ 'a-b'.replace('-', '+') ~ ('x' | replace('x', 'y')) }}", "a+by"),
        ("{{ ['a', 'b'] | join('-') ~ ([{'k': 'c'}] | join(attribute='k')) }}", "a-bc"),
        ("{{ '%s of %d' % ('1', 20000) ~ '{{{}}}'.format(12345) }}", "1 of 20000{12345}"),
        ("{% for k, v in {'a': 1} | items %}{{ k }}={{ v }}{% endfor %}", "a=1"),
        ("  {% if true %}\nx\n  {% endif %}\n", "x\n"),
    ],
)
def test_features(source: str, text: str) -> None:
    """What real templates use is there and behaves as they expect."""
    turns_ = [{"role": "user", "content": "Hi"}]
    assert ChatTemplate(source, now=NOW).render(turns_) == text


@pytest.mark.parametrize("source", ["{% if %}", "{{ 1 | nonsense }}", "{% for x in y %}", "{" * 3])
def test_broken_source(source: str) -> None:
    """A template that cannot be compiled is refused at once, never replaced by another."""
    with pytest.raises(errors.BadTemplate, match=r"^The chat template is broken: "):
        ChatTemplate(source)


HOSTILE = [
    "{{ messages.__class__.__mro__ }}",
    "{{ ''.__class__.__base__.__subclasses__() }}",
    "{{ cycler.__init__.__globals__ }}",
    "{% set _ = messages[0].update({'role': 'x'}) %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "{{ 'x' * 10 ** 10 }}",
    "{{ 'x' * 10000000000 }}",
    "{{ [0] * 10000000000 }}",
    "{{ 9 ** 9999999 }}",
    "{% set n = namespace(s='x') %}{% for i in range(64) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
    "{% set n = namespace(s='x') %}{% for i in range(64) %}{% set n.s = n.s + n.s %}{% endfor %}",
    "{% set ns = namespace(n=9) %}{% for i in range(64) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
    "{{ 'x' | center(10000000000) }}",
    "{{ 'x'.ljust(10000000000) }}",
    "{{ '%10000000000d' % 1 }}",
    "{{ '{:10000000000}'.format(1) }}",
    "{{ '{:{}}'.format(1, 10000000000) }}",
    "{{ range(10000000000) | list }}",
    "{% set s = 'x' * 60000 %}{{ s.replace('x', s) }}",
    "{% set s = 'x' * 60000 %}{{ s | replace('x', s) }}",
    "{% set s = 'x' * 60000 %}{{ s.join(s) }}",
    "{% set s = 'x' * 60000 %}{{ range(60000) | join(s) }}",
    "{% set s = '\n' * 60000 %}{{ s | indent(9999) }}",
    "{% set s = 'x' * 9999999 %}{% for i in range(99999) %}{{ s }}{% endfor %}",
    "{% for i in range(99999) %}" + "x" * 9999 + "{% endfor %}",
    "{{ {'a': [1]} | tojson(indent=10000000) }}",
    "{{ strftime_now('%1000000000d') }}",
    "{{ nothing.at.all }}",
    "{{ 1 / 0 }}",
    "{{ 'a' + 1 }}",
    "{% include 'x' %}",
]


@pytest.mark.parametrize("source", HOSTILE)
def test_hostile_template(source: str) -> None:
    """A template can neither reach Python nor run or grow without end; it becomes an error."""
    start_seconds = time.thread_time()
    with pytest.raises(errors.BadTemplate):
        ChatTemplate(source, now=NOW).render([{"role": "user", "content": "Hi"}])
    assert time.thread_time() - start_seconds < 12


@pytest.mark.parametrize(
    "source",
    [
        "{{ raise_exception.__globals__ }}",
        "{{ strftime_now.__self__ }}",
        "{{ messages.append.__self__ }}",
        "{{ '{0.__class__}'.format(messages) }}",
    ],
)
def test_nothing_behind_a_function(source: str) -> None:
    """What belongs to Python is not there for a template."""
    assert ChatTemplate(source).render([]) == ""


def test_messages_survive_a_template() -> None:
    """A template that changes its messages changes copies."""
    talk: list[dict[str, object]] = [{"role": "user", "content": ["a"]}]
    source = "{% set _ = messages[0].content.append('b') %}{{ messages[0].content }}"
    assert ChatTemplate(source).render(talk) == "['a', 'b']"
    assert talk == [{"role": "user", "content": ["a"]}]


def test_endless_source() -> None:
    """A source of a million characters is not even parsed."""
    with pytest.raises(errors.BadTemplate, match="million"):
        ChatTemplate("x" * 1_048_577)
