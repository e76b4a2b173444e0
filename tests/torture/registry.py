"""All faults, in the order of the table. A module of faults adds its own here."""

from tests.torture import clocks, connections, kills, models, storms
from tests.torture.disks import registry as disks
from tests.torture.running import Fault

FAULTS: tuple[Fault, ...] = (
    *kills.FAULTS, *connections.FAULTS, *storms.FAULTS, *clocks.FAULTS, *models.FAULTS,
    *disks.FAULTS,
)  # fmt: skip
BY_NAME = {fault.name: fault for fault in FAULTS}
GROUPS = {group: [fault for fault in FAULTS if fault.group == group] for group in {one.group for one in FAULTS}}


def named(names: str) -> list[Fault]:
    """The faults of names or of groups, with commas or blanks between them; all for an empty text."""
    wanted = names.replace(",", " ").split()
    unknown = [name for name in wanted if name not in BY_NAME and name not in GROUPS]
    if unknown:
        raise SystemExit(f"There is no fault {unknown[0]}; there are {', '.join([*sorted(GROUPS), *BY_NAME])}.")
    return [fault for fault in FAULTS if not wanted or fault.name in wanted or fault.group in wanted]
