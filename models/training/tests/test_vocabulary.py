"""Whether windows cover a text, and how texts of any length are cut."""

from models.training.vocabulary import CONTENT, STEP, spans


def test_short_and_empty_texts_are_one_window():
    assert spans(0) == [(0, 0)]
    assert spans(CONTENT) == [(0, CONTENT)]


def test_windows_overlap_and_reach_the_end():
    for tokens in (CONTENT + 1, CONTENT + STEP, CONTENT + STEP + 1, 1000):
        found = spans(tokens)
        assert found[-1][1] == tokens
        assert all(
            after[0] == before[0] + STEP and before[1] == before[0] + CONTENT for before, after in zip(found, found[1:], strict=False)
        )
