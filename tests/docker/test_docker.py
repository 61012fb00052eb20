"""The container files, checked without a container engine: by two linters, and by what this project demands of them."""

import http.server
import json
import os
import re
import stat
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from idp.core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
BIN = Path(sys.executable).parent
SETTINGS = {f"IDP_{name.upper()}" for name in Settings.model_fields}
SAMPLE_SETTINGS = set(re.findall(r"SAMPLE_[A-Z_]+", (ROOT / "examples/sample/config.py").read_text("utf-8")))
OWN = ("sesame:", "sesame-samples:", "sesame-demonstration:")
SECRET = re.compile(r"password|secret|token|credential|private|_key$|passwd", re.IGNORECASE)
ONE_SHOT = {"migrations", "demonstration"}


class Stage:
    """One stage of the Dockerfile: what it is made from, and its instructions in order."""

    def __init__(self, base: str, name: str) -> None:
        self.base, self.name = base, name
        self.steps: list[tuple[str, str]] = []

    def last(self, instruction: str) -> str | None:
        return next((value for word, value in reversed(self.steps) if word == instruction), None)


def read_dockerfile(text: str) -> dict[str, Stage]:
    """The stages by name."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for step in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        word, _, value = step.strip().partition(" ")
        value = " ".join(value.split())
        if word == "FROM":
            base, _, name = value.partition(" AS ")
            stage = stages[name] = Stage(base, name)
        elif stage is not None:
            stage.steps.append((word, value))
    return stages


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    return read_dockerfile((DOCKER / "Dockerfile").read_text("utf-8"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def steps_of(stages: dict[str, Stage], name: str) -> list[tuple[str, str]]:
    """All instructions an image is made by, those of the stages below it first."""
    stage = stages[name]
    below = steps_of(stages, stage.base) if stage.base in stages else []
    return below + stage.steps


def run_linter(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)


def test_hadolint_finds_nothing():
    done = run_linter("hadolint", "--no-color", "docker/Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_compose_lint_finds_nothing_but_tags_without_digest():
    done = run_linter("compose-lint", "check", "--no-env", "--format", "json", "docker/compose.yaml")
    findings = json.loads(done.stdout)["findings"]
    # CL-0019 wants digests. A tag of ours has none before it is built; of the two others we want the security fixes.
    assert [found for found in findings if found["rule_id"] != "CL-0019"] == []


def test_yamllint_finds_nothing():
    rules = "{extends: default, rules: {line-length: {max: 120}}}"
    done = run_linter("yamllint", "--strict", "-d", rules, "docker/compose.yaml")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_default_image_is_the_service_and_serves(stages):
    assert list(stages)[-1] == "service"
    assert json.loads(stages["service"].last("CMD") or "") == ["idp", "serve"]


@pytest.mark.parametrize("image", ["service", "samples", "demonstration"])
def test_an_image_runs_as_a_numbered_user_without_rights(stages, image):
    steps = steps_of(stages, image)
    commands = [number for number, (word, _) in enumerate(steps) if word in ("CMD", "ENTRYPOINT")]
    assert commands, "an image says what it runs"
    users = [value for word, value in steps[: commands[0]] if word == "USER"]
    assert users[-1] == "10001:10001"
    assert [value for word, value in steps[commands[0] :] if word == "USER"] == []


@pytest.mark.parametrize("image", ["service", "samples", "demonstration"])
def test_commands_are_lists_so_that_signals_arrive(stages, image):
    for word, value in steps_of(stages, image):
        if word in ("CMD", "ENTRYPOINT"):
            assert isinstance(json.loads(value), list)


def test_bases_are_named_by_version(stages, services):
    outside = [stage.base for stage in stages.values() if stage.base not in stages]
    outside += [service["image"] for service in services.values() if not service["image"].startswith(OWN)]
    assert len(outside) > 2
    for image in outside:
        _, _, tag = image.partition(":")
        assert re.match(r"v?[0-9]", tag), f"{image} is not named by version"


def test_images_of_ours_carry_the_version_of_the_project(services):
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    ours = {service["image"] for service in services.values() if service["image"].startswith(OWN)}
    assert {image.partition(":")[2] for image in ours} == {version}
    assert len(ours) == len(OWN)


def test_nothing_is_fetched_but_what_the_lock_file_names(stages):
    steps = [step for stage in stages.values() for step in stage.steps]
    assert "ADD" not in {word for word, _ in steps}
    installs = [value for word, value in steps if word == "RUN" and "pip" in value and " install " in value]
    assert len([value for value in installs if "requirements.lock" in value]) == 1
    for value in installs:
        assert "--require-hashes" in value
        assert "-r requirements.lock" in value
    assert not [value for word, value in steps if word == "RUN" and re.search(r"\b(curl|wget|git|apt-get)\b", value)]


def test_no_file_names_a_package_registry():
    for path in [*DOCKER.iterdir(), ROOT / ".dockerignore", ROOT / "requirements.lock"]:
        if path.is_file():
            assert not re.search(r"index-url|pypi|pythonhosted|--find-links", path.read_text("utf-8")), path.name


def test_bytecode_and_catalogues_are_compiled(stages):
    runs = " ".join(value for word, value in stages["build"].steps if word == "RUN")
    assert "pybabel -q compile -d idp/translations" in runs
    assert "-m compileall" in runs


def sources(stages: dict[str, Stage]) -> set[str]:
    """What COPY takes from the repository."""
    found: set[str] = set()
    for stage in stages.values():
        for word, value in stage.steps:
            if word == "COPY" and "--from=" not in value:
                found |= {part for part in value.split()[:-1] if not part.startswith("--")}
    return found


def test_every_source_exists_and_reaches_the_builder(stages):
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").split() if line.startswith("!")}
    copied = sources(stages)
    assert {"idp", "policies", "migrations", "examples", "requirements.lock"} <= copied
    for source in copied:
        assert (ROOT / source).exists(), f"{source} is copied and is not there"
    assert sent == copied, ".dockerignore and the Dockerfile disagree"


def test_what_an_image_executes_is_executable(stages):
    for stage in stages.values():
        for word, value in stage.steps:
            if word == "COPY" and (source := value.split()[-2]).startswith("docker/") and not source.endswith(".py"):
                assert "--chmod=0755" in value
                assert (ROOT / source).stat().st_mode & stat.S_IXUSR
                assert (ROOT / source).read_text("utf-8").startswith("#!/")


@pytest.mark.parametrize("image", ["service", "samples"])
def test_a_server_has_a_health_check(stages, image):
    check = [value for word, value in steps_of(stages, image) if word == "HEALTHCHECK"][-1]
    command = json.loads(check.partition("CMD ")[2])
    assert command[:2] == ["python", "/app/docker/answers.py"]
    variable, default, path = command[2:]
    assert variable in SETTINGS | SAMPLE_SETTINGS
    assert default == {"service": "8000", "samples": "8001"}[image]
    if image == "service":
        assert path == "/readyz"


@pytest.fixture
def answering() -> Iterator[http.server.HTTPServer]:
    """A server that answers 200 at /good, 503 elsewhere."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/good" else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_health_check_tells_ready_from_not_ready(answering):
    def check(path: str, port: int) -> int:
        environment = {**os.environ, "IDP_LISTEN_PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
        command = [sys.executable, str(DOCKER / "answers.py"), "IDP_LISTEN_PORT", "8000", path]
        return subprocess.run(command, env=environment, check=False, timeout=20).returncode

    port = answering.server_address[1]
    assert check("/good", port) == 0
    assert check("/readyz", port) == 1
    assert check("/good", 9) == 1


def test_services_are_the_expected_ones(services):
    assert set(services) == {
        "database", "migrations", "demonstration", "idp", "outbox", "accounting", "capture", "mail",
    }  # fmt: skip


def test_built_services_name_targets_of_the_dockerfile(services, stages):
    for name, service in services.items():
        assert ("build" in service) == service["image"].startswith(OWN), name
        if "build" in service:
            build = service["build"]
            assert build["target"] in stages
            assert (DOCKER / build["context"] / build["dockerfile"]).resolve() == DOCKER / "Dockerfile"


def test_every_service_is_hardened(services):
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service, name
        assert "privileged" not in service, name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert int(service["user"].split(":")[0]) > 0, name
        assert service["mem_limit"], name
        assert service["pids_limit"], name


def test_only_the_data_folder_and_tmp_can_be_written(services):
    for name in ("migrations", "idp", "outbox"):
        assert services[name]["volumes"] == ["data:/var/lib/sesame"]
        assert [entry.split(":")[0] for entry in services[name]["tmpfs"]] == ["/tmp"]
    for name in ("accounting", "capture"):
        assert services[name]["volumes"] == [f"{name}-secret:/handover:ro"], "a sample sees its own secret and no other"


def test_secrets_are_files(compose, services):
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            assert not SECRET.search(variable) or variable.endswith("_FILE"), f"{name}: {variable} holds a secret"
            assert not re.search(r"://[^/]*:[^/]*@", str(value)), f"{name}: {variable} holds a password"
    assert all(set(secret) == {"file"} for secret in compose["secrets"].values())
    assert "secrets/" in (DOCKER / ".gitignore").read_text("utf-8").split()


def test_variables_are_settings_that_exist(stages, services):
    named = {variable for service in services.values() for variable in service.get("environment", {})}
    for stage in stages.values():
        named |= {pair.split("=")[0] for word, value in stage.steps if word == "ENV" for pair in value.split()}
    ours = {name for name in named if name.startswith("IDP_")}
    assert "IDP_ISSUER" in ours
    assert ours - SETTINGS == set()
    assert {name for name in named if name.startswith("SAMPLE_")} - SAMPLE_SETTINGS == set()


def test_the_settings_of_the_service_are_accepted(services, tmp_path, monkeypatch):
    environment = services["idp"]["environment"]
    for variable, value in environment.items():
        monkeypatch.setenv(variable, str(value))
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    assert settings.issuer == "http://localhost:8000"
    assert (settings.smtp_host, settings.smtp_security) == ("mail", "none")
    assert settings.listen_port == 8000
    assert not settings.development


def test_ports_are_published_on_this_machine_alone(services):
    published: dict[str, list[int]] = {}
    for name, service in services.items():
        for entry in service.get("ports", []):
            host, outer, inner = entry.split(":")
            assert host == "127.0.0.1"
            assert outer == inner
            published.setdefault(name, []).append(int(inner))
    assert published == {"idp": [8000, 8001, 8002], "mail": [8025]}


def test_the_samples_are_where_their_clients_are_registered(services):
    assert services["accounting"]["environment"]["SAMPLE_LISTEN_PORT"] == "8001"
    assert services["capture"]["environment"]["SAMPLE_LISTEN_PORT"] == "8002"
    assert services["capture"]["command"] == ["python", "-m", "examples.capture"]
    issuer = services["idp"]["environment"]["IDP_ISSUER"]
    for name in ("accounting", "capture"):
        assert services[name]["environment"]["SAMPLE_ISSUER"] == issuer
        assert services[name]["network_mode"] == "service:idp", "the issuer is localhost, so they share its network"


def test_what_runs_on_is_watched_and_what_ends_is_not(services, stages):
    for name, service in services.items():
        if name in ONE_SHOT:
            assert service["restart"] == "no"
            continue
        assert service["restart"] == "unless-stopped"
        built = service.get("build", {}).get("target")
        own = service.get("healthcheck", {}).get("test")
        assert own or (built and any(word == "HEALTHCHECK" for word, _ in steps_of(stages, built))), name


def test_each_waits_for_what_it_needs(services):
    def waits(name: str) -> dict[str, str]:
        return {other: entry["condition"] for other, entry in services[name]["depends_on"].items()}

    done, healthy = "service_completed_successfully", "service_healthy"
    assert waits("migrations") == {"database": healthy}
    assert waits("idp") == {"migrations": done}
    assert waits("demonstration") == {"migrations": done}
    assert waits("outbox") == {"idp": healthy, "mail": healthy}
    assert waits("accounting") == waits("capture") == {"idp": healthy, "demonstration": done}
    for name, service in services.items():
        for other, entry in service.get("depends_on", {}).items():
            assert (entry["condition"] == done) == (other in ONE_SHOT), f"{name} waits for {other}"


def test_volumes_networks_and_secrets_are_declared_and_used(compose, services):
    used: dict[str, set[str]] = {"volumes": set(), "networks": set(), "secrets": set()}
    for service in services.values():
        used["volumes"] |= {entry.split(":")[0] for entry in service.get("volumes", [])}
        used["networks"] |= set(service.get("networks", []))
        used["secrets"] |= {e if isinstance(e, str) else e["source"] for e in service.get("secrets", [])}
    for kind, names in used.items():
        assert names == set(compose[kind]), kind
    assert compose["networks"]["inside"] == {"internal": True}
    assert services["database"]["networks"] == ["inside"]


def test_the_secrets_are_made_once_and_closed_to_others(tmp_path, compose):
    script = tmp_path / "make-secrets"
    script.write_bytes((DOCKER / "make-secrets").read_bytes())
    made: list[dict[str, bytes]] = []
    for _ in range(2):
        subprocess.run(["sh", str(script)], check=True, capture_output=True)
        made.append({file.name: file.read_bytes() for file in (tmp_path / "secrets").iterdir()})
    assert made[0] == made[1]
    assert {Path(secret["file"]).name for secret in compose["secrets"].values()} == set(made[0])
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    password = made[0]["database-password"].decode()
    assert len(password) == 48
    url = tomllib.loads(made[0]["idp.toml"].decode())["database_url"]
    assert url == f"postgresql+psycopg://sesame:{password}@database:5432/sesame"


@pytest.mark.parametrize("script", ["prepare", "load-demonstration", "make-secrets"])
def test_scripts_are_valid_shell(script):
    done = subprocess.run(["sh", "-n", str(DOCKER / script)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_verbs_that_scripts_and_services_use_exist(services):
    from idp.cli import idp

    text = "\n".join((DOCKER / name).read_text("utf-8") for name in ("prepare", "load-demonstration"))
    used = re.findall(r"\bidp ([a-z]+) ([a-z-]+)", text)
    used += [
        tuple(service["command"][1:3]) for service in services.values() if service.get("command", [""])[0] == "idp"
    ]
    assert ("db", "upgrade") in used
    assert ("outbox", "run") in used
    for noun, verb in used:
        assert verb in idp.commands[noun].commands, f"idp {noun} {verb}"  # type: ignore[attr-defined]
