"""Which part of the books is meant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Cut:
    """All of it unless something is said. `study`: its key, its pseudonym, or as `study_key` what an original UID
    comes to. `since` and `until` (not included): when it was received."""

    site: str | None = None
    association: str | None = None
    study: str | None = None
    study_key: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether it is more than a site: then only its lines are looked up, and nothing can be unknown."""
        return any((self.association, self.study, self.since, self.until))

    @property
    def is_whole(self) -> bool:
        """Whether it is all there is."""
        return not self.is_narrow and self.site is None

    @property
    def condition(self) -> str:
        """SQL over `a`, a row of `arrival`, with `parameters`."""
        said = [clause for name, clause in _CLAUSES.items() if getattr(self, name) is not None]
        return " AND ".join(said) or "TRUE"

    @property
    def parameters(self) -> dict[str, Any]:
        """What `condition` names."""
        return {name: getattr(self, name) for name in (*_CLAUSES, "study_key")}

    def as_json(self) -> dict[str, Any]:
        """What was said."""
        said = {name: getattr(self, name) for name in _CLAUSES if getattr(self, name) is not None}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in said.items()}


_CLAUSES = {
    "site": "a.site = %(site)s",
    "association": "(a.association = %(association)s OR %(association)s = ANY(string_to_array(a.associations, ' ')))",
    "study": "(a.study_key IN (%(study)s, %(study_key)s) OR EXISTS (SELECT FROM copy s WHERE s.arrival = a.arrival AND "
    "s.study_instance_uid = %(study)s))",
    "since": "a.received_at >= %(since)s",
    "until": "a.received_at < %(until)s",
}
