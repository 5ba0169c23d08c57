"""A plan file is read whole or refused whole, and whoever wrote it hears every problem at once, each with its line."""

from pathlib import Path

import pytest

from taskactors.demo.example import example_plan
from taskactors.demo.plan import Handover, Plan
from taskactors.demo.plan_file import TASKS_LIMIT, BadPlan, read_plan
from taskactors.domain.agent import ROLES
from taskactors.domain.failing import Failure

TASK = '[[task]]\ncode = "{code}"\nname = "n"\ndescription = "d"\n'


def plan(tmp_path: Path, text: str) -> Plan:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    return read_plan(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(BadPlan) as bad:
        plan(tmp_path, text)
    return [str(problem) for problem in bad.value.problems]


def test_the_example_has_everything_that_can_happen_to_a_team() -> None:
    example = read_plan(example_plan())
    assert {member.role for member in example.team} == set(ROLES)
    tasks = example.tasks
    assert any(task.questions for task in tasks)
    assert any(task.blocked for task in tasks)
    assert any(task.fails for task in tasks)
    assert any(task.crash for task in tasks)
    assert any(task.sent_back for task in tasks)
    assert any(task.archive for task in tasks)
    assert any(task.depends_on for task in tasks)
    assert any(task.put_aside for task in tasks)
    assert any(task.handoff for task in tasks)
    assert sum(bool(task.files) for task in tasks) == 2


def test_what_a_plan_leaves_out_is_as_usual(tmp_path: Path) -> None:
    (task,) = plan(tmp_path, 'title = "t"\n' + TASK.format(code="A-1")).tasks
    assert (task.role, task.capabilities, task.depends_on, task.requires_review, task.fails, task.crash) == (
        None,
        (),
        (),
        False,
        None,
        None,
    )


def test_tasks_come_after_those_that_they_depend_on_and_otherwise_as_written(tmp_path: Path) -> None:
    text = 'title = "t"\n' + TASK.format(code="C-1") + 'depends_on = ["B-1"]\n' + TASK.format(code="A-1") + TASK.format(code="B-1")
    assert [task.code for task in plan(tmp_path, text).tasks] == ["A-1", "B-1", "C-1"]


def test_everything_about_a_task_is_read(tmp_path: Path) -> None:
    text = (
        'title = "t"\n[team]\nqa = ["x"]\nbackend = ["x"]\n'
        + TASK.format(code="A-1")
        + 'capabilities = ["x"]\nfails = "transient"\ncrash = "qa"\nrequires_review = true\nsent_back = "why"\n'
        + '[[task.questions]]\nto = "docs"\nquestion = "q"\nanswer = "a"\n[task.blocked]\nto = "docs"\nreason = "r"\nanswer = "b"\n'
    )
    (task,) = plan(tmp_path, text).tasks
    assert (task.fails, task.crash, task.sent_back, task.attempts_before_failure) == (Failure.TRANSIENT, "qa", "why", 1)
    assert [(each.to, each.question, each.answer) for each in task.questions] == [("docs", "q", "a")]
    assert task.blocked is not None
    assert task.blocked.question == "r"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a plan has at least one [[task]]"),
        ('title = "t"', "a plan has at least one [[task]]"),
        ('title = "t"\ntask = 5', "a plan has at least one [[task]]"),
        ("title = ", "is not TOML"),
        (TASK.format(code="A-1"), "title"),
        ('title = "t"\n' + TASK.format(code="A"), "line 3: task A: code: needs a number"),
        ('title = "t"\n' + TASK.format(code="A-1") + "colour = 1", "line 6: task A-1: colour: there is no such key"),
        ('title = "t"\n' + TASK.format(code="A-1") + 'role = "boss"', "line 6: task A-1: role"),
        ('title = "t"\n' + TASK.format(code="A-1") * 2, "line 7: task A-1: code: there is another task A-1"),
        ('title = "t"\n' + TASK.format(code="A-1") + TASK.format(code="a-1"), "there is another task a-1"),
        ('title = "t"\n' + TASK.format(code="A-1") + 'depends_on = ["B-1"]', "line 6: task A-1: depends_on: there is no task B-1"),
        ('title = "t"\n' + TASK.format(code="A-1") + 'depends_on = ["A-1"]', "the tasks wait for each other: A-1 → A-1"),
        ('title = "t"\n[team]\nboss = []\n' + TASK.format(code="A-1"), "line 3: team: boss: there is no such role"),
        ('title = "t"\n' + TASK.format(code="A-1") + 'fails = "badly"', "line 6: task A-1: fails"),
        ('title = "t"\n' + TASK.format(code="A-1") + 'sent_back = "x"', "only a review sends a task back"),
        ('title = "t"\n' + TASK.format(code="A-1") + 'role = "qa"\ncrash = "docs"', "docs cannot be killed while it works on it"),
        ('title = "t"\n' + TASK.format(code="A-1") + 'role = "qa"\ncrash = "qa"', "nobody but qa can take it over"),
        ('title = "t"\n' + TASK.format(code="A-1") + "questions = 1", "questions: write each as a table of its own"),
        ('title = "t"\n' + TASK.format(code="A-1") + '[[task.questions]]\nto = "qa"', "line 6: task A-1: questions: question"),
        (
            'title = "t"\n' + TASK.format(code="A-1") + '[[task.questions]]\nto = "qa"\nquestion = "?"\nanswer = "!"',
            "qa may be the one who works on it; ask another role",
        ),
        ('title = "t"\n' + "".join(TASK.format(code=f"A-{n}") for n in range(TASKS_LIMIT + 1)), f"at most {TASKS_LIMIT}"),
    ],
)
def test_what_is_no_plan_is_refused_with_what_is_wrong_and_where(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in problem for problem in problems(tmp_path, text)), problems(tmp_path, text)


def test_every_problem_is_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    said = problems(tmp_path, 'title = "t"\n' + TASK.format(code="A") + "colour = 1\n" + TASK.format(code="B-1") + 'role = "boss"\n')
    assert [line.partition(":")[0] for line in said] == ["line 3", "line 6", "line 11"]


def test_a_long_text_is_not_mistaken_for_keys(tmp_path: Path) -> None:
    text = 'title = "t"\n[[task]]\ncode = "A-1"\nname = "n"\ndescription = """\nrole = "boss"\n[[task]]\n"""\nrole = "chief"\n'
    assert [line.partition(":")[0] for line in problems(tmp_path, text)] == ["line 9"]


def test_a_circle_of_tasks_is_shown_whole(tmp_path: Path) -> None:
    text = 'title = "t"\n' + "".join(TASK.format(code=f"A-{n}") + f'depends_on = ["A-{(n + 1) % 3}"]\n' for n in range(3))
    (problem,) = problems(tmp_path, text)
    assert "A-0 → A-1 → A-2 → A-0" in problem


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPlan, match="No such file"):
        read_plan(tmp_path / "none.toml")
    with pytest.raises(BadPlan, match="cannot be read"):
        read_plan(tmp_path)
    (tmp_path / "bad.toml").write_bytes(b"title = \xff")
    with pytest.raises(BadPlan, match="UTF-8"):
        read_plan(tmp_path / "bad.toml")


def test_a_handover_the_files_and_a_decision_are_read(tmp_path: Path) -> None:
    happens = 'role = "backend"\nfiles = ["src/**"]\nput_aside = "do half of it"\n'
    more = happens + '[task.handoff]\nto = "qa"\nsummary = "half is done"\nnext_steps = "the rest"\n'
    (task,) = plan(tmp_path, 'title = "t"\n' + TASK.format(code="A-1") + more).tasks
    assert (task.files, task.put_aside, task.handoff) == (("src/**",), "do half of it", Handover("qa", "half is done", "the rest"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('files = ["/etc/passwd"]\n', "files"),
        ('fails = "transient"\nput_aside = "no"\n', "leave out what else goes wrong"),
        ('[task.handoff]\nto = "qa"\nsummary = "s"\n', "qa may be the one who works on it first"),
        ('role = "backend"\ncapabilities = ["x"]\n[task.handoff]\nto = "qa"\nsummary = "s"\n', "it needs x"),
        ('role = "backend"\n[task.handoff]\nto = "boss"\nsummary = "s"\n', "to"),
        ('handoff = "qa"\n', "must be a table"),
        ('[task.handoff]\nsummary = "s"\nwhy = 1\n', "handoff: to: is required"),
        ('[task.handoff]\nto = "qa"\nwhy = 1\n', "handoff: why: there is no such key"),
    ],
)
def test_what_cannot_happen_to_a_task_is_refused(tmp_path: Path, more: str, said: str) -> None:
    found = problems(tmp_path, 'title = "t"\n[team]\nbackend = ["x"]\n' + TASK.format(code="A-1") + more)
    assert any(said in each for each in found), found
