"""Whether words, shapes and slots are those of the specification."""

from models.training import tier1_features as features


def said(text):
    return [word for word, _ in features.tokens(text)]


def test_words_are_cut_at_signs_and_lower_cased():
    assert said("Send it, NOW!") == [b"send", b"it", b"now"]


def test_addresses_numbers_and_blobs_have_one_word_each():
    assert said("to ana@birch.example at https://a.example/x?y=1 or www.b.example 12345") == [
        b"to", b"\x01m", b"at", b"\x01q", b"or", b"\x01u", b"0",
    ]  # fmt: skip
    assert said("A" * 40 + " abc12def") == [b"\x01b", b"\x01i"]


def test_each_han_character_is_a_word():
    assert said("谢谢x") == ["谢".encode(), "谢".encode(), b"x"]


def test_signs_belong_to_the_word_behind_them_and_repeats_count_once():
    assert features.tokens("<<sys>> ## go") == [(b"sys", b"<"), (b"go", b">#")]


def test_fnv_is_the_published_one():
    assert features.fnv(b"") == 0xCBF29CE484222325
    assert features.fnv(b"foobar") == 0x85944171F73967E8


def test_slots_depend_on_the_words_before():
    one, other = features.slots(features.tokens("ignore that")), features.slots(features.tokens("forget that"))
    assert one[0] != other[0]
    assert set(one[1]) & set(other[1]) and one[1] != other[1]
    assert all(0 <= slot < 1 << features.BITS for word in one for slot in word)


def test_windows_reach_the_last_word():
    for words in (0, 1, 48, 49, 64, 65, 1000):
        starts = features.window_starts(words)
        assert starts[0] == 0 and starts[-1] + features.WINDOW >= words
        assert len(starts) == 1 or starts[-2] + features.WINDOW < words
