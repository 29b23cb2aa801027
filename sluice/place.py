"""Where a verb looks at a deployment: the local AWS, or a stage in an account. The same clients for both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sluice.account.rollout import Target
from sluice.account.session import open_account
from sluice.clients import ACCOUNT_ID, REGION, clients_of
from sluice.deploy import STACK
from sluice.flags import LOCAL, Chosen
from sluice.verbs_local import running_local


@dataclass(frozen=True, slots=True)
class Place:
    """One deployment.

    Attributes:
        client: A boto3 client of a service, by its name.
    """

    stack: str
    region: str
    account_id: str
    client: Callable[[str], Any]
    is_local: bool

    def outputs(self) -> dict[str, str]:
        """Of the stack.

        Raises:
            ClientError: If there is none.
        """
        stack = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def __str__(self) -> str:
        return f"{self.stack} on this machine" if self.is_local else f"{self.stack} in {self.region}"


def place_of(flags: Chosen) -> Place:
    """The stage that was asked for; without one, the local AWS.

    Raises:
        OperatorError: If there are no credentials, or no local AWS runs.
    """
    if flags.stage in (None, LOCAL):
        local = running_local()
        return Place(STACK, REGION, ACCOUNT_ID, clients_of(local).client, is_local=True)
    target = Target(open_account(profile=flags.profile, region=flags.region), str(flags.stage))
    account = target.account
    return Place(target.stack_name, account.region, account.account_id, account.client, is_local=False)
