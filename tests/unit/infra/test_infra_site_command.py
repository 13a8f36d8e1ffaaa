"""`isocentre site` and `isocentre ca`: what is written can be used, and the rest of the file stays as it was."""

import json
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from infra.cli import main
from infra.sites import editing
from services.receiver import tls
from services.receiver.crew.desk import Desk
from services.receiver.crew.listening import Listening
from services.receiver.edge import Edge
from services.receiver.handler import Answer
from services.receiver.intake import Intake
from services.receiver.tls import Files, Identity
from services.receiver.upper.budget import Budget
from services.receiver.upper.disk import Disk
from services.receiver.upper.landing import Landing, Spool
from services.receiver.visits import Visits
from shared.misconfigured import Misconfigured
from shared.sites import Sites, read_sites
from shared.sites.proofs import is_passcode, token_digest

FILE = """\
# Who may send. Ask Anna before you change anything.
sites:
    - code: site-a   # the first hospital
      project: demo
      calling_ae_titles: [CT1, "0042"]
      called_ae_titles: [ISOCENTRE]
      # their new scanner comes in May
    - {code: site-b, project: demo, calling_ae_titles: [MR1], profile: basic}
aliases_file: aliases.yaml
"""

Run = Callable[..., Result]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sites.yaml"
    path.write_text(FILE)
    path.chmod(0o640)
    return path


@pytest.fixture
def run(file: Path) -> Run:
    def command(group: str, *arguments: object, given: str | None = None) -> Result:
        settings = {"HOME": "/", "ISOCENTRE_SITES_FILE": str(file), "ISOCENTRE_CA_FOLDER": str(file.parent / "ca")}
        return CliRunner().invoke(main, [group, *map(str, arguments)], env=settings, input=given)

    return command


def done(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


# --- changing the file


def test_a_new_site_is_added_and_all_else_stays(run: Run, file: Path) -> None:
    done(run("site", "add", "site-c", "--calling", "NO", "--calling", "0123", "--address", "192.0.2.0/24"))
    text = file.read_text()
    assert text.startswith(FILE[: FILE.index("aliases_file")])
    assert text.endswith("aliases_file: aliases.yaml\n")
    added = read_sites(file).site("site-c")
    assert (added.project, sorted(added.calling_ae_titles), str(added.addresses[0])) == (
        "demo",
        ["0123", "NO"],
        "192.0.2.0/24",
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_comments_stay_where_they_were(run: Run, file: Path) -> None:
    done(run("site", "disable", "site-a"))
    assert [site.enabled for site in read_sites(file).sites] == [False, True]
    assert file.read_text() == FILE.replace("hospital\n", "hospital\n      enabled: false\n")
    done(run("site", "enable", "site-a"))
    done(run("site", "user", "site-a", "anna", "--no-passcode"))
    added = "hospital\n      users:\n        anna:\n      enabled: true\n"
    assert file.read_text() == FILE.replace("hospital\n", added)


def test_all_entries_of_a_site_are_disabled_together(run: Run, file: Path) -> None:
    file.write_text("sites: [{code: a, project: p, calling_ae_titles: [X]}, {code: a, project: p}]\n")
    done(run("site", "disable", "a"))
    assert [site.enabled for site in read_sites(file).sites] == [False, False]
    assert "several entries" in run("site", "token", "a").output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("add", "site-a"), "is there already"),
        (("add", "Not-A-Code"), "code"),
        (("add", "site-c", "--calling", "LONGER_THAN_SIXTEEN"), "calling_ae_titles"),
        (("add", "site-c", "--project", "other"), "one project"),
        (("disable", "site-z"), "there is no site"),
    ],
)
def test_nothing_is_written_that_could_not_be_used(run: Run, file: Path, arguments: tuple[str, ...], says: str) -> None:
    result = run("site", *arguments)
    assert result.exit_code == 1
    assert says in result.output
    assert file.read_text() == FILE
    assert [path.name for path in file.parent.iterdir()] == ["sites.yaml"]


def test_two_do_not_change_it_at_the_same_time(run: Run, file: Path) -> None:
    (file.parent / ".sites.yaml.changing").write_text("")
    assert "is being changed" in run("site", "disable", "site-a").output
    assert file.read_text() == FILE


def test_what_a_link_leads_to_is_changed_and_the_link_stays(run: Run, file: Path) -> None:
    real = file.rename(file.with_name("real.yaml"))
    file.symlink_to(real)
    done(run("site", "disable", "site-b"))
    assert file.is_symlink()
    assert not read_sites(real).site("site-b").enabled


def test_a_file_that_is_wrong_already_is_not_touched(file: Path) -> None:
    file.write_text("sites: []")
    with pytest.raises(Misconfigured, match="at least 1"):
        editing.change(file, lambda entries: None)


def test_passcodes_are_asked_for_and_only_hashes_kept(run: Run, file: Path) -> None:
    done(run("site", "user", "site-a", "Jörg", given="open sesame\nopen sesame\n"))
    done(run("site", "user", "site-a", "yes", "--no-passcode"))
    users = read_sites(file).site("site-a").users
    assert users.keys() == {"Jörg", "yes"}
    assert users["yes"] is None
    assert is_passcode(users["Jörg"] or "", b"open sesame")
    assert "sesame" not in file.read_text()


def test_a_token_is_shown_once_and_only_its_digest_kept(run: Run, file: Path) -> None:
    tokens = [done(run("site", "token", "site-a")).strip() for _ in range(2)]
    assert read_sites(file).site("site-a").tokens == set(map(token_digest, tokens))
    assert all(len(token) >= 40 and token not in file.read_text() for token in tokens)


def test_the_list_shows_no_hashes(run: Run, file: Path) -> None:
    done(run("site", "token", "site-a"))
    done(run("site", "user", "site-a", "anna", given="geheim\ngeheim\n"))
    told = json.loads(done(run("site", "list", "--json")))
    assert [(site["code"], site["users"], site["tokens"]) for site in told] == [
        ("site-a", ["anna"], 1),
        ("site-b", [], 0),
    ]
    table = done(run("site", "list"))
    assert "0042, CT1" in table
    assert "scrypt" not in table + json.dumps(told)


# --- the authority


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_an_authority_issues_for_senders_and_receivers(run: Run, file: Path) -> None:
    done(run("ca", "init"))
    folder = file.parent / "ca"
    done(run("ca", "issue", "scanner"))
    done(run("ca", "issue", "receiver", "--host", "isocentre.example.org", "--host", "192.0.2.1", "--days", 30))
    for name in ("ca", "scanner", "receiver"):
        assert stat.S_IMODE((folder / f"{name}.key").stat().st_mode) == 0o600
    scanner, receiver = certificate(folder / "scanner.pem"), certificate(folder / "receiver.pem")
    scanner.verify_directly_issued_by(certificate(folder / "ca.pem"))
    uses = [list(one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) for one in (scanner, receiver)]
    client, server = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
    assert uses == [[client], [client, server]]
    assert timedelta(397) < scanner.not_valid_after_utc - datetime.now(UTC) < timedelta(399)
    assert timedelta(29) < receiver.not_valid_after_utc - datetime.now(UTC) < timedelta(31)
    shown = json.loads(done(run("ca", "list", "--json")))
    assert [one["name"] for one in shown] == ["ca", "receiver", "scanner"]
    assert "scanner" in done(run("ca", "list"))


def test_what_was_issued_is_never_overwritten(run: Run) -> None:
    done(run("ca", "init"))
    done(run("ca", "issue", "scanner"))
    for arguments in (("init",), ("issue", "scanner")):
        assert "not overwritten" in run("ca", *arguments).output
    for name in ("ca", "../scanner", "a b"):
        assert "a name has" in run("ca", "issue", name).output


def test_without_an_authority_nothing_is_issued(run: Run) -> None:
    assert "isocentre ca init" in run("ca", "issue", "scanner").output


def test_certificates_are_bound_beside_each_other_and_then_replaced(run: Run, file: Path) -> None:
    done(run("ca", "init"))
    first = done(run("ca", "issue", "this-year", "--site", "site-a"))
    second = done(run("ca", "issue", "next-year", "--site", "site-a"))
    bound = read_sites(file).site("site-a").certificates
    assert {text.split("SHA-256 ")[1][:64] for text in (first, second)} == bound
    assert len(bound) == 2
    done(run("site", "certificate", "site-a", file.parent / "ca" / "next-year.pem", "--replace"))
    assert read_sites(file).site("site-a").certificates == {second.split("SHA-256 ")[1][:64]}


# --- trying


class Receiver:
    """The receiver's edge, which reads the sites file for every association."""

    def __init__(self, file: Path) -> None:
        self.read = lambda: read_sites(file)
        landing = partial(Landing, Spool(file.parent, Disk(file.parent, 0)), 2**20, Budget(2**22))
        intake = Intake(lambda arriving, span: Answer(0))
        visits = Visits("association", lambda account: None)
        self.edge = Edge(lambda: self.read(), intake, Desk(4), visits, landing)

    def listen(self, secure: Callable[[], Identity] | None = None) -> None:
        self.listening = Listening("127.0.0.1", 0, partial(self.edge.take, secure=secure))
        self.port = self.listening.port


@pytest.fixture
def receiver(file: Path) -> Iterator[Receiver]:
    made = Receiver(file)
    yield made
    made.listening.close()
    made.edge.visits.drain(1.0)


def test_a_site_that_is_let_in_is_told_so(run: Run, receiver: Receiver) -> None:
    receiver.listen()
    assert "let in, and C-ECHO answered" in done(run("site", "test", "site-a", "--port", receiver.port))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--calling", "WHO"), "1/1/3 (calling AE title not recognised). By the sites file: No site"),
        (("--called", "WHO"), "1/1/3 (calling AE title not recognised). By the sites file: No site"),
    ],
)
def test_a_refusal_is_told_in_words(run: Run, receiver: Receiver, arguments: tuple[str, ...], says: str) -> None:
    receiver.listen()
    result = run("site", "test", "site-a", "--port", receiver.port, *arguments)
    assert result.exit_code == 1
    assert says in " ".join(result.output.split())


def test_a_disabled_site_is_told_what_the_sender_is_not(run: Run, receiver: Receiver) -> None:
    receiver.listen()
    done(run("site", "disable", "site-a"))
    assert "disabled in the sites file" in run("site", "test", "site-a", "--port", receiver.port).output


def test_a_receiver_that_has_not_read_the_file_is_suspected(run: Run, receiver: Receiver, file: Path) -> None:
    old: Sites = read_sites(file)
    receiver.read = lambda: old
    receiver.listen()
    done(run("site", "add", "site-c", "--calling", "NEW", "--called", "ISOCENTRE"))
    assert "has not read this one yet" in run("site", "test", "site-c", "--port", receiver.port).output


def test_nobody_there_is_told(run: Run) -> None:
    result = run("site", "test", "site-a", "--port", 1)
    assert (result.exit_code, "nobody answers at 127.0.0.1:1" in result.output) == (1, True)


def test_tls_with_the_right_and_the_wrong_certificate(run: Run, receiver: Receiver, file: Path) -> None:
    done(run("ca", "init"))
    done(run("ca", "issue", "server", "--host", "127.0.0.1"))
    done(run("ca", "issue", "ours", "--site", "site-a"))
    done(run("ca", "issue", "other"))
    folder = file.parent / "ca"
    identity = tls.followed(Files(folder / "server.pem", folder / "server.key", folder / "ca.pem"))
    receiver.listen(identity.now)

    def attempt(name: str, *more: str, given: str | None = None) -> Result:
        secure = ("--ca", folder / "ca.pem", "--certificate", folder / f"{name}.pem", "--key", folder / f"{name}.key")
        return run("site", "test", "site-a", "--port", receiver.port, *secure, *more, given=given)

    assert "TLSv1.3" in done(attempt("ours"))
    assert "none of those in the sites file" in attempt("other").output
    done(run("site", "user", "site-a", "anna", given="geheim\ngeheim\n"))
    assert "1/2/1 (user identity not accepted)" in attempt("ours").output
    assert "let in" in done(attempt("ours", "--user", "anna", given="geheim\n"))
    assert "wrong passcode" in attempt("ours", "--user", "anna", given="falsch\n").output


def test_a_certificate_of_a_foreign_authority_is_told(run: Run, receiver: Receiver, file: Path) -> None:
    folder = file.parent
    for authority in ("one", "two"):
        done(run("ca", "init", "--folder", folder / authority))
        done(run("ca", "issue", "both", "--host", "127.0.0.1", "--folder", folder / authority))
    identity = tls.followed(Files(folder / "one" / "both.pem", folder / "one" / "both.key", folder / "one" / "ca.pem"))
    receiver.listen(identity.now)
    two = ("--certificate", folder / "two" / "both.pem", "--key", folder / "two" / "both.key")
    result = run("site", "test", "site-a", "--port", receiver.port, "--ca", folder / "one" / "ca.pem", *two)
    assert "does not believe this certificate" in result.output
    result = run("site", "test", "site-a", "--port", receiver.port, "--ca", folder / "two" / "ca.pem", *two)
    assert "the receiver's own certificate is not believed" in result.output
