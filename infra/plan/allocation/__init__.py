"""What is given out once and never changes: addresses, AS numbers, VNIs, partition keys, places of racks.

Read `lock` (the file and its entries; `lock_lines` reads its usual form), `pools` (first fit), `allocate` (what a
region still lacks, and where it goes) and `ledger` (writing new lines). `contradictions` says where a region file and
its lock disagree. Between regions: `region_numbers` (what no two may share) and `address_plan` (blocks for a new one).
"""
