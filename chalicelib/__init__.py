"""Sluice: what is shipped to Lambda. The import law is in pyproject.toml under [tool.importlinter]."""
