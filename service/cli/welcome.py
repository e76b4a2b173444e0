"""The text that a newcomer sees first: the address, a key of their own, and a request to paste."""

import pathlib
from urllib.parse import quote

from service.commands.keys import create_key, revoke_key
from service.config import SettingError
from service.demo.after_market_told import after_market_text
from service.demo.mark import OPENS_WITH, is_demo
from service.ledger import Ledger
from service.queries.keys import is_live
from service.rendering.words import word
from service.storage.new_files import new_file
from service.storage.private_files import PRIVATE_FOLDER

KEY_FILE = "demo.key"


def welcome_text(ledger: Ledger, data_dir: pathlib.Path, port: int) -> str:
    """The address, a link that signs in, and a curl line, all with a key.

    The key is kept in a file with mode 0600 in the data folder. In the link it comes after the #. Browsers do not send
    that part, so that no log between the browser and the server contains the key.
    """
    address = f"http://127.0.0.1:{port}"
    key = _demo_key(ledger, data_dir / KEY_FILE)
    return (
        f"Hushi {word('product.name', 'zh')} at {address}\n"
        f"  dashboard  {address}/signin{_first_question(ledger)}#key={key}\n"
        f"  reference  {address}/docs\n"
        f"  demo key   {key}\n\n"
        f'  curl -s -H "Authorization: Bearer {key}" {address}/v1/transactions\n'
        f"{_after_market(ledger)}"
    )


def _first_question(ledger: Ledger) -> str:
    """The part of the link that opens a demo with the days it was made to show; empty for any other ledger.

    Without it, the dashboard opens with the newest days.
    """
    return f"?next={quote(f'/?{OPENS_WITH}', safe='')}" if is_demo(ledger) else ""


def _after_market(ledger: Ledger) -> str:
    """What a demo tells about landing processing; empty for any other ledger."""
    told = after_market_text(ledger) if is_demo(ledger) else ""
    return f"\n{told}\n" if told else ""


def _demo_key(ledger: Ledger, path: pathlib.Path) -> str:
    if path.exists():
        kept = path.read_text("ascii").strip()
        if is_live(ledger, kept):
            return kept
        path.unlink()
    key_id, key = create_key(ledger, "demo", ["admin"])
    try:
        path.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
        with new_file(path) as file:
            file.write(key.encode() + b"\n")
    except OSError as error:
        revoke_key(ledger, key_id)  # The key was not shown to anybody.
        raise SettingError(f"HUSHI_DATA_DIR: {path} can't be made ({error.strerror}).") from None
    return key
