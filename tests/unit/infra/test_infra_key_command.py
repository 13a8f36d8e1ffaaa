"""`isocentre key`: for people, so nothing is overwritten, nothing shown and nothing done unseen."""

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from infra.cli import main
from shared.dicom.identity import Pseudonyms
from shared.dicom.keys import KeyRing

SITES = """
sites: [{code: site-a, project: demo, default_issuer: H1}]
"""
CANDIDATES = "site,patient_id\nsite-a,SECRET-4711\nsite-a,SECRET-4712\n"


class Desk:
    """A folder with a ring, a sites file and candidates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = folder / "project-key"
        self.audit = folder / "project-key.audit.jsonl"
        (folder / "sites.yaml").write_text(SITES)
        (folder / "candidates.csv").write_text(CANDIDATES)

    def run(self, *arguments: object) -> Result:
        return CliRunner().invoke(main, ["key", *(str(argument) for argument in arguments)], env={"HOME": "/"})

    def new(self, *options: object) -> KeyRing:
        assert self.run("new", "--key", self.key, "--project", "demo", *options).exit_code == 0
        return self.ring

    @property
    def ring(self) -> KeyRing:
        return KeyRing.parse(self.key.read_text())

    def code(self, patient_id: str) -> str:
        return Pseudonyms.of(self.ring).patient_code("site-a", "H1", patient_id, "").code

    def match(self, *arguments: object) -> Result:
        told = ("--sites", self.folder / "sites.yaml", "--candidates", self.folder / "candidates.csv")
        return self.run("match", *told, *arguments)

    def split(self) -> tuple[Path, Path]:
        halves = self.folder / "one", self.folder / "other"
        done = self.run("split", "--key", self.key, "--holder", "first", "--holder", "second", *halves)
        assert done.exit_code == 0, done.output
        return halves

    def audited(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.audit.read_text().splitlines()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_a_new_ring_is_closed_and_never_overwrites(desk: Desk) -> None:
    ring = desk.new()
    assert (ring.project, ring.match_requires, mode(desk.key)) == ("demo", 1, 0o600)
    again = desk.run("new", "--key", desk.key, "--project", "demo")
    assert again.exit_code == 1
    assert "is not overwritten" in again.output
    assert desk.ring == ring


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_the_list_shows_ids_and_states_and_no_secret(desk: Desk, options: tuple[str, ...]) -> None:
    ring = desk.new().rotated()
    desk.key.write_text(ring.dumps())
    shown = desk.run("list", "--key", desk.key, *options).output
    for one, state in zip(ring.keys, ("retired", "active"), strict=True):
        assert one.id in shown
        assert state in shown
        assert one.secret.hex() not in shown
    assert ring.node.hex() not in shown


def test_the_list_knows_old_files(desk: Desk) -> None:
    desk.key.write_text(bytes(range(32)).hex())
    desk.key.chmod(0o600)
    assert "856ab66f" in desk.run("list", "--key", desk.key).output


def test_a_rotation_has_to_be_meant(desk: Desk) -> None:
    ring = desk.new()
    refused = desk.run("rotate", "--key", desk.key)
    assert refused.exit_code == 2
    assert "every patient gets another code" in refused.output
    assert desk.ring == ring


def test_a_rotation_adds_one_active_key_and_says_what_is_next(desk: Desk) -> None:
    before = desk.new()
    done = desk.run("rotate", "--key", desk.key, "--patients-get-new-codes")
    assert done.exit_code == 0
    assert desk.ring.keys[0].id == before.active.id
    assert desk.ring.keys[0].retired is not None
    assert (desk.ring.node, len(desk.ring.keys), mode(desk.key)) == (before.node, 2, 0o600)
    assert "restart every anonymiser" in done.output
    assert desk.ring.active.secret.hex() not in done.output


def test_an_old_file_can_be_rotated_and_keeps_our_own_ids(desk: Desk) -> None:
    desk.key.write_text(bytes(range(32)).hex())
    desk.key.chmod(0o600)
    assert desk.run("rotate", "--key", desk.key, "--patients-get-new-codes").exit_code == 0
    assert Pseudonyms.of(desk.ring).arrival("s1", "00") == Pseudonyms(bytes(range(32))).arrival("s1", "00")


def test_an_open_key_is_refused(desk: Desk) -> None:
    desk.new()
    desk.key.chmod(0o644)
    for command in ("list", "rotate"):
        options = ("--patients-get-new-codes",) if command == "rotate" else ()
        refused = desk.run(command, "--key", desk.key, *options)
        assert refused.exit_code == 1
        assert "chmod 600" in refused.output


def test_two_halves_make_the_ring_again(desk: Desk) -> None:
    ring = desk.new()
    halves = desk.split()
    assert {mode(half) for half in halves} == {0o600}
    restored = desk.folder / "restored"
    assert desk.run("join", *halves, "--key", restored).exit_code == 0
    assert KeyRing.parse(restored.read_text()) == ring
    assert desk.run("join", halves[0], halves[0], "--key", desk.folder / "x").exit_code == 1


# --- match


def test_matching_shows_the_candidate_and_notes_the_act_but_not_whom(desk: Desk) -> None:
    desk.new()
    pseudonym = desk.code("SECRET-4711")
    found = desk.match("--key", desk.key, "--reason", "withdrawal 12", pseudonym)
    assert found.exit_code == 0, found.output
    assert f"{pseudonym},{desk.ring.active.id},site-a,,SECRET-4711," in found.stdout
    assert "SECRET-4712" not in found.output
    (entry,) = desk.audited()
    assert (entry["what"], entry["reason"], entry["keys"]) == ("match", "withdrawal 12", [desk.ring.active.id])
    assert (entry["pseudonyms"], entry["candidates"], entry["found"]) == (1, 2, 1)
    assert entry["who"]
    assert str(entry["when"]).endswith("Z")
    assert mode(desk.audit) == 0o600
    for value in ("SECRET", pseudonym):
        assert value not in desk.audit.read_text()


def test_each_use_adds_a_line(desk: Desk) -> None:
    desk.new()
    for number in range(3):
        desk.match("--key", desk.key, "--reason", str(number), desk.code("nobody"))
    assert [(entry["reason"], entry["found"]) for entry in desk.audited()] == [("0", 0), ("1", 0), ("2", 0)]


@pytest.mark.parametrize("broken", ["folder", "open"])
def test_what_cannot_be_noted_is_not_shown(desk: Desk, broken: str) -> None:
    desk.new()
    if broken == "folder":
        desk.audit.mkdir()
    else:
        desk.audit.touch(0o644)
        desk.audit.chmod(0o644)
    refused = desk.match("--key", desk.key, "--reason", "r", desk.code("SECRET-4711"))
    assert refused.exit_code == 1
    assert "SECRET" not in refused.output


def test_a_reason_is_asked_for(desk: Desk) -> None:
    desk.new()
    assert desk.match("--key", desk.key, desk.code("SECRET-4711")).exit_code == 2


def test_matches_can_go_to_a_closed_file(desk: Desk) -> None:
    desk.new()
    output = desk.folder / "matches.csv"
    (desk.folder / "asked").write_text(desk.code("SECRET-4711") + "\n")
    told = ("--key", desk.key, "--reason", "r", "--pseudonyms", desk.folder / "asked", "--output", output)
    assert "SECRET" not in desk.match(*told).output
    assert "SECRET-4711" in output.read_text()
    assert mode(output) == 0o600
    assert desk.match(*told).exit_code == 1


def test_a_ring_for_two_persons_takes_both_halves(desk: Desk) -> None:
    desk.new("--two-persons")
    halves, pseudonym = desk.split(), desk.code("SECRET-4711")
    alone = desk.match("--key", desk.key, "--reason", "r", pseudonym)
    assert alone.exit_code == 1
    assert "takes two persons" in alone.output
    assert "SECRET" not in alone.output
    shares = ("--share", halves[0], "--share", halves[1])
    both = desk.match(*shares, "--audit", desk.audit, "--reason", "r", pseudonym)
    assert "SECRET-4711" in both.stdout
    refused, done = desk.audited()
    assert (refused["what"], refused["persons"]) == ("match-refused", 1)
    assert (done["what"], done["holders"]) == ("match", ["first", "second"])


def test_one_half_alone_is_no_use(desk: Desk) -> None:
    desk.new("--two-persons")
    one, _ = desk.split()
    for shares in (("--share", one), ("--share", one, "--share", one)):
        refused = desk.match(*shares, "--audit", desk.audit, "--reason", "r", desk.code("SECRET-4711"))
        assert refused.exit_code in (1, 2)
        assert "SECRET" not in refused.output


def test_another_project_s_ring_is_refused(desk: Desk) -> None:
    desk.run("new", "--key", desk.key, "--project", "other")
    refused = desk.match("--key", desk.key, "--reason", "r", desk.code("SECRET-4711"))
    assert refused.exit_code == 1
    assert "belongs to project other" in refused.output
