"""From records to a verdict: `rule` (what a rule is and looks at), `run_rules` (running them, waivers), `region` (one
region judged) and `verdict` (what the gate says). The rules themselves stand in `gate.rules`.
"""
