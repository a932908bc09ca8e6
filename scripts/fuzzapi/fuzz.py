"""Starts a stack of its own and has schemathesis send both services what their documents allow, and what they do not.

Settings, read from the environment: EXAMPLES (cases for each operation and phase), SEED (0 takes one by chance).
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LOCAL = ROOT / ".local"
TOOLS = LOCAL / "schemathesis"
START_SECONDS, STOP_SECONDS = 180, 60
ORDERS, USERS = 30, 20  # that are there before


def main() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("fuzzapi: stopped"))
    fuzzer = install()
    ports = free_ports(6)
    with tempfile.TemporaryDirectory(prefix="fuzzapi") as data:
        os.chmod(data, 0o755)  # PostgreSQL may run as another user
        stack = start(data, ports)
        try:
            await_ready(stack, ports[4:])
            orders, users = ports[2:4]
            os.environ |= {"SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "FUZZ_TOKENS": " ".join(place(orders, users))}
            results = [fuzz(fuzzer, data, port) for port in (orders, users)]
        finally:
            stack.send_signal(signal.SIGTERM)
            stack.wait(STOP_SECONDS)
    return max(results)


def install() -> pathlib.Path:
    """The fuzzer, pinned, in an environment of its own."""
    wanted = (HERE / "requirements.txt").read_text()
    have = TOOLS / "installed.txt"
    if not have.exists() or have.read_text() != wanted:
        venv.create(TOOLS, with_pip=True, clear=True)
        pip = [TOOLS / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", HERE / "requirements.txt"], check=True)
        have.write_text(wanted)
    return TOOLS / "bin" / "schemathesis"


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def start(data: str, ports: list[int]) -> subprocess.Popen:
    program = LOCAL / "bin" / "localstack"
    subprocess.run(["go", "build", "-buildvcs=false", "-o", program, "./scripts/localstack"], cwd=ROOT, check=True)
    postgres, kafka, *services = ports
    addresses = ["ORDER_HTTP_ADDR", "TRACK_HTTP_ADDR", "ORDER_ADMIN_ADDR", "TRACK_ADMIN_ADDR"]
    settings = {"LOCAL_DIR": data, "POSTGRES_PORT": str(postgres), "KAFKA_PORT": str(kafka), "LOG_LEVEL": "warn"}
    settings |= {name: f"127.0.0.1:{port}" for name, port in zip(addresses, services)}
    return subprocess.Popen([program, "run"], cwd=ROOT, env=os.environ | settings, start_new_session=True)


def await_ready(stack: subprocess.Popen, admin_ports: list[int]) -> None:
    end = time.monotonic() + START_SECONDS
    for port in admin_ports:
        while not is_ready(port):
            if stack.poll() is not None or time.monotonic() > end:
                sys.exit("fuzzapi: the stack did not start")
            time.sleep(0.2)


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def place(orders: int, users: int) -> list[str]:
    """Places some orders, waits until they are counted, and returns their tokens."""
    tokens = []
    for number in range(ORDERS):
        who = f"user {number % USERS}"
        body = json.dumps({"name": who}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"http://127.0.0.1:{orders}/api/v1/orders", body, headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            token = answer.headers["Order-Token"]
        path = f"/api/v1/users/{urllib.parse.quote(who)}?after={token}&wait=30s"
        with urllib.request.urlopen(f"http://127.0.0.1:{users}{path}", timeout=60):
            tokens.append(token)
    return tokens


def fuzz(fuzzer: pathlib.Path, data: str, port: int, *more: str) -> int:
    seed = os.environ.get("SEED", "0")
    command = [fuzzer, "--config-file", HERE / "schemathesis.toml", "run", f"http://127.0.0.1:{port}/openapi.yaml",
               "--checks", "all", "--continue-on-failure", "--max-examples", os.environ.get("EXAMPLES", "300"),
               "--output-sanitize", "false", "--warnings", "off", *more]
    if seed != "0":
        command += ["--seed", seed]
    return subprocess.run(command, cwd=data).returncode


if __name__ == "__main__":
    sys.exit(main())
