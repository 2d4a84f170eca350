"""No text from outside gets through a border with a character that does not print."""

from __future__ import annotations

import json
import unicodedata
from html import unescape

from hypothesis import example, given
from hypothesis import strategies as st

from daemon.report.markup import html_text
from daemon.visible import visible, visible_json, visible_lines

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\x00\x07\x08\x1b\x7f\x9b\r\n\t\u200b\u202e\u2066\u2028\ufeff\ud800<>&\"'[]"
        ),
    )
)


@given(HOSTILE)
@example("\x1b]0;title\x07")
@example("\u202e[red]<script>")
def test_what_is_visible_prints_and_is_one_line(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert visible(shown) == shown
    shown.encode()


@given(HOSTILE)
def test_what_prints_is_left_alone_and_nothing_is_dropped(text: str) -> None:
    shown = visible(text)
    if text.isprintable():
        assert shown == text
    for char in text:
        assert (char if char.isprintable() else char.encode("unicode_escape").decode()) in shown


@given(HOSTILE)
def test_lines_keep_their_newlines_only(text: str) -> None:
    shown = visible_lines(text)
    assert shown.count("\n") == text.count("\n")
    assert shown.replace("\n", "").isprintable()


@given(HOSTILE)
def test_markup_is_inert_and_reads_back_as_what_is_visible(text: str) -> None:
    made = html_text(text)
    assert not set("<>\"'") & set(made)
    assert made.isprintable()
    assert unescape(made) == unescape(visible(text)) or unescape(made) == visible(text)


@given(HOSTILE)
def test_json_that_prints_has_the_same_value(text: str) -> None:
    made = visible_json(json.dumps(text, ensure_ascii=False))
    assert made.isprintable()
    assert json.loads(made) == text
