"""Which receiver `isocentre import` and `isocentre fetch` send to, and how."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from infra.cli.terminal import refuse
from infra.local import stack as local
from infra.local.layout import DEFAULT_HOME
from infra.sending.association import Peer, Storing
from infra.sending.stow import Posting, Service
from infra.sending.way import Way
from shared.misconfigured import Misconfigured
from shared.private_file import read_private

CALLED = "ISOCENTRE_BULK"
LANE = {"Isocentre-Lane": "bulk"}


@dataclass(frozen=True, slots=True)
class Receiver:
    """`name`: what a journal is bound to. `way`: one more way there."""

    name: str
    way: Callable[[], Way]


def receiver_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that `receiver` takes."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    for option in (
        click.option("--tls-key", type=file, help="Its private key."),
        click.option("--tls-certificate", type=file, help="Our certificate (PEM), where the receiver asks for one."),
        click.option("--tls-ca", type=file, help="Speak TLS, with a receiver whose certificate is of this CA (PEM)."),
        click.option("--token-file", type=file, help="Holds the bearer token, for STOW-RS; mode 0600."),
        click.option("--called", default=CALLED, show_default=True, help="Its AE title for bulk traffic."),
        click.option("--calling", metavar="TITLE", help="The AE title that the sites file knows us by."),
        click.option(
            "--to",
            metavar="HOST:PORT|URL",
            help="The receiver: C-STORE, or STOW-RS at http(s)://…/studies. Unless given, that of the local stack.",
        ),
    ):
        command = option(command)
    return command


def receiver(
    to: str | None,
    calling: str | None,
    called: str,
    token_file: Path | None,
    tls_ca: Path | None,
    tls_certificate: Path | None,
    tls_key: Path | None,
) -> Receiver:
    """The one that is meant; ends the command when that cannot be."""
    tls = _tls(tls_ca, tls_certificate, tls_key)
    if to is not None and to.startswith(("http://", "https://")):
        service = Service(to, LANE | _token(token_file), tls)
        return Receiver(to, lambda: Posting(service))
    host, port = _address(to) if to is not None else _of_stack()
    if not calling:
        refuse("--calling TITLE is missing: the AE title that the sites file knows us by")
    peer = Peer(host, port, _title(called), _title(calling), tls)
    return Receiver(f"{calling}→{called}@{host}:{port}", lambda: Storing(peer))


def _address(to: str) -> tuple[str, int]:
    host, _, port = to.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65_536:
        refuse(f"--to {to}: HOST:PORT or a URL is meant")
    return host.strip("[]"), int(port)


def _of_stack() -> tuple[str, int]:
    try:
        stack = local.attach(DEFAULT_HOME)
    except local.NotUp as missing:
        refuse(f"{missing}; start one with: isocentre stack up, or say --to HOST:PORT")
    port = stack.services["receiver"].dicom_port
    if port is None:
        refuse("the receiver of the local stack has no DICOM port")
    return "127.0.0.1", port


def _title(title: str) -> str:
    """PS3.5 Table 6.2-1, AE."""
    if not 0 < len(title.strip()) <= 16 or not title.isascii() or not title.isprintable() or "\\" in title:
        refuse(f"{title!r} is no AE title: up to 16 printable characters")
    return title.strip()


def _token(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        return {"Authorization": f"Bearer {read_private(file).strip()}"}
    except Misconfigured as bad:
        refuse(str(bad))


def _tls(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if ca is None:
        if certificate or key:
            refuse("--tls-certificate and --tls-key need --tls-ca: whom to trust")
        return None
    try:
        context = ssl.create_default_context(cafile=ca)
        if certificate is not None:
            context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as failed:
        refuse(f"TLS: {failed.strerror or failed}")
    return context
