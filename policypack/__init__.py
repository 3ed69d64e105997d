"""The gate's rules inside the engine: Pulumi's policy packs on one side, the rules on the other.

`__main__` is all that a project needs of it beside `PulumiPolicy.yaml` and its environment (`aifactory init` puts both
there); `policies` makes the policies, `adapter` takes resources in and gives violations out.
"""
