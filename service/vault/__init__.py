"""The secrets protect names and citizen numbers: one key encrypts them, another makes the digests that find them.

Each cipher text is bound to its row. One area has only about 36.5 million possible numbers, so a plain hash would hide
nothing. Both keys are in a file outside of the database. Every cipher text names its key, so that keys can be rotated.
"""

import base64
import errno
import hashlib
import hmac
import json
import os
import pathlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from service.domain.macs import MacKeys, Macs
from service.storage.new_files import new_file
from service.storage.private_files import PRIVATE_FOLDER

KEY_BYTES = 32
NONCE_BYTES = 12
MODE_REFUSED = stat.S_IRWXO | stat.S_IWGRP
"""The rights that a secrets file must not give. We make the file with 0600. A group may read it but not write it,
because Kubernetes gives a secret to its user in this way."""


class SecretsError(ValueError):
    """The secrets file can't be used; the message is one line that says why."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by their id: the current one is for new data, the others are for data that was made with them before."""

    current: str
    keys: Mapping[str, bytes]


class Vault:
    """Encrypts and decrypts personal data."""

    def __init__(self, encryption: KeyRing, index: KeyRing) -> None:
        """Takes two rings, so that the index key can be changed without the cipher texts, and the other way round."""
        self._encryption = encryption
        self._index = index
        self._ciphers = {key_id: AESGCM(key) for key_id, key in encryption.keys.items()}
        self.macs = Macs(*(self._mac_keys(purpose) for purpose in Macs._fields))

    def encrypt(self, text: str, ordinal: int, field: str) -> bytes:
        """The cipher text of a text (AES-256-GCM), bound to its row and field: in another row it can't be decrypted."""
        key_id = self._encryption.current.encode()
        nonce = os.urandom(NONCE_BYTES)
        encrypted = self._ciphers[self._encryption.current].encrypt(nonce, text.encode(), _bound_to(ordinal, field))
        return bytes([len(key_id)]) + key_id + nonce + encrypted

    def decrypt(self, encrypted: bytes, ordinal: int, field: str) -> str:
        """The text of a cipher text. Raises SecretsError when the ring lacks its key, or it is bound to another row."""
        start = 1 + encrypted[0]
        key_id = encrypted[1:start].decode("ascii", "replace")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SecretsError(f"the secrets file lacks the encryption key {key_id!r} of resident {ordinal}")
        nonce, body = encrypted[start : start + NONCE_BYTES], encrypted[start + NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, body, _bound_to(ordinal, field)).decode()
        except InvalidTag:
            raise SecretsError(f"the {field} of resident {ordinal} does not open with key {key_id!r}") from None

    def decrypts(self, encrypted: bytes, ordinal: int, field: str) -> bool:
        """Whether one of the keys decrypts the bytes as this field of this resident."""
        try:
            self.decrypt(encrypted, ordinal, field)
        except (SecretsError, ValueError, LookupError):
            return False
        return True

    def digest(self, number: str) -> bytes:
        """The keyed digest (HMAC-SHA-256) of a citizen number: it keeps numbers unique, and finds a resident by it."""
        return self._hmac(self._index.current, number)

    def digests(self, number: str) -> list[bytes]:
        """The digests under all index keys, so that residents who were registered before a rotation are found too."""
        return [self._hmac(key_id, number) for key_id in self._index.keys]

    def refuse_foreign(
        self, ordinal: int, number_digest: bytes, number_encrypted: bytes, name_encrypted: bytes
    ) -> None:
        """Raises SecretsError unless a resident's row fits both rings: one must decrypt it, the other must find it."""
        self.decrypt(name_encrypted, ordinal, "name")
        number = self.decrypt(number_encrypted, ordinal, "id_number")
        if number_digest not in self.digests(number):
            raise SecretsError(f"the secrets file lacks the index key by which resident {ordinal} is found")

    def derive(self, purpose: str) -> bytes:
        """A key for another purpose (HKDF-SHA-256 of the current index key); a rotation of the index key changes it."""
        return self._derived(self._index.current, purpose)

    def _derived(self, key_id: str, purpose: str) -> bytes:
        key = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=b"hushi/" + purpose.encode())
        return key.derive(self._index.keys[key_id])

    def _mac_keys(self, purpose: str) -> MacKeys:
        before = [key_id for key_id in self._index.keys if key_id != self._index.current]
        return MacKeys([self._derived(key_id, purpose) for key_id in (self._index.current, *before)])

    def _hmac(self, key_id: str, number: str) -> bytes:
        return hmac.digest(self._index.keys[key_id], number.encode(), hashlib.sha256)


def _bound_to(ordinal: int, field: str) -> bytes:
    return f"resident/{ordinal}/{field}".encode()


def load_vault(path: pathlib.Path) -> Vault:
    """The vault of a secrets file. Raises SecretsError when the file is missing, open to others, or not well-formed."""
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except FileNotFoundError:
        raise SecretsError(
            f"{path} is missing; put its copy back. Without it names and citizen numbers can't be read and nothing can "
            "be recorded; trades and figures are not touched. A server that runs still has the keys: do not stop it. "
            f"Only for a new ledger: hushi secrets create {path}"
        ) from None
    except OSError as error:
        raise SecretsError(f"{path} can't be read ({error.strerror})") from None
    if not content.strip():
        raise SecretsError(
            f"{path} is empty, as a full disk may leave it; put its copy back, or only for a new ledger remove it and "
            f"run: hushi secrets create {path}"
        )
    try:
        document = json.loads(content)
    except ValueError:
        raise SecretsError(f"{path} is not JSON") from None
    if mode & MODE_REFUSED:
        raise SecretsError(f"{path} is open to others than its owner; run: chmod 600 {path}")
    return Vault(_ring(document, "encryption", path), _ring(document, "index", path))


def create_secrets(path: pathlib.Path) -> None:
    """Writes a new secrets file with mode 0600, whole or not at all.

    Raises FileExistsError when the file exists, because keys are never overwritten. Raises OSError, also on a full
    disk; then no file is left.
    """
    document = {
        ring: {"current": "k1", "keys": {"k1": base64.b64encode(os.urandom(KEY_BYTES)).decode()}}
        for ring in ("encryption", "index")
    }
    path.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    with new_file(path) as file:
        file.write(json.dumps(document, indent=1).encode() + b"\n")


def _ring(document: Any, name: str, path: pathlib.Path) -> KeyRing:
    try:
        keys = {key_id: base64.b64decode(key, validate=True) for key_id, key in document[name]["keys"].items()}
        ring = KeyRing(document[name]["current"], keys)
        sound = ring.current in keys and all(len(key) == KEY_BYTES for key in keys.values())
        sound = sound and all(key_id.isascii() and 0 < len(key_id) <= 32 for key_id in keys)
    except (KeyError, TypeError, AttributeError, ValueError):
        sound = False
    if not sound:
        raise SecretsError(f'{path} needs "{name}": {{"current": ID, "keys": {{ID: 32 bytes in base64}}}}')
    return ring
