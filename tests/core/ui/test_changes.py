"""Audit entries in words."""

from core.ui.changes import change_words, register_change_names


def test_fields_and_choices_read_by_their_names():
    words = change_words("orders.order", {"payment_status": ["unpaid", "paid"], "ship_city": ["", "Leeds"]})

    assert {str(name): (str(old), str(new)) for name, (old, new) in words.items()} == {
        "Payment": ("Unpaid", "Paid"),
        "City": ("None", "Leeds"),
    }


def test_empty_values_are_none_and_yes_is_a_word():
    words = change_words("orders.channel", {"is_active": [True, False], "name": ["None", None]})

    assert list(words.values()) == [("yes", "no"), (None, None)]


def test_a_row_of_the_subject_says_its_position():
    words = change_words("orders.order", {"lines[2].quantity": ["1", "3"], "parts[1].size": ["S", "L"]})

    assert {str(name): pair for name, pair in words.items()} == {"#2 Quantity": ("1", "3"), "#1 Size": ("S", "L")}


def test_what_is_no_field_reads_as_registered_or_as_its_own_words():
    register_change_names("tests.thing", {"reason": ("Why", {"a": "Because"})})

    assert change_words("tests.thing", {"reason": [None, "a"], "other_name": "b"}) == {
        "Why": (None, "Because"),
        "Other name": (None, "b"),
    }


def test_a_registered_name_may_say_which():
    register_change_names("tests.thing", {"offer": ("Quotation", {})})

    assert change_words("tests.thing", {"offer MUG-BLU": [None, "16.38"]}) == {"Quotation MUG-BLU": (None, "16.38")}
    assert change_words("tests.thing", {"order MUG-BLU": [None, "1"]}) == {"Order MUG-BLU": (None, "1")}
