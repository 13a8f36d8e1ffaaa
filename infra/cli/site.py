"""`isocentre site`: who may send."""

from __future__ import annotations

import json
import secrets
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from infra.ca.certificates import fingerprint_in
from infra.cli.terminal import columns, console, told
from infra.local import stack as local
from infra.local.layout import DEFAULT_HOME
from infra.sites import editing, trying
from infra.sites.trying import NotLetIn, Sender
from shared.dicom.patients import UnknownSite
from shared.dicom.user import User
from shared.misconfigured import Misconfigured
from shared.sites import Site, Sites, read_sites
from shared.sites.proofs import passcode_hash, token_digest

FILE = click.Path(dir_okay=False, path_type=Path)
SITES = "The sites file; that of the local stack, if it is up, unless given."
READ = (
    "The receiver and the anonymiser read it within some seconds; what counts for who is connected, counts next time."
)
TOKEN_BYTES = 32

Command = Callable[..., Any]


def sites_option(command: Command) -> Command:
    """`--sites`, the file."""
    return click.option("--sites", "file", type=FILE, envvar="ISOCENTRE_SITES_FILE", callback=_file, help=SITES)(
        command
    )


def _file(_: click.Context, __: click.Parameter, given: Path | None) -> Path:
    if given is not None:
        return given
    try:
        return local.attach(DEFAULT_HOME).sites_file
    except local.NotUp:
        raise click.UsageError("no local stack is up: name the file with --sites") from None


@click.group()
def site() -> None:
    """Who may send. Changes the sites file, in which comments stay; running services follow it."""


@site.command(epilog=READ)
@sites_option
@click.argument("code")
@click.option("--project", help="That of the other sites unless given.")
@click.option("--calling", "calling_ae_titles", multiple=True, metavar="TITLE", help="AE title of a sender.")
@click.option("--called", "called_ae_titles", multiple=True, metavar="TITLE", help="AE title by which it calls us.")
@click.option("--bulk-called", "bulk_called_ae_titles", multiple=True, metavar="TITLE", help="The same for imports.")
@click.option("--address", "addresses", multiple=True, metavar="NETWORK", help="Where it sends from.")
@click.option("--certificate", type=FILE, multiple=True, help="Client certificate (PEM); TLS is required then.")
@click.option("--profile", help="De-identification profile.")
@click.option("--associations", type=click.IntRange(min=1), help="Open at the same time at most.")
@click.option("--bytes-per-day", type=click.IntRange(min=1), help="Quota.")
@click.option("--sop-class", "sop_classes", multiple=True, metavar="UID", help="Take only this storage class.")
@click.option("--private-sop-class", "private_sop_classes", multiple=True, metavar="UID", help="Take this one too.")
def add(file: Path, code: str, project: str | None, certificate: tuple[Path, ...], **fields: Any) -> None:
    """Add the site CODE. Everything else about it is written with an editor."""
    with told():
        given = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
        given["certificates"] = [fingerprint_in(path) for path in certificate]
        entry = {"project": project or read_sites(file).project, **given}
        editing.change(file, editing.new_entry(code, entry))
    click.echo(f"site {code} is in {file}. {READ}")


@site.command("list")
@sites_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def list_(file: Path, as_json: bool) -> None:
    """Show the sites. No hash of a passcode or a token is shown."""
    with told():
        sites = read_sites(file).sites
    if as_json:
        click.echo(json.dumps([_shown(one) for one in sites], indent=1))
        return
    table = columns("site", "state", "calling", "called", "bulk", "from", "certificates", "users", "tokens", "profile")
    for one in sites:
        table.add_row(*_row(one))
    console().print(table)


@site.command(epilog=READ)
@sites_option
@click.argument("code")
def disable(file: Path, code: str) -> None:
    """Let nobody of the site CODE in any more. Who is connected may finish."""
    with told():
        editing.change(file, editing.on_site(code, editing.put("enabled", False), every=True))
    click.echo(f"site {code} is disabled. {READ}")


@site.command(epilog=READ)
@sites_option
@click.argument("code")
def enable(file: Path, code: str) -> None:
    """Let the site CODE in again."""
    with told():
        editing.change(file, editing.on_site(code, editing.put("enabled", True), every=True))
    click.echo(f"site {code} is enabled. {READ}")


@site.command(epilog=READ)
@sites_option
@click.argument("code")
@click.argument("certificate", type=FILE)
@click.option("--replace", is_flag=True, help="Only this one is good from now on.")
def certificate(file: Path, code: str, certificate: Path, replace: bool) -> None:
    """Bind a client CERTIFICATE (PEM) to the site CODE, beside those that it has: so it can be exchanged in peace."""
    with told():
        bind(file, code, fingerprint_in(certificate), replace=replace)
    click.echo(f"the certificate is bound to site {code}. {READ}")


@site.command(epilog=READ)
@sites_option
@click.argument("code")
@click.argument("name")
@click.option("--no-passcode", is_flag=True, help="The name is enough.")
def user(file: Path, code: str, name: str, no_passcode: bool) -> None:
    """Let the site CODE in as user NAME (PS3.7 D.3.3.7), with TLS only. Asks for the passcode; keeps a hash of it."""
    hashed = (
        None
        if no_passcode
        else passcode_hash(click.prompt("Passcode", hide_input=True, confirmation_prompt=True).encode())
    )
    with told():
        editing.change(file, editing.on_site(code, editing.put_user(name, hashed)))
    click.echo(f"site {code} has the user. {READ}")


@site.command(epilog=READ)
@sites_option
@click.argument("code")
def token(file: Path, code: str) -> None:
    """Make a bearer token with which the site CODE can send by HTTP. It is shown once; the file has its digest only."""
    made = secrets.token_urlsafe(TOKEN_BYTES)
    with told():
        editing.change(file, editing.on_site(code, editing.add_to("tokens", [token_digest(made)])))
    click.echo(made)


@site.command()
@sites_option
@click.argument("code")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where the receiver is.")
@click.option("--port", type=int, help="Its port; that of the local stack unless given.")
@click.option("--calling", help="AE title to call with; the site's first unless given.")
@click.option("--called", help="AE title to call; the site's first unless given.")
@click.option("--ca", type=FILE, help="Use TLS; whom to believe (PEM).")
@click.option("--certificate", type=FILE, help="With TLS: the client certificate (PEM).")
@click.option("--key", type=FILE, help="With TLS: its key (PEM).")
@click.option("--user", "name", help="Say to be this user. Asks for the passcode, unless the file has none.")
def test(
    file: Path,
    code: str,
    host: str,
    port: int | None,
    calling: str | None,
    called: str | None,
    ca: Path | None,
    certificate: Path | None,
    key: Path | None,
    name: str | None,
) -> None:
    """Try from here whether the site CODE is let in (C-ECHO). Says why not, and exits with 1 then."""
    with told():
        sites = read_sites(file)
        entry = _entry(sites, code)
        secure, shown = _secure(ca, certificate, key)
        sender = Sender(
            host=host,
            port=port or _port(),
            called=called or _first(entry.called_ae_titles, "ISOCENTRE"),
            calling=calling or _first(entry.calling_ae_titles, "ANY"),
            secure=secure,
            certificate=shown,
            user=_user(entry, name) if name else None,
        )
        try:
            click.echo(f"site {code} as {sender.calling}: {trying.attempt(sender, sites)}")
        except NotLetIn as why:
            raise click.ClickException(f"site {code} as {sender.calling}: {why}") from None


def bind(file: Path, code: str, fingerprint: str, *, replace: bool = False) -> None:
    """Bind a certificate to a site. Raises Misconfigured."""
    act = editing.put("certificates", [fingerprint]) if replace else editing.add_to("certificates", [fingerprint])
    editing.change(file, editing.on_site(code, act))


def _entry(sites: Sites, code: str) -> Site:
    try:
        return sites.site(code)
    except UnknownSite:
        raise Misconfigured(f"there is no site {code}") from None


def _secure(ca: Path | None, certificate: Path | None, key: Path | None) -> tuple[ssl.SSLContext | None, str | None]:
    if ca and certificate and key:
        return trying.context_of(ca, certificate, key)
    if ca or certificate or key:
        raise click.UsageError("TLS takes --ca, --certificate and --key")
    return None, None


def _user(entry: Site, name: str) -> User:
    if name in entry.users and entry.users[name] is None:
        return User(name)
    return User(name, click.prompt("Passcode", hide_input=True).encode())


def _port() -> int:
    try:
        return local.attach(DEFAULT_HOME).services["receiver"].dicom_port or 0
    except local.NotUp:
        raise click.UsageError("no local stack is up: give --port") from None


def _first(titles: frozenset[str], otherwise: str) -> str:
    return min(titles, default=otherwise)


def _shown(one: Site) -> dict[str, Any]:
    shown = one.model_dump(mode="json", exclude={"users", "tokens"})
    return {**shown, "users": sorted(one.users), "tokens": len(one.tokens)}


def _row(one: Site) -> Iterator[str]:
    yield one.code
    yield "enabled" if one.enabled else "disabled"
    for titles in (one.calling_ae_titles, one.called_ae_titles, one.bulk_called_ae_titles):
        yield ", ".join(sorted(titles)) or "-"
    yield ", ".join(map(str, one.addresses)) or "anywhere"
    for many in (one.certificates, one.users, one.tokens):
        yield str(len(many)) if many else "-"
    yield one.profile
