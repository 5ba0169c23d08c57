"""Messages: on a task or to somebody, who may read them, in what order, a page at a time."""

import pytest

from taskactors.domain.errors import InvalidArguments, NotAllowed, NotFound
from taskactors.domain.moments import text_of

from .board import NOW, Answer, Board, Seat


def texts(answer: Answer) -> list[str]:
    return [each["content"] for each in answer["items"]]


def say(seat: Seat, content: str, **given: object) -> Answer:
    return seat.call("create_task_message", **({"task_code": "T-1", "content": content, "message_type": "comment"} | given))


def test_what_is_written_on_a_task_is_the_teams_to_read_newest_first(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("T-1")
    first = say(ada, "one")
    board.later(1)
    say(bob, "two", message_type="question", reply_to_message_id=first["id"])
    answer = board.as_agent("eve").get_task_messages(task_code="t-1")
    assert texts(answer) == ["two", "one"]
    newest, oldest = answer["items"]
    assert (oldest["author_agent_name"], oldest["task_code"], oldest["target_agent_name"]) == ("ada", "T-1", None)
    assert (oldest["created_at"], oldest["reply_to_message_id"]) == (text_of(NOW), None)
    assert (newest["author_agent_name"], newest["message_type"], newest["reply_to_message_id"]) == ("bob", "question", first["id"])


def test_a_task_without_messages_has_an_empty_list(ada: Seat) -> None:
    ada.task("T-1")
    assert ada.get_task_messages(task_code="T-1") == {"items": []}


def test_every_filter_filters_and_together_they_narrow(ada: Seat, bob: Seat) -> None:
    ada.task("T-1")
    bob.register_agent(agent_name="bob", agent_type="dev", capabilities=[])
    first = say(ada, "one", message_type="question", target_agent_name="bob")["id"]
    say(bob, "two", message_type="solution", target_agent_name="ada", reply_to_message_id=first)
    say(bob, "three", message_type="solution", target_agent_name="role:qa")

    def found(**filters: object) -> list[str]:
        return texts(ada.call("get_task_messages", task_code="T-1", **filters))

    assert found(author_agent_name="bob") == ["three", "two"]
    assert found(author="ada") == ["one"]
    assert found(target_agent_name="role:qa") == ["three"]
    assert found(message_type="solution") == ["three", "two"]
    assert found(reply_to_message_id=first) == ["two"]
    assert found(author_agent_name="bob", target_agent_name="ada", message_type="solution") == ["two"]
    assert found(author_agent_name="ada", message_type="solution") == []


def test_pages_of_messages_have_no_gap_and_no_double_even_when_more_come(ada: Seat) -> None:
    ada.task("T-1")
    ada.task("T-2")
    for number in range(7):
        say(ada, str(number))
        say(ada, "elsewhere", task_code="T-2")
    seen: list[str] = []
    answer = ada.get_task_messages(task_code="T-1", limit=3)
    while True:
        seen += texts(answer)
        if "next_cursor" not in answer:
            break
        say(ada, "late")
        answer = ada.get_task_messages(task_code="T-1", limit=3, cursor=answer["next_cursor"])
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


@pytest.mark.parametrize("cursor", ["x", "m", "m-1", "m1x", "t5", "m٣", "m" + "9" * 19])
def test_a_cursor_that_was_never_given_is_refused(ada: Seat, cursor: str) -> None:
    ada.task("T-1")
    with pytest.raises(InvalidArguments) as no:
        ada.get_task_messages(task_code="T-1", cursor=cursor)
    assert no.value.problems[0].startswith("cursor: ")


def test_a_direct_message_is_for_the_two_of_them_and_for_people_only(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    bob.task("T-1")
    ada.send_message(to="bob", content="between us", code="T-1")
    eve = board.as_agent("eve")
    for seat, sees in ((ada, True), (bob, True), (person, True), (eve, False), (board.as_coordinator("lead"), False)):
        assert bool(texts(seat.get_task_messages(task_code="T-1"))) == sees


def test_nobody_learns_of_a_direct_message_by_answering_it(board: Board, ada: Seat, bob: Seat) -> None:
    bob.task("T-1")
    secret = ada.send_message(to="bob", content="between us")["id"]
    eve = board.as_agent("eve")
    for number in (secret, secret + 1):
        with pytest.raises(NotFound) as no:
            eve.send_message(to="bob", content="what?", reply_to=number)
        assert no.value.kind == "message"
    assert bob.send_message(to="ada", content="yes", reply_to=secret)["reply_to_message_id"] == secret


def test_the_text_of_a_message_is_in_no_event(board: Board, ada: Seat, bob: Seat) -> None:
    bob.task("T-1")
    ada.send_message(to="bob", content="a secret", code="T-1")
    say(ada, "a secret")
    assert "secret" not in str(board.events())
    assert [event.data.get("direct") for event in board.events() if event.kind == "message_sent"] == [True, None]


@pytest.mark.parametrize("to", ["role:boss", "role:", "a:b", "Bob", "two words", "team", "server", "ALL"])
def test_an_address_that_reaches_nobody_is_refused(board: Board, ada: Seat, to: str) -> None:
    ada.task("T-1")
    before = board.events()
    for tool, arguments in (("send_message", {"to": to}), ("create_task_message", {"target_agent_name": to, "task_code": "T-1"})):
        with pytest.raises(InvalidArguments):
            ada.call(tool, content="hello", message_type="comment", **arguments)
    assert board.events() == before


def test_whoever_is_written_to_for_the_first_time_joins_and_finds_it(board: Board, ada: Seat) -> None:
    ada.send_message(to="zoe", content="welcome")
    assert board.agent("zoe").provisional
    assert texts(board.as_agent("zoe").read_inbox()) == ["welcome"]


@pytest.mark.parametrize(
    ("field", "value"), [("content", ""), ("content", "  "), ("message_type", ""), ("importance", "vital"), ("subject", "x")]
)
def test_a_message_that_says_nothing_or_too_much_is_refused(board: Board, ada: Seat, field: str, value: str) -> None:
    with pytest.raises(InvalidArguments) as no:
        ada.call("send_message", **({"to": "all", "content": "hello"} | {field: value}))
    assert no.value.problems[0].startswith(f"{field}: ")


def test_a_message_is_taken_up_to_its_whole_length_and_in_any_language(ada: Seat) -> None:
    text = "🦉" * 20_000
    assert ada.send_message(to="all", content=text)["content"] == text
    with pytest.raises(InvalidArguments):
        ada.send_message(to="all", content=text + "!")


def test_only_people_write_on_a_roles_behalf(ada: Seat, person: Seat) -> None:
    with pytest.raises(NotAllowed):
        ada.send_message(to="all", content="hello", from_role="backend")
    answer = person.send_message(to="role:qa", content="schema is ready", from_role="backend")
    assert (answer["author_agent_name"], answer["by"]) == ("role:backend", "local")


def test_a_message_in_another_name_says_who_really_wrote(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    answer = say(board.as_person(acting_for="ada"), "from me")
    assert (answer["author_agent_name"], answer["by"]) == ("ada", "local")


def test_importance_is_shown_when_it_is_not_usual(ada: Seat) -> None:
    assert ada.send_message(to="all", content="fire", importance="urgent")["importance"] == "urgent"
    assert "importance" not in ada.send_message(to="all", content="hello")


def test_a_message_can_be_written_on_a_task_that_is_over(ada: Seat) -> None:
    ada.held("T-1")
    ada.move("T-1", "Done", "Archived")
    say(ada, "for the record")
    assert texts(ada.get_task_messages(task_code="T-1")) == ["for the record"]
