"""All stacks of all regions as `Stack` objects of the Pulumi Kubernetes Operator, in the order that they need."""
