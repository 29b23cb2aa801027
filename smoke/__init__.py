"""The smoke test: a composition rendered by the deployed state machine at several chunk counts, each render compared
with one of this process. It runs on the local AWS, or against a real account.
"""
