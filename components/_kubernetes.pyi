# What the components use of pulumi_kubernetes, with its types; tests/components/test_kubernetes.py compares the two.

from collections.abc import Mapping
from typing import Any

import pulumi

class Provider(pulumi.ProviderResource):
    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        cluster_identifier: pulumi.Input[str | None] = None,
        context: pulumi.Input[str | None] = None,
        delete_unreachable: pulumi.Input[bool | None] = None,
        enable_config_map_mutable: pulumi.Input[bool | None] = None,
        enable_patch_force: pulumi.Input[bool | None] = None,
        enable_server_side_apply: pulumi.Input[bool | None] = None,
        kubeconfig: pulumi.Input[str | None] = None,
        skip_update_unreachable: pulumi.Input[bool | None] = None,
        suppress_helm_hook_warnings: pulumi.Input[bool | None] = None,
        upsert_existing_objects: pulumi.Input[bool | None] = None,
    ) -> None: ...

class RepositoryOptsArgs:
    def __init__(self, *, repo: pulumi.Input[str | None] = None) -> None: ...

class Release(pulumi.CustomResource):
    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        chart: pulumi.Input[str | None] = None,
        name: pulumi.Input[str | None] = None,
        namespace: pulumi.Input[str | None] = None,
        repository_opts: pulumi.Input[RepositoryOptsArgs | None] = None,
        skip_await: pulumi.Input[bool | None] = None,
        timeout: pulumi.Input[int | None] = None,
        values: pulumi.Input[Mapping[str, Any] | None] = None,
        version: pulumi.Input[str | None] = None,
    ) -> None: ...

class Secret(pulumi.CustomResource):
    @property
    def data(self) -> pulumi.Output[Mapping[str, str]]: ...
    @staticmethod
    def get(resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> Secret: ...
