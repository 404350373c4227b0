"""Squads on several machines (docs/fleet.md): every run's journal, leases on files and who leads a run, in PostgreSQL.

desk is what hooks ask, standard library only; shipper is the process beside a run, the only one that talks to the engine while the run
works; takeover, status and setup are `pack fleet VERB` of a person's own terminal.
"""
