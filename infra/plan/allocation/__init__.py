"""What is given out once and never changes: addresses, AS numbers, VNIs, partition keys, places of racks.

- `lock`: the lock file, its entries and their blocks, reading and its text; `lock_lines` reads its usual form quickly.
- `pools`: free numbers and first fit.
- `allocate`: what a region still lacks and where it goes; entries that are retired or released.
- `ledger`: new lines appended to a lock file on disk.
- `contradictions`: where a region file and its lock disagree, and faults of the lock itself.
- `region_numbers`: what no two regions may share. `address_plan`: what a new region asks of the company's pools.
"""
