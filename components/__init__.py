"""Pulumi component resources of an AI factory: each registers exactly the objects that `ai_factory.infra` plans."""
