"""The soak's table: each third of it, and what came after it in turns with a new server."""

from pathlib import Path

from bench.soak import Slice, Soaked, kept_in, summary


def stretch(minute: float, us_per_call: float, file_mib: float) -> Slice:
    return Slice(minute, 1 << 20, 1.0, 2.0, us_per_call, 80 << 10, file_mib, 0.0)


def rows(text: str) -> dict[str, list[str]]:
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    return {first: rest for first, *rest in cells}


def test_the_thirds_and_each_that_came_after_have_a_row_of_their_own() -> None:
    slices = [stretch(number / 2, 100.0 + number, 10.0 * number) for number in range(6)]
    found = rows(summary(Soaked(slices, [stretch(4, 300, 60)], [stretch(4, 200, 1)], [stretch(5, 301, 61)], [stretch(5, 201, 2)])))
    assert len(found) == 7
    assert [row[3] for row in found.values()] == ["100.5", "102.5", "104.5", "300.0", "200.0", "301.0", "201.0"]
    # What the file has grown by between the first slice and the last, to the calls in between.
    assert [found[each][6] for each in ("first third", "second", "last")] == ["10.0"] * 3


def test_without_a_soak_there_is_no_table(tmp_path: Path) -> None:
    assert kept_in(tmp_path / "soak.json") == ""
