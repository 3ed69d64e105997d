"""Component resources under Pulumi's mocks."""
