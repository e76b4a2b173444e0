"""What the secrets protect: encrypted for one row, found by a keyed digest, and keys that can be rotated."""

import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest

from service.vault import KeyRing, SecretsError, Vault, create_secrets, load_vault

OLD, NEW = os.urandom(32), os.urandom(32)
BEFORE = Vault(KeyRing("a", {"a": OLD}), KeyRing("a", {"a": OLD}))
AFTER = Vault(KeyRing("b", {"a": OLD, "b": NEW}), KeyRing("b", {"a": OLD, "b": NEW}))


def test_what_is_encrypted_for_a_row_opens_in_that_row_only() -> None:
    encrypted = BEFORE.encrypt("巴特尔", 7, "name")
    assert BEFORE.decrypt(encrypted, 7, "name") == "巴特尔"
    assert "巴特尔".encode() not in encrypted
    for ordinal, field in ((8, "name"), (7, "id_number")):
        with pytest.raises(SecretsError, match="does not open"):
            BEFORE.decrypt(encrypted, ordinal, field)


def test_sealing_twice_gives_two_cipher_texts_and_one_digest() -> None:
    assert BEFORE.encrypt("x", 1, "name") != BEFORE.encrypt("x", 1, "name")
    assert BEFORE.digest("152501199001011238") == BEFORE.digest("152501199001011238")
    assert BEFORE.digest("152501199001011238") != BEFORE.digest("152501198506150028")


def test_after_a_rotation_old_rows_still_open_and_are_still_found() -> None:
    encrypted, digest = BEFORE.encrypt("巴特尔", 7, "name"), BEFORE.digest("152501199001011238")
    assert AFTER.decrypt(encrypted, 7, "name") == "巴特尔"
    assert digest in AFTER.digests("152501199001011238")
    assert AFTER.digest("152501199001011238") != digest


def test_without_the_old_key_an_old_row_says_which_key_it_needs() -> None:
    encrypted = BEFORE.encrypt("巴特尔", 7, "name")
    with pytest.raises(SecretsError, match="lacks the encryption key 'a'"):
        Vault(KeyRing("b", {"b": NEW}), KeyRing("b", {"b": NEW})).decrypt(encrypted, 7, "name")


def test_a_changed_byte_is_noticed() -> None:
    encrypted = bytearray(BEFORE.encrypt("巴特尔", 7, "name"))
    encrypted[-1] ^= 1
    with pytest.raises(SecretsError, match="does not open"):
        BEFORE.decrypt(bytes(encrypted), 7, "name")


def test_secrets_are_never_overwritten(tmp_path: pathlib.Path) -> None:
    create_secrets(tmp_path / "s.json")
    kept = (tmp_path / "s.json").read_bytes()
    with pytest.raises(FileExistsError):
        create_secrets(tmp_path / "s.json")
    assert (tmp_path / "s.json").read_bytes() == kept


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("index"),
        lambda document: document["encryption"].update(current="missing"),
        lambda document: document["encryption"]["keys"].update(k1="c2hvcnQ="),
        lambda document: document["encryption"]["keys"].update(k1="no base64!"),
    ],
)
def test_a_secrets_file_that_is_not_what_it_must_be_is_refused(
    tmp_path: pathlib.Path, change: Callable[[Any], object]
) -> None:
    path = tmp_path / "s.json"
    create_secrets(path)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(SecretsError, match="needs"):
        load_vault(path)


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440])
def test_secrets_that_only_their_owner_can_change_are_taken(tmp_path: pathlib.Path, mode: int) -> None:
    create_secrets(tmp_path / "secrets.json")
    (tmp_path / "secrets.json").chmod(mode)
    assert load_vault(tmp_path / "secrets.json").derive("sessions")


@pytest.mark.parametrize("mode", [0o660, 0o604, 0o606])
def test_secrets_that_others_could_use_or_change_are_refused(tmp_path: pathlib.Path, mode: int) -> None:
    create_secrets(tmp_path / "secrets.json")
    (tmp_path / "secrets.json").chmod(mode)
    with pytest.raises(SecretsError, match="chmod 600"):
        load_vault(tmp_path / "secrets.json")
