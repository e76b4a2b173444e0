"""Starts nginx and Caddy with the files of deploy/, where they are installed, and sends requests through them.

Only names, ports, paths and the certificate of those files are replaced. The certificate is made here and signs itself.
"""

import contextlib
import datetime
import functools
import pathlib
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage, HTTPResponse, HTTPSConnection
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.servers import free_port

ROOT = pathlib.Path(__file__).parents[1]
NAME = "hushi.example.org"
FILES = {"nginx": ROOT / "deploy/nginx/hushi.conf", "caddy": ROOT / "deploy/caddy/Caddyfile"}
START_TIMEOUT_S = 20.0

_NGINX = """daemon off;
user root;
pid {folder}/pid;
error_log {folder}/errors;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/hushi.conf;
}}
"""


def program(kind: str) -> str | None:
    """The program of a proxy; None where it is not installed."""
    return shutil.which(kind) or shutil.which(kind, path="/usr/sbin:/usr/local/bin")


@dataclass(frozen=True)
class Proxy:
    """A running proxy. Callers reach it by its ports on this machine, under the name of its certificate."""

    folder: pathlib.Path
    port: int
    plain_port: int

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, HTTPMessage, bytes]:
        """Sends a request with TLS, and returns status, headers and the bytes of the answer as they came."""
        with self.begin(method, path, body, headers) as answer:
            return answer.status, answer.headers, answer.read()

    @contextlib.contextmanager
    def begin(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Iterator[HTTPResponse]:
        """Sends a request with TLS; what it gives has read the head of the answer only."""
        connection = _TrustingConnection(self.port, self.folder / "certificate.pem")
        try:
            connection.request(method, path, body, {"Host": NAME, **(headers or {})})
            yield connection.getresponse()
        finally:
            connection.close()

    def connected(self) -> socket.socket:
        """A connection with TLS, for what is no request of HTTP."""
        connection = _TrustingConnection(self.port, self.folder / "certificate.pem")
        connection.connect()
        return connection.sock

    def ask_without_tls(self, path: str) -> tuple[int, str | None]:
        """Sends a request to the port without TLS, and returns the status and where the answer leads."""
        connection = HTTPConnection("127.0.0.1", self.plain_port, timeout=10)
        try:
            connection.request("GET", path, headers={"Host": NAME})
            answer = connection.getresponse()
            return answer.status, answer.getheader("Location")
        finally:
            connection.close()


class _TrustingConnection(HTTPSConnection):
    def __init__(self, port: int, certificate: pathlib.Path) -> None:
        self._trusting = ssl.create_default_context(cafile=str(certificate))
        super().__init__("127.0.0.1", port, timeout=30, context=self._trusting)

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), self.timeout)
        self.sock = self._trusting.wrap_socket(plain, server_hostname=NAME)


@contextlib.contextmanager
def proxying(
    kind: str, folder: pathlib.Path, ports: tuple[int, int], changes: Mapping[str, str] | None = None
) -> Iterator[Proxy]:
    """Starts a proxy in front of two ports. `changes` replaces more of its file, so that a test can break it."""
    folder.mkdir()
    _make_certificate(folder)
    proxy = Proxy(folder, free_port(), free_port())
    text = FILES[kind].read_text("utf-8")
    for found, instead in {**_replaced(kind, proxy, ports), **(changes or {})}.items():
        assert found in text, found
        text = text.replace(found, instead)
    command = _written(kind, folder, text)
    with (folder / "output").open("wb") as output:
        environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
        process = subprocess.Popen([program(kind) or "", *command], stdout=output, stderr=output, env=environment)
    try:
        _wait_until_listening(process, proxy)
        yield proxy
    finally:
        process.terminate()
        process.wait(10)


def _replaced(kind: str, proxy: Proxy, ports: tuple[int, int]) -> dict[str, str]:
    upstreams = {f"127.0.0.1:{8000 + place}": f"127.0.0.1:{port}" for place, port in enumerate(ports)}
    if kind == "nginx":
        certificate = {"fullchain.pem": "certificate.pem", "privkey.pem": "key.pem"}
        return upstreams | {
            "listen [::]:80;": "",
            "listen [::]:443 ssl http2;": "",
            "listen 80;": f"listen 127.0.0.1:{proxy.plain_port};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{proxy.port} ssl http2;",
            **{f"/etc/ssl/hushi/{name}": f"{proxy.folder}/{ours}" for name, ours in certificate.items()},
            "/var/log/nginx/hushi.log": f"{proxy.folder}/log",
        }
    own = f"admin off\n\tskip_install_trust\n\thttp_port {proxy.plain_port}\n\thttps_port {proxy.port}"
    return upstreams | {
        "{\n\tservers {": f"{{\n\t{own}\n\tservers {{",
        f"{NAME} {{\n": f"{NAME} {{\n\ttls {proxy.folder}/certificate.pem {proxy.folder}/key.pem\n",
        "/var/log/caddy/hushi.log": f"{proxy.folder}/log",
    }


def _written(kind: str, folder: pathlib.Path, text: str) -> list[str]:
    """Writes the configuration, and returns the arguments with which the proxy reads it."""
    if kind == "caddy":
        (folder / "Caddyfile").write_text(text)
        return ["run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    (folder / "hushi.conf").write_text(text)
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder))
    return ["-c", str(folder / "nginx.conf")]


def _wait_until_listening(process: "subprocess.Popen[Any]", proxy: Proxy) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", proxy.port), 1).close()
            return
        assert process.poll() is None, (proxy.folder / "output").read_text()
        assert time.monotonic() < until, (proxy.folder / "output").read_text()
        time.sleep(0.02)


@functools.cache
def _certificate() -> tuple[bytes, bytes]:
    """A certificate that signs itself, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, NAME)])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - day).not_valid_after(now + 2 * day)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), key.private_bytes(*kinds)


def _make_certificate(folder: pathlib.Path) -> None:
    certificate, key = _certificate()
    (folder / "certificate.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
