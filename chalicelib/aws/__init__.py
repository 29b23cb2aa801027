"""The only place that knows boto3. Adapters turn ClientError into the classes of chalicelib.errors."""
