"""The operator's tools: the command line, the local AWS, packaging and layers. Never shipped to Lambda."""
