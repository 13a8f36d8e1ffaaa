"""National identifiers of persons: what they look like, and how far a number that passes its check is no chance."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.anonymiser.gate import checks
from services.anonymiser.gate.residue import Severity

_LABEL_CHARACTERS = 28
_LABEL = re.compile(
    r"\b(?:bsn|burgerservice\w*|sofi\w*|dni|nif|nie|niss|insz|codice|cod\.? ?fisc\w*|c\.?f\.|nir|s[eé]cu\w*|pesel|"
    r"steuer\w*|idnr|tin|kvnr|versich\w*|krankenvers\w*|rrn|rijksregister\w*|person\w*|pnr|henkil\w*|hetu|cpr|fnr|"
    r"f[oø]dsel\w*|rodn\w*|r\.? ?[cč]\.?|cnp|egn|oib|amka|nhs|pps\w*|ahv|avs|svnr|sv-?nr|sozial\w*|kimlik|tckn?|"
    r"taj|emso|jmbg|isikukood|asmens|ssn|social|matricule|kennitala|nino|national\w*|ident\w*|id|mrn|pat\w*)"
    r"\W*(?:\w{1,3}\W+){0,2}$",
    re.IGNORECASE,
)
_SEPARATORS = str.maketrans("", "", " .-/")


@dataclass(frozen=True, slots=True)
class Scheme:
    """`sure`: fewer than 5 in 1,000 random numbers pass, or the way of writing is the scheme's own (then fewer than 2
    in 100, or more where a letter or prefix is fixed as well). Others are sure only beside a label."""

    name: str
    pattern: re.Pattern[str]
    passes: Callable[[str], bool]
    sure: bool


def _scheme(name: str, pattern: str, passes: Callable[[str], bool], sure: bool) -> Scheme:
    # Not within a longer number or word, nor the decimals or the rest of a dotted one.
    return Scheme(name, re.compile(rf"(?<![\w.,+-])(?:{pattern})(?![\w]|[.,-]\d)", re.IGNORECASE), passes, sure)


SCHEMES = (
    _scheme("nl-bsn", r"\d{9}|\d{4}\.\d{2}\.\d{3}", checks.nl_bsn, False),
    _scheme("es-dni", r"\d{8}-?[A-Z]|\d{2}\.\d{3}\.\d{3}-?[A-Z]", checks.es_dni, False),
    _scheme("es-nie", r"[XYZ]-?\d{7}-?[A-Z]", checks.es_nie, True),
    _scheme("it-codice-fiscale", r"[A-Z]{6} ?\d{2}[A-Z]\d{2} ?[A-Z]\d{3}[A-Z]", checks.it_codice_fiscale, True),
    _scheme("fr-nir", r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", checks.fr_nir, True),
    _scheme("pl-pesel", r"\d{11}", checks.pl_pesel, False),
    _scheme("de-steuer-id", r"\d{11}|\d{2} \d{3} \d{3} \d{3}", checks.de_steuer_id, False),
    _scheme("de-kvnr", r"[A-Z]\d{9}", checks.de_kvnr, False),
    _scheme("be-rrn", r"\d{11}|\d{2}\.\d{2}\.\d{2}-\d{3}[.-]\d{2}", checks.be_rrn, True),
    _scheme("pt-nif", r"\d{9}|\d{3} \d{3} \d{3}", checks.pt_nif, False),
    _scheme("se-personnummer", r"\d{6}[-+]\d{4}", lambda n: checks.se_personnummer(n.replace("+", "")), True),
    _scheme("se-personnummer", r"(?:19|20)\d{6}-?\d{4}", lambda n: checks.se_personnummer(n[2:]), True),
    _scheme("se-personnummer", r"\d{10}", checks.se_personnummer, False),
    _scheme("fi-hetu", r"\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]", checks.fi_hetu, True),
    _scheme("dk-cpr", r"\d{6}-\d{4}", checks.dk_cpr, True),
    _scheme("dk-cpr", r"\d{6}-\d{4}", checks.dk_cpr_new, False),
    _scheme("dk-cpr", r"\d{10}", checks.dk_cpr, False),
    _scheme("no-fodselsnummer", r"\d{6} ?\d{5}", checks.no_fodselsnummer, True),
    _scheme("cz-rodne-cislo", r"\d{6}/\d{4}", checks.cz_rodne_cislo, True),
    _scheme("cz-rodne-cislo", r"\d{10}", checks.cz_rodne_cislo, False),
    _scheme("ro-cnp", r"\d{13}", checks.ro_cnp, True),
    _scheme("bg-egn", r"\d{10}", checks.bg_egn, False),
    _scheme("lt-ee", r"\d{11}", checks.baltic, True),
    _scheme("lv-code", r"\d{6}-\d{5}", checks.lv_code, True),
    _scheme("gr-amka", r"\d{11}", checks.gr_amka, True),
    _scheme("uk-nhs", r"\d{3}[ -]\d{3}[ -]\d{4}", checks.uk_nhs, True),
    _scheme("uk-nhs", r"\d{10}", checks.uk_nhs, False),
    _scheme("ie-pps", r"\d{7}[A-W][A-IW]?", checks.ie_pps, False),
    _scheme("ch-ahv", r"756\.?\d{4}\.?\d{4}\.?\d{2}", checks.ch_ahv, True),
    _scheme("at-svnr", r"\d{4}[ -]?\d{6}", checks.at_svnr, True),
    _scheme("tr-kimlik", r"\d{11}", checks.tr_kimlik, False),
    _scheme("hr-oib", r"\d{11}", checks.hr_oib, False),
    _scheme("hu-taj", r"\d{9}|\d{3}[ -]\d{3}[ -]\d{3}", checks.hu_taj, False),
    _scheme("si-emso", r"\d{13}", checks.jmbg, True),
    _scheme("lu-matricule", r"\d{13}", checks.lu_matricule, True),
    _scheme("is-kennitala", r"\d{6}-\d{4}", checks.is_kennitala, True),
    _scheme("us-ssn", r"\d{3}-\d{2}-\d{4}", lambda n: n[:3] not in ("000", "666") and n[0] != "9", False),
)


def identifiers(text: str) -> Iterator[tuple[str, Severity]]:
    """The schemes of which `text` holds a valid identifier, with how sure that is."""
    for scheme in SCHEMES:
        for match in scheme.pattern.finditer(text):
            if _passes(scheme, match[0].upper()):
                labelled = _LABEL.search(text, max(0, match.start() - _LABEL_CHARACTERS), match.start())
                yield scheme.name, Severity.STRONG if scheme.sure or labelled else Severity.WEAK


def _passes(scheme: Scheme, written: str) -> bool:
    # The sign between the parts of a Finnish identifier tells the century.
    number = written if scheme.name == "fi-hetu" else written.translate(_SEPARATORS)
    return len(set(number)) > 1 and scheme.passes(number)
