"""Tests of the Pulumi policy pack, without Pulumi."""
