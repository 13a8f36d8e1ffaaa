"""One bucket of an S3 server: requests signed, refusals understood, lists read to their end."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree

from shared.outcome import Transient
from shared.storage.content import EMPTY, Body, spelled
from shared.storage.signing import Signer, path_of, query_of
from shared.storage.store import AccessDenied, ObjectNotFound
from shared.storage.wire import Response, Wire

CHECKSUM = "x-amz-checksum-crc32"
"""The cheapest for both sides that every S3 server knows: no SHA-256 for the signature, no MD5."""

_MISSING = {"NoSuchKey", "NoSuchObject"}
_DENIED = {"AccessDenied", "NoSuchBucket", "InvalidAccessKeyId", "SignatureDoesNotMatch"}


class BehindTheEnd(Exception):
    """The object has no byte where the wanted part begins."""


class Bucket:
    """As one user sees it."""

    def __init__(self, wire: Wire, access_key: str, secret_key: str, name: str) -> None:
        self.name = name
        self._wire = wire
        self._signer = Signer(access_key, secret_key, wire.host)

    def ask(
        self,
        method: str,
        key: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Body = EMPTY,
        work: int = 0,
    ) -> Response:
        """Ask for an object, or with no key for the bucket. Raises Transient, AccessDenied, ObjectNotFound.

        `work`: bytes that the server has to write beside `body`.
        """
        path, parameters = path_of(self.name, key), query_of(query or {})
        signed = self._signer.sign(method, path, parameters, headers or {}, datetime.now(UTC))
        answer = self._wire.ask(method, f"{path}?{parameters}" if parameters else path, signed, body, work)
        if answer.status >= 300:
            _refused(answer)
        return answer

    def send(
        self, key: str, body: Body, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Put `body`; returns when the server has confirmed its checksum."""
        checksum = spelled(body.crc32())
        answer = self.ask("PUT", key, query, {**(headers or {}), CHECKSUM: checksum}, body)
        if answer.headers.get(CHECKSUM) != checksum:
            raise Transient("checksum not confirmed")
        return answer

    def pages(self, query: Mapping[str, str], follow: Mapping[str, str]) -> Iterator["Xml"]:
        """All answers to a list. `follow`: parameters of the next request by the elements of this one's answer."""
        more: dict[str, str] = {}
        while True:
            page = Xml.of(self.ask("GET", query={**query, **more}))
            yield page
            if page.text("IsTruncated") != "true":
                return
            more = {parameter: page.text(element) for element, parameter in follow.items()}


class Xml:
    """An XML answer, without its namespace, which not all servers give."""

    def __init__(self, element: ElementTree.Element) -> None:
        self._element = element

    @staticmethod
    def of(answer: Response) -> "Xml":
        """Raises Transient when it is none."""
        try:
            return Xml(ElementTree.fromstring(answer.body))  # noqa: S314 - from the store that we trust with everything
        except ElementTree.ParseError:
            raise Transient("answer is no XML") from None

    @property
    def name(self) -> str:
        return self._element.tag.rpartition("}")[2]

    def text(self, name: str) -> str:
        """What the element of that name holds; empty when there is none."""
        return self._element.findtext(f"{{*}}{name}") or ""

    def all(self, name: str) -> Iterator["Xml"]:
        return (Xml(element) for element in self._element.iterfind(f"{{*}}{name}"))

    def time(self, name: str) -> datetime:
        return datetime.fromisoformat(self.text(name))


def _refused(answer: Response) -> None:
    """Turn the server's errors into ours. Their texts name keys and hosts, so only their kind is kept."""
    code = Xml.of(answer).text("Code") if answer.body else ""
    if code in _MISSING:
        raise ObjectNotFound
    if code == "InvalidRange" or answer.status == 416:
        raise BehindTheEnd
    if code in _DENIED or (answer.status == 403 and not code):
        raise AccessDenied(code or "AccessDenied")
    raise Transient(code or f"status {answer.status}")
