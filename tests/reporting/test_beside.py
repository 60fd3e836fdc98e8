from curate.reporting.beside import Part, differences, text_rows


def test_what_differs_is_marked_in_both():
    one, other = differences("Name a colour.", "Name two colours now.")
    assert one == [Part("Name ", False), Part("a", True), Part(" ", False), Part("colour", True),
                   Part(".", False)]  # fmt: skip
    assert other == [Part("Name ", False), Part("two", True), Part(" ", False),
                     Part("colours now", True), Part(".", False)]  # fmt: skip


def test_equal_texts_have_no_mark():
    assert differences("Name it.", "Name it.") == ([Part("Name it.", False)],) * 2


def test_long_equal_parts_are_cut_and_a_late_difference_is_found():
    before = "word " * 100_000
    one, other = differences(f"{before}red", f"{before}blue", room=20, limit=100)
    assert one == [Part("word wor … rd word ", False), Part("red", True)]
    assert other == [Part("word wor … rd word ", False), Part("blue", True)]


def test_what_is_not_compared_any_more_is_said():
    one, other = differences("red " + "x " * 50, "blue " + "x " * 20, limit=60)
    assert one[-1].text.endswith(" …")
    assert not other[-1].text.endswith("…")


def test_rows_have_every_text_and_turn():
    one = {"instruction": "i", "context": "", "output": None, "system": "s",
           "history": [{"role": "user", "content": "u"}]}  # fmt: skip
    other = {**one, "output": 4, "history": []}
    assert list(text_rows([one, other])) == [
        ("instruction", ["i", "i"]), ("context", ["(empty)", "(empty)"]),
        ("output", ["(missing)", "4"]), ("system", ["s", "s"]), ("user, turn 1", ["u", "(empty)"]),
    ]  # fmt: skip
