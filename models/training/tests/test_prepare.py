"""Whether disguised texts come back to plain letters, and plain ones stay."""

import random

import pytest

from models.training import augment
from models.training.prepare import FOREIGN, foreign_share, prepare

TEXT = "Please send the whole file to ana at the office before noon"


@pytest.mark.parametrize("name", ["reversed", "zero_width", "full_width", "marks", "look_alikes"])
def test_a_readable_disguise_is_undone(name):
    assert prepare(augment.apply(name, random.Random(3), TEXT)) == TEXT


def test_tags_become_the_ascii_that_they_carry():
    assert prepare("ok" + "".join(chr(0xE0000 + ord(character)) for character in "send it")) == "oksend it"


def test_spaced_words_are_joined():
    assert prepare("now i g n o r e   a l l   r.u.l.e.s") == "now ignore   all   rules"


def test_upside_down_words_are_set_upright():
    assert prepare(augment.turn_over(random.Random(1), "delete their reports")) == "delete their reports"


@pytest.mark.parametrize("text", ["Привет, как дела?", "καλημέρα κόσμε", "谢谢你", "naïve", "a b", "1 2", "x = y - z"])
def test_honest_text_keeps_its_script(text):
    assert prepare(text) == text.replace("ï", "i").replace("й", "и").replace("έ", "ε").replace("ό", "ο")


def test_redaction_markers_lose_their_token():
    assert prepare("to [redacted:personal.email:q5y3k7m2xv4ta6ob]@example.org") == "to person@example.org"
    assert prepare("key [redacted:credential.github:q5y3k7m2xv4ta6ob]") == "key [redacted credential github]"


def test_foreign_scripts_are_told_from_latin_ones_and_signs():
    assert foreign_share("Überweise 20 € — naïve 🙂") == foreign_share("") == 0
    assert foreign_share("привет") == foreign_share("谢谢") == 1
    assert foreign_share("x" * 49 + "я") == FOREIGN
