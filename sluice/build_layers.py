"""Every layer of the app, built where the merge template looks for them. Run as `python -m sluice.build_layers`.

Invariant: a function may have them all, because together they leave it the room that Lambda's limit leaves.
"""

from __future__ import annotations

import sys

from sluice.browser_layer import build_browser
from sluice.failure import OperatorError
from sluice.layers import LAMBDA_UNPACKED_BYTES, Layer, build_media_tools, check_limits, megabytes
from sluice.only_one import only_one
from sluice.paths import Project


def build_layers(project: Project) -> tuple[Layer, ...]:
    """Build what is not there, or no longer current.

    Raises:
        OperatorError: Names what could not be had, or the limit of Lambda that would be broken.
    """
    with only_one(project, "layers"):
        layers = (
            build_media_tools(project.layer_zip, project.npm / "webp"),
            build_browser(project.browser_layer_zip, project.npm / "browser"),
        )
    check_limits({}, sum(layer.unpacked_bytes for layer in layers))
    return layers


def main() -> None:
    try:
        layers = build_layers(Project.here())
    except OperatorError as error:
        sys.exit(error.message)
    for layer in layers:
        print(f"{layer.path.name}  {megabytes(layer.zip_bytes)} zipped, {megabytes(layer.unpacked_bytes)} unpacked")
        print(f"sha256 {layer.sha256}")
    left_bytes = LAMBDA_UNPACKED_BYTES - sum(layer.unpacked_bytes for layer in layers)
    print(f"left for a function that has them all: {megabytes(left_bytes)}")


if __name__ == "__main__":
    main()
