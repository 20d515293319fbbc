"""Problems are values that can be shown whatever they quote."""

from roboconf_core.errors import MAX_MESSAGE, Code, Problem


def test_a_message_and_a_hint_without_end_are_cut():
    problem = Problem(Code.P_IO_ERROR, "a" * 10**6, hint="b" * 10**6)
    assert problem.message == "a" * MAX_MESSAGE + "..."
    assert problem.hint == "b" * MAX_MESSAGE + "..."


def test_other_messages_stay_as_they_are():
    assert Problem(Code.P_IO_ERROR, "a" * MAX_MESSAGE, hint="b").message == "a" * MAX_MESSAGE
