"""How results are shown: tables for a terminal, plain data for programs."""
