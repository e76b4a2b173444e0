"""The faults of disks, in the order of the table."""

from tests.torture.disks import cuts, errors, ext4_cuts, full_disks
from tests.torture.running import Fault

FAULTS: tuple[Fault, ...] = (*cuts.FAULTS, *ext4_cuts.FAULTS, *full_disks.FAULTS, *errors.FAULTS)
