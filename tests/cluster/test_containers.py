"""Files of the containers agree with each other; their scripts do what they say."""

from __future__ import annotations

import re
import shutil
import stat
import subprocess

import pytest
import yaml

from ser_core.core import REPOSITORY

CONTAINERS = REPOSITORY / "containers"
COMPOSE = yaml.safe_load((REPOSITORY / "compose.yaml").read_text())
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    """The folder of secrets, made twice, as after an update."""
    clone = tmp_path_factory.mktemp("clone")
    shutil.copytree(CONTAINERS, clone / "containers")
    before = {}
    for _ in range(2):
        subprocess.run(["sh", clone / "containers" / "secrets"], check=True)
        found = {each.name: each.read_text() for each in (clone / "secrets").iterdir()}
        assert found == (before or found), "a second call changed a password"
        before = found
    return clone / "secrets"


def test_every_secret_that_is_named_is_made_and_every_one_that_is_used_is_named(secrets):
    named = COMPOSE["secrets"]
    for each in named.values():
        assert (secrets.parent / each["file"]).is_file()
    for service in COMPOSE["services"].values():
        assert set(service.get("secrets", [])) <= set(named)
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700


def test_addresses_hold_the_password_and_lead_to_a_database_each(secrets):
    password = (secrets / "postgres_password").read_text()
    assert len(password) == 48
    runs, trials = ((secrets / name).read_text() for name in ("database_uri", "trials_uri"))
    assert runs == f"postgresql://ser:{password}@database:5432/ser"
    assert trials == f"postgresql://ser:{password}@database:5432/trials"
    assert "DATABASE trials" in (CONTAINERS / "databases.sql").read_text()


def test_nothing_is_published_beyond_this_computer_and_no_password_is_written_down():
    for service in COMPOSE["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert not [name for name in service.get("environment", {}) if name.endswith("PASSWORD")]


def test_every_service_is_checked_and_waits_for_a_database_that_answers():
    for name, service in COMPOSE["services"].items():
        assert "healthcheck" in service, name  # images in OCI's format carry none
        for needed in service.get("depends_on", {}).values():
            assert needed == {"condition": "service_healthy"}
    assert "HEALTHCHECK" in DOCKERFILE  # for `docker run`
    volumes = {
        volume.split(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith(("./", "${"))
    }
    assert volumes == set(COMPOSE["volumes"])


def test_the_image_runs_as_a_user_of_its_own_and_copies_what_exists():
    last = DOCKERFILE.rpartition("FROM ")[2]
    assert re.findall(r"^USER (\S+)", last, re.M) == ["ser"]
    for line in re.findall(r"^COPY (containers.*) \S+$", DOCKERFILE, re.M):
        assert all((REPOSITORY / name).is_file() for name in line.split())


def test_ser_in_a_container_is_the_entry_point_and_what_it_starts_is_the_program(tmp_path):
    assert "ln -s /opt/ser/containers/entrypoint /usr/local/bin/ser" in DOCKERFILE
    assert "ENV PATH=/usr/local/bin:/opt/ser/bin:" in DOCKERFILE
    first, program = tmp_path / "first", tmp_path / "program"
    for folder in (first, program):
        folder.mkdir()
    (program / "ser").write_text('#!/bin/sh\necho "$MLFLOW_TRACKING_URI" "$@"\n')
    (program / "ser").chmod(0o755)
    (tmp_path / "uri").write_text("postgresql://a@b/c")
    text = (CONTAINERS / "entrypoint").read_text().replace("/opt/ser/bin", str(program))
    (first / "ser").write_text(text)
    (first / "ser").chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", "ser train x"],
        env={"PATH": f"{first}:/usr/bin:/bin", "MLFLOW_TRACKING_URI_FILE": f"{tmp_path}/uri"},
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert done.stdout == "postgresql://a@b/c train x\n"


def test_the_entry_point_reads_addresses_from_files_and_starts_the_command(tmp_path):
    program = tmp_path / "ser"
    program.write_text('#!/bin/sh\necho "$MLFLOW_TRACKING_URI" "$@"\n')
    program.chmod(0o755)
    (tmp_path / "uri").write_text("postgresql://a b:$(c)@d/e\n")
    done = subprocess.run(
        [CONTAINERS / "entrypoint", "serve", "--port", "1"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "MLFLOW_TRACKING_URI_FILE": f"{tmp_path}/uri"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "postgresql://a b:$(c)@d/e serve --port 1\n"


@pytest.mark.parametrize("script", ["install", "entrypoint", "secrets", "check"])
def test_scripts_are_sound_and_can_be_called(script):
    assert (CONTAINERS / script).stat().st_mode & stat.S_IXUSR
    shell = "bash" if script == "check" else "sh"
    subprocess.run([shell, "-n", CONTAINERS / script], check=True)
