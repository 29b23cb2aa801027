"""What Chalice deploys is taken out of the stack, and everything it needs is told by the outputs."""

from __future__ import annotations

from typing import Any

import pytest

from sluice.account.parts import chalice_name, environment, resources_part, stage_config

_TEMPLATE: dict[str, Any] = {
    "Parameters": {"Ladder": {"Type": "String"}},
    "Globals": {"Function": {"Environment": {"Variables": {"SLUICE_LADDER": {"Ref": "Ladder"}, "SLUICE_TABLE": "t"}}}},
    "Resources": {
        "APIHandler": {"Type": "AWS::Serverless::Function", "Properties": {"Role": {"Fn::GetAtt": ["ApiRole", "Arn"]}}},
        "JobChanged": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "Role": {"Fn::GetAtt": ["JobRole", "Arn"]},
                "Layers": [{"Ref": "One"}, {"Ref": "Two"}],
                "DeadLetterQueue": {"Type": "SQS", "TargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}},
                "LoggingConfig": {"Fn::If": ["OnAws", {"LogGroup": {"Ref": "Logs"}}, {"Ref": "AWS::NoValue"}]},
                "MemorySize": {"Ref": "Memory"},
                "Timeout": 30,
                "EphemeralStorage": {"Size": 10240},
                "Tracing": {"Fn::If": ["HasTracing", "Active", "PassThrough"]},
                "ReservedConcurrentExecutions": {"Fn::If": ["Has", {"Ref": "Most"}, {"Ref": "AWS::NoValue"}]},
            },
        },
        "RestAPI": {"Type": "AWS::Serverless::Api", "Properties": {}},
        "Permission": {"Type": "AWS::Lambda::Permission", "Properties": {"FunctionName": {"Ref": "APIHandler"}}},
        "Machine": {
            "Type": "AWS::Serverless::StateMachine",
            "Properties": {"DefinitionSubstitutions": {"F": {"Fn::GetAtt": ["JobChanged", "Arn"]}}},
        },
        "ApiRole": {"Type": "AWS::IAM::Role", "Properties": {"R": {"Fn::Sub": "x:/aws/lambda/${AWS::StackName}-*"}}},
    },
    "Outputs": {
        "ApiUrl": {"Value": {"Fn::Sub": "https://${RestAPI}.example"}},
        "JobFunctionName": {"Value": {"Ref": "JobChanged"}},
        "TableName": {"Value": "t"},
    },
}


def test_functions_and_api_are_out_and_named_instead() -> None:
    """Nothing refers to what is not there: functions are named as Chalice names them, the API's outputs are gone."""
    part = resources_part(_TEMPLATE, deployed_by="chalice")

    assert set(part["Resources"]) == {"Machine", "ApiRole", "DeployedParameters"}
    noted = part["Resources"]["DeployedParameters"]["Properties"]["Value"]
    assert noted == {"Fn::Join": ["\n", [{"Fn::Join": ["", ["Ladder=", {"Ref": "Ladder"}]]}]]}
    prefix = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
    assert part["Resources"]["Machine"]["Properties"]["DefinitionSubstitutions"]["F"] == {
        "Fn::Sub": prefix + "${AWS::StackName}-job_changed"
    }
    assert part["Outputs"]["JobFunctionName"]["Value"] == {"Fn::Sub": "${AWS::StackName}-job_changed"}
    assert "ApiUrl" not in part["Outputs"]
    assert part["Outputs"]["DeployedBy"] == {"Value": "chalice"}
    assert part["Outputs"]["JobChangedLayers"] == {"Value": {"Fn::Join": [",", [{"Ref": "One"}, {"Ref": "Two"}]]}}
    assert part["Outputs"]["JobChangedLogGroup"] == {
        "Value": {"Fn::Join": ["", ["=", {"Fn::If": ["OnAws", {"Ref": "Logs"}, ""]}]]}
    }
    assert part["Outputs"]["JobChangedMemory"] == {"Value": {"Ref": "Memory"}}
    assert part["Outputs"]["JobChangedDisk"] == {"Value": "10240"}
    assert "JobChangedTimeout" not in part["Outputs"]
    assert part["Outputs"]["JobChangedConcurrency"] == {
        "Value": {"Fn::Join": ["", ["=", {"Fn::If": ["Has", {"Ref": "Most"}, ""]}]]}
    }


def test_the_apis_own_log_group_is_in_its_policy() -> None:
    """Chalice names that function as the stack, so the pattern must not ask for a hyphen."""
    role = resources_part(_TEMPLATE, deployed_by="chalice")["Resources"]["ApiRole"]
    assert role["Properties"]["R"] == {"Fn::Sub": "x:/aws/lambda/${AWS::StackName}*"}


@pytest.mark.parametrize(("reserved", "concurrency"), [("=", None), ("=7", 7)])
def test_chalice_is_told_every_value(reserved: str, concurrency: int | None) -> None:
    """Roles, layers, concurrency and environment of a stage come from the outputs; policies of the package are left."""
    config = {
        "app_name": "sluice",
        "lambda_functions": {
            "api_handler": {"iam_policy_file": "policies/api_handler.json", "lambda_timeout": 29},
            "job_changed": {"iam_policy_file": "policies/job_changed.json"},
        },
        "stages": {"dev": {"environment_variables": {"SLUICE_CORS_ORIGINS": "*"}}, "prod": {}},
    }
    outputs = {
        "SettingSluiceLadder": "=720",
        "SettingSluiceTable": "=",
        "APIHandlerRole": "arn:a",
        "JobChangedRole": "arn:j",
        "JobChangedLayers": "arn:one,arn:two",
        "JobChangedConcurrency": reserved,
        "JobChangedMemory": "512",
        "FunctionTracing": "Active",
    }

    found = stage_config(_TEMPLATE, config, outputs, stage="dev")

    assert environment(_TEMPLATE, outputs) == {"SLUICE_LADDER": "720", "SLUICE_TABLE": ""}
    stage = found["stages"]["dev"]
    assert (found["app_name"], set(found["stages"]), "lambda_functions" in found) == ("sluice", {"dev"}, False)
    assert stage["environment_variables"] == {"SLUICE_CORS_ORIGINS": "*", "SLUICE_LADDER": "720", "SLUICE_TABLE": ""}
    managed = {"manage_iam_role": False}
    assert stage["lambda_functions"]["api_handler"] == {"lambda_timeout": 29, "iam_role_arn": "arn:a", **managed}
    job = stage["lambda_functions"]["job_changed"]
    assert (stage["xray"], job["lambda_memory_size"]) == (True, 512)
    assert (job["layers"], job.get("reserved_concurrency")) == (["arn:one", "arn:two"], concurrency)


def test_functions_are_named_as_chalice_names_them() -> None:
    """Logical ids are Chalice's names in CamelCase, but for the API's."""
    assert [chalice_name(name) for name in ("APIHandler", "JobChanged", "Render")] == [
        "api_handler",
        "job_changed",
        "render",
    ]
