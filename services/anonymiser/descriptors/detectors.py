"""What cannot be anything but identity, in any text: addresses of all kinds, numbers that name one person, and whoever
is introduced by a title or a label."""

import re
from collections.abc import Iterator

Span = tuple[int, int]

_START, _END = r"(?<![^\W_])", r"(?![^\W_])"


def _compiled(*alternatives: str, ignore_case: bool = True) -> "re.Pattern[str]":
    return re.compile("|".join(alternatives), re.IGNORECASE if ignore_case else 0)


_MAIL = _compiled(
    r"(?<![\w.+-])[\w.+-]{1,80}@[^\W_][^\W_-]*(?:[.-][^\W_]+)*",
    r"(?<![\w.+-])[\w.+-]{1,80}\s?(?:@|\(at\)|\[at\])\s?[^\W_][^\W_-]*(?:[.-][^\W_]+)*\.[a-z]{2,}",
)
_TOP = r"(?:com|org|net|edu|gov|int|info|local|lan|intranet|intern|corp|home|eu|io|co\.uk|nhs\.uk|ac\.uk)"
_COUNTRY = r"(?:at|be|bg|ch|cy|cz|de|dk|ee|es|fi|fr|gr|hr|hu|ie|is|it|lt|lu|lv|mt|nl|no|pl|pt|ro|rs|se|si|sk|tr|uk|us)"
_LABEL = r"(?<![^\W_])(?<![.@-])"
_HOST = _compiled(
    r"(?:https?|ftp|file|dicom)s?://\S+",
    r"(?<![^\W_])www\.[^\W_][\w.-]*(?:/\S*)?",
    r"\\\\[\w.$-]+(?:\\[\w.$-]+)*",
    rf"{_LABEL}[a-z0-9][\w-]{{0,62}}(?:\.[\w-]{{1,63}}){{0,6}}\.{_TOP}{_END}(?::\d+)?(?:/\S*)?",
    rf"{_LABEL}[a-z0-9][\w-]{{1,62}}(?:\.[\w-]{{1,63}}){{1,6}}\.{_COUNTRY}{_END}(?::\d+)?(?:/\S*)?",
    rf"{_LABEL}[a-z][\w-]{{3,62}}\.{_COUNTRY}/\S*",
)
_DOTTED = _compiled(
    r"(?<![\d.])[0-2](?:\.\d+){4,}(?![\d])",
    r"(?<![\d.])[12]\.(?:2|3|16|25)\.\d{2,}(?:\.\d+)+",
    r"(?<![\d.])2\.25\.\d+",
    r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d]|\.\d)(?::\d+)?",
    rf"{_START}[0-9a-f]{{2}}(?:[:-][0-9a-f]{{2}}){{5}}{_END}",
    rf"{_START}[0-9a-f]{{8}}-(?:[0-9a-f]{{4}}-){{3}}[0-9a-f]{{12}}{_END}",
)
_TELEPHONE = _compiled(
    r"\+ ?\d[\d ()/.-]{5,}\d(?![^\W_])",
    r"(?<![\d.,])0\d{1,5} ?[ /()-] ?\d[\d -]{3,}\d(?![^\W_]|[.,]\d)",
    r"(?<![\d.])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)",
    r"(?<![\d.])\d{3}[.-]\d{4}(?!\d)",
    rf"{_START}(?:tele(?:phone|fono|fon|foon|fax)?|phone|fon|t[eé]l|tlf|puh|mobile?|mobil|cell|handy|fax|pager|beeper|bleep|"
    r"ext\.|durchwahl|dw|gsm)[.:]{0,2}\s?(?:n[or°º]?[.:]?\s?)?\+?[\d(][\d ()/.-]*\d(?![^\W_])",
)
_NUMBERS = _compiled(
    rf"{_START}[a-z]{{1,6}}-?\d{{6,}}[a-z]?{_END}",  # A123456, MRN-123456, X1234567Z
    r"(?<![\d.,])\d{6,}(?!\d|[.,]\d)",
    r"(?<![\d.,])\d{3}[- ]\d{2}[- ]\d{4}(?!\d)",  # United States
    r"(?<![\d.,])(?!\d\d0 \d\d0 \d+0)\d{3} \d{3} \d{3,4}(?!\d)",  # United Kingdom, Poland
    r"(?<![\d.,])\d{6}[-+A/ ]\d{3,4}[A-Z]?(?![^\W_])",  # Nordic countries, Czechia, Slovakia
    r"(?<![\d.,])[12] ?\d{2} ?\d{2} ?\d[\dab] ?\d{3} ?\d{3}(?: ?\d{2})?(?!\d)",  # France
    rf"{_START}[a-z]{{6}}\d{{2}}[a-z]\d{{2}}[a-z]\d{{3}}[a-z]{_END}",  # Italy
    rf"{_START}[xyz]?-?\d{{7,8}}-?[a-z]{_END}",  # Spain
    rf"{_START}[a-z]{{2}}\d{{2}}(?: ?[a-z0-9]{{4}}){{3,}}(?: ?[a-z0-9]{{1,4}})?{_END}",  # IBAN
    r"(?<![\d.,])\d{2,4}(?:[./-]\d{2,4}){3,}(?!\d|[.,]\d)",  # Belgium, Switzerland (756.1234.5678.97)
    r"(?<![\d.,])\d{3}[.]\d{3}[.]\d{3}(?:-\d{2})?(?!\d)",
)
_LABELS = (
    r"(?:mrn|pid|pat(?:ient)?\.?[ _-]?(?:id|nr|no|num(?:ber)?|code)|patientennummer|fallnummer|fall[ -]?nr|"
    r"acc(?:ession)?\.?(?:[ _-]?(?:no|nr|num(?:ber)?))?|case[ _-]?(?:no|nr|id)|hosp(?:ital)?\.?[ _-]?(?:no|nr|id)|"
    r"(?:order|exam|visit|study|req(?:uest)?|auftrags?|befund|record)[ _-]?(?:no|nr|num(?:ber)?|id|nummer)|"
    r"ssn|svnr|nhs(?:[ _-]?(?:no|nr|number))?|ahv|bsn|cpr|pesel|nss|dni|cnp|codice fiscale|egn|oib|jmbg|"
    r"emso|amka|henkil[oö]tunnus|personnummer|f[oø]dselsnummer|rodn[eé] [cč][ií]slo|tckn|id)"
)
_NUMBER_LABEL = _compiled(
    rf"{_START}{_LABELS}\.?\s?[:#=№]\s?(?=[a-z-]*\d)[^\W_]+(?:[./-][^\W_]+)*",
    rf"{_START}{_LABELS}(?:(?:n[or°º]\.?|is)\s|[\s_-]){{1,8}}(?=[a-z-]{{0,32}}\d)(?=[^\W_./-]*[./-]?[^\W_]{{3}})"
    r"[^\W_]+(?:[./-][^\W_]+)*",
    r"#\s?[a-z]?\d[^\W_-]{2,}",
)
_AGE = _compiled(
    r"(?<![\d.,])(?P<age>\d{1,3})(?=[ -]?(?:y/?o\b|yrs?[ -]?old|years?[ -](?:of[ -]age|old)|"
    r"j(?:ä|ae)hrige?[rnms]?\b|ans? d.[âa]ge|años de edad|anos de idade|anni di et[àa]|"
    r"jaar oud|år gammel|år gammal|letni[aey]?\b|letý|letá|let star))",
    rf"{_START}(?<!gestational )(?<!bone )"
    r"(?:age[d]?|alter|[âa]ge|edad|idade|et[àa]|leeftijd|wiek|věk|kor|ålder|alder|ik[äa]|v[aâ]rsta|yaş)"
    r"\s?[:=]?\s?"
    r"(?P<aged>\d{2,3})(?![\d.,]?\d|[^\W_])",
)
_OLD = 89
_YEARS = _compiled(
    r"(?<![\d.,])(\d{2,3})"
    r"(?=[ -]?(?:y|yrs?|years?|j|jahre?n?|ans|a[nñ]os|anni|jaar|år|lat|let|vuotta|év|ani|godina|yaş)\b)"
)
_DIGIT = re.compile(r"\d")


def find_numbers(text: str) -> list[Span]:
    """Where e-mail addresses, hosts, UIDs, telephone and other numbers of one person stand; in no order, perhaps
    overlapping."""
    return [match.span() for pattern in _worth(text) for match in pattern.finditer(text)]


def _worth(text: str) -> Iterator["re.Pattern[str]"]:
    """The patterns that can match in `text` at all."""
    if "@" in text or "at)" in text or "at]" in text:
        yield _MAIL
    if "." in text or "/" in text or "\\\\" in text:
        yield _HOST
    if _DIGIT.search(text):
        yield from _WITH_DIGITS


_WITH_DIGITS = (_DOTTED, _TELEPHONE, _NUMBERS, _NUMBER_LABEL)


def find_ages(text: str, ages: frozenset[int]) -> Iterator[Span]:
    """Where somebody's age stands, and years that are more than 89 or one of `ages`."""
    if not _DIGIT.search(text):
        return
    for match in _AGE.finditer(text):
        yield match.span("age") if match["age"] else match.span("aged")
    for match in _YEARS.finditer(text):
        if int(match[1]) > _OLD or int(match[1]) in ages:
            yield match.span()
