"""A bare Flask route. It shows the rate of the same server with an application that does nothing."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello() -> str:
    return "x" * 2000
