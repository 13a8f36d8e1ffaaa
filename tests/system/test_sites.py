"""Who may send, while the stack runs: a site comes, shows its certificate, gets another one, and is shut out."""

import subprocess
from pathlib import Path

import pytest

from tests.support.dicom import Said, dcmtk
from tests.support.generated import ct
from tests.support.pipeline import Pipeline
from tests.support.secure import isocentre, port_of
from tests.support.stack import Stack
from tests.support.waiting import until

COLLECTION = 910
CODE, TITLE = "site-secure", "SECURE_1"


class Site:
    """One site of a stack, by the commands of those who keep it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.file, self.authority = stack.home / "sites.yaml", stack.home / "ca"

    def site(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return isocentre("site", *arguments, "--sites", self.file)

    def issue(self, name: str) -> None:
        self.done(isocentre("ca", "issue", name, "--folder", self.authority))

    def done(self, ended: subprocess.CompletedProcess[str]) -> None:
        assert ended.returncode == 0, ended.stderr

    def pem(self, name: str) -> Path:
        return self.authority / f"{name}.pem"

    def tried(self, name: str) -> subprocess.CompletedProcess[str]:
        """`isocentre site test` with that certificate."""
        secure = ("--ca", self.pem("ca"), "--certificate", self.pem(name), "--key", self.authority / f"{name}.key")
        return self.site("test", CODE, "--port", port_of(self.stack), *secure)

    def sent(self, name: str, file: Path) -> Said:
        """dcmtk's storescu with that certificate, by its extended BCP 195 profile: 3.6.7 has none of B.12 yet."""
        secure = ("--enable-tls", self.authority / f"{name}.key", self.pem(name), "--add-cert-file", self.pem("ca"))
        return dcmtk("storescu", port_of(self.stack), "--profile-bcp195-ex", *secure, file, calling=TITLE)


@pytest.mark.timeout(240)
def test_a_site_comes_and_goes_without_a_restart(pipeline: Pipeline, tmp_path: Path) -> None:
    stack = pipeline.stack
    site = Site(stack)
    processes = [stack.pid(name) for name in ("receiver", "anonymiser")]
    image = ct(COLLECTION, 0)
    site.issue("scanner")
    site.done(site.site("add", CODE, "--calling", TITLE, "--called", "ISOCENTRE", "--certificate", site.pem("scanner")))
    until(lambda: site.tried("scanner").returncode == 0, "the new site is let in", 60)

    (tmp_path / "image.dcm").write_bytes(image.part10())
    said = site.sent("scanner", tmp_path / "image.dcm")
    assert said.status == 0, said
    arrived = pipeline.received(image.sop_instance_uid)
    assert [event["site"] for event in arrived] == [CODE]
    # Its first image is de-identified, though the anonymiser has not been started again.
    assert pipeline.finished(arrived[0]["arrival"], 90)

    site.issue("next-year")
    site.done(site.site("certificate", CODE, site.pem("next-year"), "--replace"))
    until(lambda: site.tried("next-year").returncode == 0, "the new certificate is good", 60)
    refused = until(lambda: _refusal(site, "scanner"), "the old one is not any more", 60)
    assert "1/1/3" in refused
    assert "none of those in the sites file" in refused

    site.done(site.site("disable", CODE))
    assert "disabled" in until(lambda: _refusal(site, "next-year"), "the site is shut out", 60)
    assert [stack.pid(name) for name in ("receiver", "anonymiser")] == processes
    for reason in ("certificate-refused", "site-disabled"):
        assert stack.metric("receiver", "isocentre_receive_associations_total", site=CODE, result=reason) >= 1
    assert stack.metric("receiver", "isocentre_receive_certificate_expiry_seconds", holder="server") > 0


def _refusal(site: Site, name: str) -> str:
    ended = site.tried(name)
    return ended.stderr if ended.returncode else ""


@pytest.mark.timeout(120)
def test_a_file_that_cannot_be_used_is_seen_and_keeps_nobody_out(stack: Stack) -> None:
    def refused() -> float:
        return stack.metric("receiver", "isocentre_configuration_refused", what="sites")

    file = stack.home / "sites.yaml"
    good = file.read_text()
    try:
        file.write_text("sites: [")
        until(lambda: refused() == 1, "seen", 60)
        assert dcmtk("echoscu", stack.dicom_port).status == 0
    finally:
        file.write_text(good)
    until(lambda: refused() == 0, "seen to be good again", 60)
