"""Makes the secrets that `docker-compose.yml` mounts: `python3 -m infra.docker.secrets`. Standard library only.

And a sites file to begin with.

What exists is kept, so it can be run again. The folder is closed to others; the files that are mounted into
containers are readable inside it, because Compose mounts them with the owner that they have here, and the
containers run as another user.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.local.credentials import keep_private, key_ring, secret, token
from infra.local.layout import ROOT

FOLDER = ROOT / "build" / "docker"
STORE_USERS = (
    "receiver",
    "anonymiser",
    "operator",
    "eraser",
    "bookkeeper",
    "validator",
    "indexer",
    "thumbnailer",
    "gateway",
)
DATABASE_ROLES = ("postgres", "indexer", "gateway", "bookkeeper", "auditor")
SERVER = "postgres:5432"
SITES = ROOT / "infra" / "local" / "sites.yaml"


def make(folder: Path) -> None:
    """All secrets of one deployment, the environment file of each container that needs one, and its sites file."""
    files, environments = folder / "secrets", folder / "env"
    for place in (folder, files, environments):
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o700)
    secret(files, "project-key", key_ring())
    store = {user: secret(files, f"s3-{user}", token()) for user in ("root", *STORE_USERS)}
    roles = {role: secret(files, f"database-{role}", token()) for role in DATABASE_ROLES}
    for file in files.iterdir():
        file.chmod(0o444)
    for name, content in _environments(store, roles).items():
        keep_private(environments / f"{name}.env", "".join(f"{key}={value}\n" for key, value in content.items()))
    _sites(folder / "sites")


def _sites(folder: Path) -> None:
    """The local stack's, in a folder of its own, which is mounted."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    file = folder / SITES.name
    if not file.exists():
        shutil.copyfile(SITES, file)
        file.chmod(0o644)


def _environments(store: Mapping[str, str], roles: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By container; nobody is told more than its own."""
    told = {user: {"ISOCENTRE_S3_ACCESS_KEY": user, "ISOCENTRE_S3_SECRET_KEY": store[user]} for user in STORE_USERS}
    indexer, gateway = (_database(roles, role, "isocentre") for role in ("indexer", "gateway"))
    bookkeeper, auditor = _database(roles, "bookkeeper", "identified"), _database(roles, "auditor", "isocentre")
    return {
        **told,
        "indexer": told["indexer"] | indexer,
        "gateway": told["gateway"] | gateway,
        "bookkeeper": told["bookkeeper"] | bookkeeper | {"ISOCENTRE_INDEX_URL": auditor["ISOCENTRE_DATABASE_URL"]},
        "migrate": indexer,
        "migrate-identified": bookkeeper,
        "versitygw": {"ROOT_ACCESS_KEY": "root", "ROOT_SECRET_KEY": store["root"]},
    }


def _database(roles: Mapping[str, str], role: str, name: str) -> dict[str, str]:
    return {"ISOCENTRE_DATABASE_URL": f"postgresql://{role}:{roles[role]}@{SERVER}/{name}"}


def main(arguments: list[str] | None = None) -> int:
    """Make what is missing, and say where."""
    parser = argparse.ArgumentParser(prog="secrets", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where they are kept (docker-compose.yml's place)")
    folder: Path = parser.parse_args(arguments).folder
    make(folder)
    print(f"secrets are in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
