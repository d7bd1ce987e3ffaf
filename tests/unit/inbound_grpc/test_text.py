"""Text of others fits into a protobuf string."""

from hypothesis import given
from hypothesis import strategies as st

from adapter.inbound.grpc.text import cut, foreign_text


def test_text_within_the_limit_stays_as_it_is() -> None:
    assert cut("grün", 5) == "grün"


def test_a_cut_never_splits_a_character_and_counts_bytes() -> None:
    assert cut("ä" * 20, 20) == "ääää … 32 more"


@given(st.text(st.characters()))
def test_any_text_becomes_unicode_and_unicode_stays(text: str) -> None:
    shown = foreign_text(text)
    shown.encode()
    assert shown == text or any(0xD800 <= ord(character) < 0xE000 for character in text)


@given(st.text(max_size=100), st.integers(min_value=20, max_value=60))
def test_a_cut_text_has_at_most_the_limit(text: str, limit: int) -> None:
    assert len(cut(text, limit).encode()) <= limit
