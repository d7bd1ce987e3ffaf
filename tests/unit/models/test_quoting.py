"""What of a provider's words may be repeated."""

import pytest

from adapter.outbound.models.quoting import quotable

PROMPT = "The customer Hildegard Morgenstern, born 1954, asks for a refund."


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Unknown parameter: 'top_k'.", "Unknown parameter: 'top_k'."),
        ("two\n lines", "two lines"),
        ("bad value 'Hildegard'", "bad value '…'"),
        ("got: hildegard  MORGENSTERN, born", ""),
        ("key sk-abcdef1234 is wrong", "key … is wrong"),
        ("Incorrect: ab***cd.", "Incorrect: …"),
        ("Bearer abc.def is expired", "… is expired"),
        ("", ""),
    ],
)
def test_words_are_shown_unless_they_repeat_the_prompt_or_a_key(words: str, shown: str) -> None:
    assert quotable(words, (PROMPT,)) == shown


def test_words_are_cut_and_dropped_when_the_prompt_is_too_long_to_compare() -> None:
    assert len(quotable("x y " * 500, (PROMPT,))) == 240
    assert quotable("fine", ("z" * 300_000,)) == ""


def test_a_short_key_is_never_shown() -> None:
    assert quotable("the key abc is wrong", ("abc",)) == ""
