"""The sites file: who is who."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from shared.dicom.patients import Person, UnknownSite
from shared.misconfigured import Misconfigured
from shared.sites import Sites, read_patients, read_sites, schema

TWO = """
sites:
  - {code: site-a, project: demo, calling_ae_titles: [A1, A2], called_ae_titles: [ISOCENTRE]}
  - {code: site-b, project: demo, called_ae_titles: [FROM_B], bulk_called_ae_titles: [BULK_B]}
"""


@pytest.fixture
def sites(tmp_path: Path) -> Sites:
    path = tmp_path / "sites.yaml"
    path.write_text(TWO, encoding="utf-8")
    return read_sites(path)


@pytest.mark.parametrize(
    ("called", "calling", "code"),
    [
        ("BULK_B", "ANYONE", "site-b"),
        ("ISOCENTRE", "A1", "site-a"),
        ("ISOCENTRE ", " A2 ", "site-a"),
        ("FROM_B", "ANYONE", "site-b"),
        ("ISOCENTRE", "ANYONE", None),
        ("ELSEWHERE", "A1", None),
        ("isocentre", "A1", None),
    ],
)
def test_finds_the_site_by_its_titles(sites: Sites, called: str, calling: str, code: str | None) -> None:
    assert next((site.code for site in sites.found(called, calling)), None) == code


def test_knows_which_called_titles_it_serves(sites: Sites) -> None:
    assert sites.serves("ISOCENTRE")
    assert sites.serves("BULK_B ")
    assert not sites.serves("ELSEWHERE")


@pytest.mark.parametrize("text", ["", "sites: [{code: 'Not Opaque!', project: p}]", "sites: [{code: a, projekt: x}]"])
def test_refuses_a_file_that_does_not_say_what_it_must(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):
        read_sites(path)


# --- how a site's patients are told apart

RULES = """
sites:
  - {code: site-a, project: demo, called_ae_titles: [A], domain: network, default_issuer: H1}
  - {code: site-b, project: demo, called_ae_titles: [B], domain: network, profile: basic}
  - {code: site-c, project: demo, called_ae_titles: [C]}
aliases_file: aliases.yaml
"""
ALIASES = """
patients:
  - {site: site-a, from: "0042", to: "4711"}
  - {site: site-b, issuer: H1, from: "4711", to: "9", to_issuer: H2}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "sites.yaml"
    path.write_text(RULES, encoding="utf-8")
    aliases = tmp_path / "aliases.yaml"
    aliases.write_text(ALIASES, encoding="utf-8")
    aliases.chmod(0o600)
    return path


def test_profiles_have_a_default(rules: Path) -> None:
    sites = read_sites(rules)
    assert [site.profile for site in sites.sites] == ["research", "basic", "research"]
    assert sites.project == "demo"
    assert sites.site("site-b").profile == "basic"
    with pytest.raises(UnknownSite):
        sites.site("site-z")


def test_domains_issuers_and_merges_apply(rules: Path) -> None:
    patients = read_patients(rules)
    end = Person("network", "H2", "9")
    assert patients.person("site-a", "", "0042") == end
    assert patients.person("site-a", "", "4711") == patients.person("site-b", "H1", "4711") == end
    assert patients.person("site-b", "", "4711") == Person("network", "", "4711")
    assert patients.person("site-c", "", "0042") == Person("site-c", "", "0042")


def test_without_a_file_of_merges_there_are_none(tmp_path: Path) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(TWO, encoding="utf-8")
    assert read_patients(path).person("site-a", "", "0042") == Person("site-a", "", "0042")


def test_the_file_of_merges_is_closed_to_others(rules: Path) -> None:
    (rules.parent / "aliases.yaml").chmod(0o644)
    with pytest.raises(Misconfigured, match="open to others"):
        read_patients(rules)
    assert read_patients(rules, accept_open=True).person("site-a", "", "0042").patient_id == "9"


@pytest.mark.parametrize(
    ("aliases", "says"),
    [
        ("patients: [{site: site-a, from: 0042, to: 4711}]", "from: Input should be a valid string"),
        ("patients: {SECRET-42: SECRET-43}", "patients"),
        ("patients: [{site: site-a, SECRET-42: SECRET-43}]", r"patients.0.…: Extra inputs"),
        ("patients: [{site: site-z, from: SECRET-42, to: SECRET-43}]", "does not name site site-z"),
        ("patients: [SECRET-42: [}", "no YAML, line 1"),
        (
            """patients:
            - {site: site-a, from: SECRET-42, to: SECRET-43}
            - {site: site-b, issuer: H1, from: SECRET-43, to: SECRET-42}""",
            "circle: alias 1, alias 2",
        ),
    ],
)
def test_merges_that_cannot_be_used_are_refused_and_not_quoted(rules: Path, aliases: str, says: str) -> None:
    (rules.parent / "aliases.yaml").write_text(aliases, encoding="utf-8")
    with pytest.raises(Misconfigured, match=says) as refused:
        read_patients(rules)
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize(
    ("sites", "says"),
    [
        ("{code: a, project: p}, {code: b, project: q}", "one project"),
        ("{code: a, project: p}, {code: b, project: p, domain: a}", "does not declare it"),
        ("{code: a, project: p}, {code: a, project: p, default_issuer: H}", "say different things: default_issuer"),
        ("{code: a, project: p, profile: ../x}", "profile"),
        ("", "at least 1 item"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(tmp_path: Path, sites: str, says: str) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(f"sites: [{sites}]", encoding="utf-8")
    with pytest.raises(Misconfigured, match=says):
        read_sites(path)


def test_a_site_s_code_can_become_a_domain_that_it_declares(tmp_path: Path) -> None:
    """So a site that was alone keeps its patients' codes when another joins it."""
    path = tmp_path / "sites.yaml"
    path.write_text("sites: [{code: a, project: p, domain: a}, {code: b, project: p, domain: a}]", encoding="utf-8")
    assert {site.rules.domain for site in read_sites(path).sites} == {"a"}


# --- how senders are told apart, and what they may do

PRINT = "Ab" * 32
"""A fingerprint."""


def read(folder: Path, *entries: str) -> Sites:
    path = folder / "sites.yaml"
    path.write_text(f"sites: [{', '.join(entries)}]", encoding="utf-8")
    return read_sites(path)


def test_a_title_for_bulk_traffic_is_another_lane(sites: Sites) -> None:
    site = sites.site("site-b")
    assert (site.lane("FROM_B"), site.lane("BULK_B ")) == ("live", "bulk")


def test_fingerprints_are_taken_as_openssl_prints_them(tmp_path: Path) -> None:
    colons = ":".join(["AB"] * 32)
    (site,) = read(tmp_path, f"{{code: a, project: p, certificates: ['{colons}'], tokens: [{PRINT}]}}").sites
    assert site.certificates == site.tokens == {"ab" * 32}
    assert site.needs_tls


@pytest.mark.parametrize("written", ["192.0.2.7", "192.0.2.0/24", "'2001:db8::/32'"])
def test_addresses_are_hosts_or_networks(tmp_path: Path, written: str) -> None:
    (site,) = read(tmp_path, f"{{code: a, project: p, addresses: [{written}]}}").sites
    assert [str(network).removesuffix("/32") for network in site.addresses] == [written.strip("'").removesuffix("/32")]


def test_entries_of_one_site_may_differ_in_who_sends(tmp_path: Path) -> None:
    both = read(
        tmp_path,
        "{code: a, project: p, calling_ae_titles: [CT], addresses: [192.0.2.1], associations: 4}",
        f"{{code: a, project: p, calling_ae_titles: [MR], certificates: [{PRINT}], associations: 4}}",
    )
    assert [site.calls("CT") for site in both.sites] == [True, False]


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ("{code: a, project: p, associations: 4}, {code: a, project: p}", "different things: associations"),
        ("{code: a, project: p}, {code: a, project: p, enabled: false}", "different things: enabled"),
        ("{code: a, project: p, tokens: [%s]}, {code: b, project: p, tokens: [%s]}", "one of their tokens"),
        ("{code: a, project: p, certificates: [%s]}, {code: b, project: p, certificates: [%s]}", "their certificates"),
        ("{code: a, project: p, called_ae_titles: [X], bulk_called_ae_titles: [X]}", "live or for bulk"),
        ("{code: a, project: p, calling_ae_titles: [LONGER_THAN_SIXTEEN]}", "calling_ae_titles.0"),
        ("{code: a, project: p, addresses: [192.0.2.1/24]}", "addresses.0"),
        ("{code: a, project: p, addresses: [192]}", "written as text"),
        ("{code: a, project: p, users: {SECRET: plain}}", "users.…: String should match"),
        ("{code: a, project: p, sop_classes: [CT]}", "sop_classes.0"),
        ("{code: a, project: p, commitment: {ae_title: A, host: h, port: 0, days: 1}}", "commitment.port"),
        ("{code: a, project: p, associations: 0}", "associations"),
    ],
)
def test_refuses_what_cannot_be_meant(tmp_path: Path, entries: str, says: str) -> None:
    with pytest.raises(Misconfigured, match=says) as refused:
        read(tmp_path, entries.replace("%s", PRINT))
    assert "SECRET" not in str(refused.value)


def test_the_published_schema_is_what_the_model_says() -> None:
    assert schema.main(["--check"]) == 0
    jsonschema.validate(yaml.safe_load(TWO), json.loads(schema.schema()))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"sites": [{"code": "a", "project": "p", "projekt": "x"}]}, json.loads(schema.schema()))


def test_a_schema_that_has_drifted_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "FILE", tmp_path / "sites.schema.json")
    assert schema.main(["--check"]) == 1
