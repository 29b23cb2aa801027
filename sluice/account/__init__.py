"""Sluice in an AWS account of yours: who we are there, its stack, its artifacts, its data."""
