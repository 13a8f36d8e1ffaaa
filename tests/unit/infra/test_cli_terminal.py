"""What all commands do alike: print as given, fail with a status and one line."""

import pytest

from infra.cli.terminal import BAD_USAGE, PLAIN_WIDTH, columns, console, fail, refuse


def test_a_failure_is_one_line_on_standard_error_and_its_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        fail("nothing is known", 3)
    assert ended.value.code == 3
    assert capsys.readouterr() == ("", "Error: nothing is known\n")


def test_a_refusal_ends_as_bad_usage_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        refuse("say which")
    assert ended.value.code == BAD_USAGE == 2
    assert capsys.readouterr().err == "Error: say which\n"


def test_what_looks_like_markup_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("[red](0010,0010)[/red] [1]")
    assert capsys.readouterr().out == "[red](0010,0010)[/red] [1]\n"


@pytest.mark.parametrize("given", [None, 40])
def test_without_a_terminal_lines_have_the_width_that_is_asked_for(
    given: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = PLAIN_WIDTH if given is None else given
    (console() if given is None else console(given)).print("x" * (wide + 1))
    assert [len(line) for line in capsys.readouterr().out.splitlines()] == [wide, 1]


def test_columns_are_not_folded(capsys: pytest.CaptureFixture[str]) -> None:
    table = columns("process", "address")
    address = "http://127.0.0.1:9092/" + "path/" * 20
    table.add_row("log", address)
    console().print(table)
    title, row = capsys.readouterr().out.splitlines()
    assert title.split() == ["process", "address"]
    assert row.split() == ["log", address]
