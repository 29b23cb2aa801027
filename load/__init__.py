"""Load and faults on the local AWS, as repeatable scripts: `make load` and `make faults`.

`publishes.py` sends many small videos at once while events are repeated and put out of order; `faults.py` kills and
hinders what works on some, at seeded instants. `ledger.py` then counts what there is: nothing lost, nothing done twice.
"""
