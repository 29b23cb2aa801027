"""What the IAM policy of whoever deploys and operates must allow, and whether a given one does."""
