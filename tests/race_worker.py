"""A process of its own that posts at the same time as others: arguments THREADS KEY own|shared START.

It waits for the instant START, posts one trade of 1,000.00 CNY from each thread, and prints the answers as JSON.
"""

import json
import os
import sys
import threading
import time

from service.app import create_app
from service.config import read_settings
from service.http.context import AppContext
from service.ledger import open_ledger
from tests.builders import a_trade


def main() -> None:
    """Posts and prints."""
    threads, key, is_shared, start = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "shared", float(sys.argv[4])
    app = create_app(open_ledger(read_settings(os.environ)))
    headers = {"Authorization": f"Bearer {os.environ['RACE_KEY']}"}
    answers: list[tuple[int, dict[str, object]]] = []

    def post(number: int) -> None:
        idempotency_key = key if is_shared else f"{key}-{number}"
        client = app.test_client()
        time.sleep(max(0.0, start - time.time()))
        answer = client.post(
            "/v1/transactions", json=a_trade(), headers={**headers, "Idempotency-Key": idempotency_key}
        )
        answers.append((answer.status_code, answer.get_json()))

    running = [threading.Thread(target=post, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    market: AppContext = app.extensions["hushi"]
    market.committer.close()
    print(json.dumps(answers))
