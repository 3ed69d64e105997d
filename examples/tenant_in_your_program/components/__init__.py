"""The team's own components: a package of this name does not clash with the factory's."""

from .fine_tuning import FineTuning

__all__ = ["FineTuning"]
