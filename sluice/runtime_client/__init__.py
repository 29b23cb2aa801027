"""What runs a function locally: the sandbox (parent) and the runtime (child), as AWS Lambda has them.

Both files run under the interpreter's isolated mode without site-packages, so they import the standard library only;
the runtime adds `awslambdaric`.
"""
