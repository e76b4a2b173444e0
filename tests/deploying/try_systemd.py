"""Starts deploy/systemd/hushi.service under a real systemd, which is the first process of a container.

    python -m tests.deploying.try_systemd IMAGE

IMAGE is the image with Python on which `hushi` was built; `hushi` must have been built (tests.deploying.try_compose).
"""

import contextlib
import pathlib
import subprocess
import sys
import time

from tests.deploying.project import ROOT

NAME, IMAGE = "hushi-trial-systemd", "hushi-standin/systemd"
CAPABILITIES = ("SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN", "DAC_READ_SEARCH")
UNIT = ROOT / "deploy/systemd/hushi.service"


def main() -> None:
    """Builds the machine, starts the unit, and looks at what it may do and how it ends."""
    context = pathlib.Path(__file__).parent / "standins/systemd"
    _run("docker", "build", "-q", "-t", IMAGE, "--build-arg", f"PYTHON_IMAGE={sys.argv[1]}", str(context))
    added = [f"--cap-add={name}" for name in CAPABILITIES]
    mounted = ["--tmpfs=/run", "--tmpfs=/tmp", "--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw"]
    _run("docker", "run", "-d", "--name", NAME, *added, "--security-opt=seccomp=unconfined", *mounted, IMAGE)
    try:
        _wait_until("systemctl is-system-running --wait")
        _run("docker", "cp", str(UNIT), f"{NAME}:/etc/systemd/system/hushi.service")
        # As docs/OPERATIONS.md says, for commands. Only root can read that file here: the service reads systemd's.
        _inside("echo HUSHI_SECRETS_FILE=/etc/hushi/secrets.json > /etc/hushi/hushi.env")
        _inside("/opt/hushi/bin/hushi secrets create /etc/hushi/secrets.json && chmod 600 /etc/hushi/secrets.json")
        _inside("systemctl daemon-reload && systemctl enable --now hushi")
        _check()
    finally:
        subprocess.run(["docker", "rm", "-f", NAME], stdout=subprocess.DEVNULL)


def _check() -> None:
    ready = "curl -fsS http://127.0.0.1:8000/health/ready"
    _say(f"ready {_wait_until(ready):.0f} s after `systemctl enable --now`")
    pid = _inside("systemctl show -p MainPID --value hushi")
    status = _inside(f"cat /proc/{pid}/status")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert _inside(f"nsenter -t {pid} -m sh -c 'touch /usr/x || touch /etc/x || echo refused'").endswith("refused")
    assert _inside("stat -c %U:%a /var/lib/hushi/hushi.db") == "hushi:600"
    assert "secrets.json" not in _inside("ls /var/lib/hushi")
    variables = _inside(f"tr '\\0' '\\n' < /proc/{pid}/environ").splitlines()
    assert "HUSHI_SECRETS_FILE=/run/credentials/hushi.service/secrets.json" in variables
    _say("no capability, no new privileges, a filter of system calls; / is read-only; the secrets come from systemd")
    _inside(f"kill -KILL {pid}")
    _say(f"ready again {_wait_until(ready):.0f} s after its first process was killed")
    began = time.monotonic()
    _inside("systemctl stop hushi")
    assert _inside("systemctl show -p Result --value hushi") == "success"
    _say(f"stopped in {time.monotonic() - began:.1f} s, with success")
    _inside("systemctl start hushi")
    _wait_until(ready)
    _say("started again")
    print(_inside("systemd-analyze security --no-pager hushi | tail -1"))


def _say(told: str) -> None:
    print(f"ok  {told}", flush=True)


def _wait_until(command: str, within_s: float = 90) -> float:
    began = time.monotonic()
    while time.monotonic() - began < within_s:
        with contextlib.suppress(AssertionError):
            _inside(command)
            return time.monotonic() - began
        time.sleep(0.5)
    raise AssertionError(f"{command} did not succeed:\n{_inside('journalctl --no-pager -n 30')}")


def _inside(command: str) -> str:
    return _run("docker", "exec", NAME, "bash", "-c", command)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout.strip()


if __name__ == "__main__":
    main()
