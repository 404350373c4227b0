"""Measuring real systems: the probe, the audit, evidence and the gates.

Theory of operation. The probe (probe.py) drives a real server through an adapter at a fixed rate and writes what it
saw as an *envelope* (evidence.py): who measured, with what, against what, and entries that hold the raw material (a
histogram, a ledger of sends and effects, a series of counts), not only conclusions. Every envelope goes into one file
a kind below `.team/evidence/` and as one line into a hash chain, `LEDGER.jsonl`. The gates (gates.py) trust nothing of
it: they derive every number again from the raw material and compare. gates.py, evidence.py, rtfile.py, hdr.py and
stats.py need the standard library only, because hooks call them with whatever Python a user has.
"""
