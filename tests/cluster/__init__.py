"""Three machines: PostgreSQL under Patroni, two serving processes on other machines, and the faults of all of them."""
