"""A bare Flask route: what the same server does when an application does nothing."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    return "x" * 2000
