"""Which engine is whose: one for each profile that a site goes through."""

from collections.abc import Mapping

from services.anonymiser.engine import Engine
from services.anonymiser.pixels.workers import Examiner
from services.anonymiser.profile.load import load
from shared.dicom.identity import Pseudonyms
from shared.dicom.patients import Patients, UnknownSite


class Engines:
    """Engines by site. `profiles`: site to name of profile; `texts`: all profiles as YAML. Raises BadProfile."""

    def __init__(
        self,
        *,
        profiles: Mapping[str, str],
        texts: Mapping[str, str],
        pseudonyms: Pseudonyms,
        patients: Patients,
        examiner: Examiner | None,
    ) -> None:
        self._profiles = dict(profiles)
        self._texts = dict(texts)
        self._made = (pseudonyms, patients, examiner)
        # At once, so that a profile that cannot be used stops the start and not the first image.
        self._engines = {name: self._engine(name) for name in sorted(set(self._profiles.values()))}

    def of(self, site: str, profile: str | None = None) -> Engine:
        """The engine for `site`, or that of the other profile that is asked for. Raises UnknownSite, BadProfile."""
        if site not in self._profiles:
            raise UnknownSite(site)
        name = profile or self._profiles[site]
        if name not in self._engines:
            self._engines[name] = self._engine(name)
        return self._engines[name]

    def _engine(self, name: str) -> Engine:
        pseudonyms, patients, examiner = self._made
        return Engine(load(name, self._texts), pseudonyms, patients, examiner)
