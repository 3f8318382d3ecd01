"""`manage.py up`: one of a kind, restarts what dies, and leaves no process behind, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal import redis_server
from portal.supervisor import HEALTHY_S, LOG_BYTES, Process, Supervisor
from portal.testing.server import ROOT, Portal

STOP_S = 5.0


def process(folder: Path, *command: str, pause_s: float = 0.01) -> Process:
    """A child that is not started yet."""
    return Process("child", command, folder / "log" / "child.log", dict(os.environ), folder, first_pause_s=pause_s)


def processes_of(var: Path) -> list[str]:
    """Command lines of all processes that were started with this data folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"GRADUS_VAR={var}".encode() in environment and command:
            found.append(f"{folder.name} {command}")
    return found


def none_left(var: Path, seconds: float) -> bool:
    """Whether every process of the portal ends within `seconds`."""
    until = time.monotonic() + seconds
    while processes_of(var) and time.monotonic() < until:
        time.sleep(0.05)
    return not processes_of(var)


def fall(child: Process) -> float:
    """Let a child end; returns the pause before its next start, seconds."""
    assert child.popen
    child.popen.wait()
    child.tick()
    return child._pause_s


def test_the_pause_before_a_restart_doubles_up_to_a_limit(tmp_path: Path) -> None:
    child = process(tmp_path, "true", pause_s=10)
    pauses = []
    for _ in range(4):
        child.start()
        pauses.append(fall(child))
    assert pauses == [10, 20, 30, 30]


def test_a_process_that_lived_long_starts_again_after_the_short_pause(tmp_path: Path) -> None:
    child = process(tmp_path, "true", pause_s=10)
    child.start()
    fall(child)
    child.start()
    child._started_at -= HEALTHY_S
    assert fall(child) == 10


def test_a_process_starts_again_only_after_its_pause(tmp_path: Path) -> None:
    child = process(tmp_path, "true", pause_s=60)
    child.start()
    fall(child)
    assert not child.tick()
    child._due_at = 0
    assert child.tick()
    assert child.restarts == 1


def test_output_and_end_stand_in_the_log(tmp_path: Path) -> None:
    child = process(tmp_path, "sh", "-c", "echo said; exit 3")
    child.start()
    fall(child)
    assert child.log.read_text() == "said\n-- child ended with 3; starts again in 0.01 s\n"


def test_a_long_log_is_put_aside_at_the_start(tmp_path: Path) -> None:
    child = process(tmp_path, "true")
    child.log.parent.mkdir()
    child.log.write_bytes(b"." * (LOG_BYTES + 1))
    child.start()
    fall(child)
    assert child.log.with_name("child.log.1").stat().st_size == LOG_BYTES + 1
    assert child.log.stat().st_size < 100


def test_a_process_that_ignores_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    boss = Supervisor(tmp_path / "run.json", {})
    stubborn = "trap '' TERM; sleep 1000 & echo $! > grandchild; wait; wait"
    child = boss.start(process(tmp_path, "sh", "-c", stubborn))
    grandchild = tmp_path / "grandchild"
    while not (grandchild.exists() and grandchild.read_text().strip()):
        time.sleep(0.01)
    boss.stop()
    assert child.popen
    assert child.popen.returncode == -signal.SIGKILL
    assert not (tmp_path / "run.json").exists()
    assert ended(int(grandchild.read_text()))


def ended(pid: int) -> bool:
    """Whether a process has gone, or waits only to be reaped."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_socket_lies_in_a_private_folder_behind_a_link(tmp_path: Path) -> None:
    link = tmp_path / "redis.sock"
    path = redis_server.make_socket(link)
    assert link.readlink() == path
    assert path.parent.stat().st_mode & 0o777 == 0o700
    redis_server.remove_socket(link)
    assert not path.parent.exists()
    assert not link.is_symlink()


def test_a_server_that_outlived_its_supervisor_is_ended(tmp_path: Path) -> None:
    link = tmp_path / "redis.sock"
    path = redis_server.make_socket(link)
    old = subprocess.Popen(redis_server.command(path, tmp_path / "data"), stdout=subprocess.DEVNULL)
    assert redis_server.wait(path, old)
    redis_server.end_stale(link)
    assert old.wait(5) == 0
    assert not link.is_symlink()


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """A whole portal of one test."""
    with Portal(tmp_path) as portal:
        yield portal


@pytest.mark.slow
def test_a_second_start_says_that_one_is_running(portal: Portal) -> None:
    second = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=portal.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"running already at {portal.url} (process {portal.pid})" in second.stderr
    assert portal.healthy()


@pytest.mark.slow
def test_a_fresh_portal_has_accounts_that_only_the_owner_can_read(portal: Portal) -> None:
    accounts = portal.var / "accounts.txt"
    assert accounts.stat().st_mode & 0o777 == 0o600
    roles = [line.split()[0] for line in accounts.read_text().splitlines()]
    assert roles == ["learner", "manager", "author", "administrator"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["web", "train", "play", "control", "redis"])
def test_a_killed_process_starts_again(portal: Portal, name: str) -> None:
    old = portal.kill(name)
    assert portal.wait_for_restart(name, old) != old
    assert ended(old)


@pytest.mark.slow
def test_sigterm_stops_everything_in_time(portal: Portal) -> None:
    start = time.monotonic()
    assert portal.stop() == 0
    assert time.monotonic() - start < STOP_S
    assert none_left(portal.var, 1), processes_of(portal.var)
    assert not (portal.var / "run.json").exists()


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells children at once that a parent died")
def test_nothing_outlives_a_killed_supervisor(portal: Portal) -> None:
    os.kill(portal.pid, signal.SIGKILL)
    assert none_left(portal.var, 10), processes_of(portal.var)
    portal.start()  # and its data, Redis's included, open again
    assert portal.healthy()
