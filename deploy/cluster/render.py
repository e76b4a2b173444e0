"""Puts the values of a cluster into the templates beside it, for one node.

    python3 render.py cluster.env db1 /etc/hushi-cluster

It needs nothing but Python. It refuses a value that is missing or empty, and writes files that only their owner reads.
"""

import pathlib
import string
import sys
from collections.abc import Mapping

FOLDER = pathlib.Path(__file__).parent
NODES = ("db1", "db2", "db3")
SUFFIX = ".in"


def read_values(text: str) -> dict[str, str]:
    """The values of a file of lines NAME=value. Blank lines and lines that begin with # say nothing."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def render(values: Mapping[str, str], node: str) -> dict[str, str]:
    """The files of a node, by their names. Raises KeyError for a value that is missing, ValueError for an empty one."""
    if node not in NODES:
        raise ValueError(f"the node is one of {', '.join(NODES)}, not {node}")
    empty = [name for name, value in values.items() if not value]
    if empty:
        raise ValueError(f"these values are empty: {', '.join(empty)}")
    known = {**values, "NODE": node, "NODE_ADDRESS": values[f"{node.upper()}_ADDRESS"]}
    return {
        template.name.removesuffix(SUFFIX): string.Template(template.read_text("utf-8")).substitute(known)
        for template in sorted(FOLDER.glob(f"*{SUFFIX}"))
    }


def write(files: Mapping[str, str], folder: pathlib.Path) -> None:
    """Writes the files into a folder, which is made when it is missing. Their passwords are for their owner only."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text, "utf-8")


def main() -> None:
    """Reads the arguments: the file of values, the node, and the folder to write to."""
    if len(sys.argv) != 4:
        sys.exit("usage: python3 render.py cluster.env db1|db2|db3 FOLDER")
    values, node, folder = sys.argv[1:]
    try:
        write(render(read_values(pathlib.Path(values).read_text("utf-8")), node), pathlib.Path(folder))
    except KeyError as error:
        sys.exit(f"{values} has no value for {error.args[0]}")
    except (OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
