"""What other teams' interpreters run in a new project: its program under mocks, and its policy pack."""

from __future__ import annotations

PROGRAM = """\
import runpy, sys
import pulumi
from pathlib import Path

class Recorder(pulumi.runtime.Mocks):
    def __init__(self):
        self.types = []
    def new_resource(self, args):
        self.types.append(args.typ)
        return args.name, args.inputs
    def call(self, args):
        raise AssertionError(args.token)

recorder = Recorder()
pulumi.runtime.set_mocks(recorder, project="factory", stack="lab", preview=True)
pulumi.runtime.test(lambda: runpy.run_path(str(Path.cwd() / "__main__.py"), run_name="__main__"))()
import ai_factory.components
print(ai_factory.components.__file__)
print(*sorted(set(recorder.types)), sep="\\n")
"""
"""Prints where the components come from, then the types of the resources that the project's program registers."""

PACK = """\
import runpy, sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

stub = mock.MagicMock(name="pulumi_policy")
for kind in (stub.ResourceValidationPolicy, stub.StackValidationPolicy):
    kind.side_effect = lambda **given: SimpleNamespace(**given)
sys.modules["pulumi_policy"] = stub
runpy.run_path("policypack", run_name="__main__")
import ai_factory.policypack.policies as policies
[call] = stub.PolicyPack.call_args_list
print(policies.__file__)
print(len(call.kwargs["policies"]), *{policy.validate.args[0] for policy in call.kwargs["policies"]})
"""
"""Prints where the policies come from, how many there are, and whose waivers hold; the engine's library is a stub."""
