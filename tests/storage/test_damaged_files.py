"""A damaged data file is refused in words, or holds what it held: it never ends a process, and never gives other data."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskactors.storage.engine import Unit
from taskactors.storage.on_lmdb import DATA_FILE, open_lmdb
from taskactors.storage.verification import verify
from tests.storage.damage import (
    COMMITS_SINCE_OLDER,
    PAGE,
    Outcome,
    Readers,
    Specimen,
    changed_pages,
    damaged,
    grow_specimen,
    lay_out,
    read_with_lmdb_alone,
    read_with_us,
)
from tests.storage.engines import put, write

VARIANTS = 500
IN_ONE_TEST = 125
"""So that several processes can share the work."""

LONG_VARIANTS = 10_000
CONTROLS = 200

SEEDS = [range(start, start + IN_ONE_TEST) for start in range(0, VARIANTS, IN_ONE_TEST)]


@pytest.fixture(scope="module")
def specimen(tmp_path_factory: pytest.TempPathFactory) -> Specimen:
    return grow_specimen(tmp_path_factory.mktemp("specimen") / "store")


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    readers = Readers(read_with_us)
    yield readers
    readers.close()


def open_each(seeds: range, specimen: Specimen, mark: bytes | None, readers: Readers, folder: Path) -> Counter[str]:
    """Open every damaged file; answers with how many of each kind of damage were refused."""
    whole = readers.open(lay_out(folder, specimen.newer, mark))
    assert whole.kind == "read", whole
    refused: Counter[str] = Counter()
    for seed in seeds:
        kind, data = damaged(specimen, seed)
        outcome = readers.open(lay_out(folder, data, mark))
        if outcome == whole:
            continue
        assert outcome.kind == "refused", f"seed {seed}, {kind}: {outcome}"
        assert outcome.detail.startswith(f"Damaged: {folder}")
        assert "put back a copy of its data folder" in outcome.detail
        refused[kind] += 1
    return refused


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
@pytest.mark.parametrize("marked", [False, True], ids=["unclean stop", "clean stop"])
def test_a_damaged_file_is_refused_or_unharmed(specimen: Specimen, readers: Readers, marked: bool, seeds: range, tmp_path: Path) -> None:
    refused = open_each(seeds, specimen, specimen.mark if marked else None, readers, tmp_path / "store")
    assert set(refused) == {"bit", "meta bit", "sector", "truncated", "older page", "older meta"}


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ten_thousand_damaged_files_are_refused_or_unharmed(specimen: Specimen, readers: Readers, tmp_path: Path) -> None:
    assert open_each(range(LONG_VARIANTS), specimen, None, readers, tmp_path / "store")


def test_control_without_our_checks_damage_kills_the_reader_or_gives_other_data_unseen(specimen: Specimen, tmp_path: Path) -> None:
    alone = Readers(read_with_lmdb_alone)
    whole = alone.open(lay_out(tmp_path / "store", specimen.newer, None))
    became: Counter[str] = Counter()
    for seed in range(CONTROLS):
        outcome = alone.open(lay_out(tmp_path / "store", damaged(specimen, seed)[1], None))
        became["other data" if outcome.kind == "read" and outcome != whole else outcome.kind] += 1
    alone.close()
    assert became["signal"] > 0
    assert became["other data"] > CONTROLS / 10


def test_a_file_cut_anywhere_near_its_end_is_refused_or_unharmed(specimen: Specimen, readers: Readers, tmp_path: Path) -> None:
    """At whole pages too, where LMDB's own verifier has missed a page that a long value goes on in."""
    whole = readers.open(lay_out(tmp_path / "store", specimen.newer, None))
    for pages in range(1, 40):
        outcome = readers.open(lay_out(tmp_path / "store", specimen.newer[: -pages * PAGE], None))
        assert outcome.kind == "refused" or outcome == whole, f"{pages} pages less: {outcome}"


def grown(folder: Path, *batches: Unit) -> list[bytes]:
    """The data file after each of these batches."""
    engine = open_lmdb(folder)
    files = []
    for unit in batches:
        write(engine, unit)
        files.append((folder / DATA_FILE).read_bytes())
    engine.close()
    return files


def test_a_long_value_that_lost_its_last_page_is_found_by_the_process_that_it_ends(readers: Readers, tmp_path: Path) -> None:
    # Small ones first: they leave single pages free for everything else, so that the long one alone is at the end.
    *_, data = grown(tmp_path / "made", *(put(b"a", b"%d" % number) for number in range(6)), put(b"long", bytes(3 * PAGE)))
    outcome = readers.open(lay_out(tmp_path / "store", data[:-PAGE], None))
    assert outcome.kind == "refused"
    assert "reading it ends a process with SIGBUS" in outcome.detail


def test_an_older_page_whose_structure_and_checksums_all_fit_is_found_by_the_tally(readers: Readers, tmp_path: Path) -> None:
    # A value with a page of its own, over and over: its pages are used again in turn, each time by the same key.
    *_, older, _, _, newer = grown(tmp_path / "made", *(put(b"a", bytes([number]) * 3000) for number in range(12)))
    outcomes = []
    for start in range(2 * PAGE, len(older), PAGE):
        data = newer[:start] + older[start : start + PAGE] + newer[start + PAGE :]
        outcomes.append(readers.open(lay_out(tmp_path / "store", data, None)))
    whole = readers.open(lay_out(tmp_path / "store", newer, None))
    assert all(outcome.kind == "refused" or outcome == whole for outcome in outcomes)
    assert any("not all of the same moment" in outcome.detail for outcome in outcomes)


@pytest.mark.parametrize("page", [0, 1])
@pytest.mark.parametrize(
    ("at", "what"),
    [
        (24, "an address to be mapped at"),
        (44, "a flag that has it mapped there"),
        (10, "a flag of another kind of page"),
        (92, "other keys"),
    ],
)
def test_a_meta_page_with_what_lmdb_never_wrote_is_refused_before_lmdb_sees_it(
    specimen: Specimen, readers: Readers, tmp_path: Path, page: int, at: int, what: str
) -> None:
    data = bytearray(specimen.newer)
    data[page * PAGE + at] |= 1
    outcome = readers.open(lay_out(tmp_path / "store", bytes(data), None))
    assert outcome.kind == "refused", what
    assert f"meta page {page} is not as LMDB writes it" in outcome.detail


def test_a_meta_page_that_takes_the_last_commit_back_is_found(specimen: Specimen, readers: Readers, tmp_path: Path) -> None:
    """The older page's transaction number made two larger: then it is the newer one, and they still follow each other."""
    transaction_at = 144
    numbers = [int.from_bytes(specimen.newer[page * PAGE + transaction_at :][:8], "little") for page in (0, 1)]
    older = numbers.index(min(numbers))
    data = bytearray(specimen.newer)
    data[older * PAGE + transaction_at : older * PAGE + transaction_at + 8] = (numbers[older] + 2).to_bytes(8, "little")
    outcome = readers.open(lay_out(tmp_path / "store", bytes(data), None))
    assert outcome.kind == "refused"
    assert "its head is of commit" in outcome.detail


@pytest.mark.parametrize("marked", [False, True])
def test_the_whole_file_of_an_earlier_day_is_no_damage_but_not_taken_for_the_one_that_was_closed(
    specimen: Specimen, readers: Readers, tmp_path: Path, marked: bool
) -> None:
    outcome = readers.open(lay_out(tmp_path / "store", specimen.older, specimen.mark if marked else None))
    assert outcome.kind == ("refused" if marked else "read")
    if marked:
        assert f"if you put it there on purpose, delete {tmp_path / 'store' / 'clean'}" in outcome.detail


def test_verify_names_the_damage_and_changes_nothing(specimen: Specimen, tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "store", specimen.newer, None)
    assert verify(folder) == []
    (folder / DATA_FILE).write_bytes(specimen.newer.replace(b"t/00001", b"t/00000"))
    before = (folder / DATA_FILE).read_bytes()
    assert verify(folder) != []
    assert (folder / DATA_FILE).read_bytes() == before
    assert sorted(each.name for each in folder.iterdir()) == [DATA_FILE]


def test_the_specimen_has_what_the_damage_needs(specimen: Specimen) -> None:
    assert len(changed_pages(specimen)) > COMMITS_SINCE_OLDER
    assert Outcome("read", "x") != Outcome("read", "y")
