"""The template without what another tool deploys: functions, REST API, triggers.

`chalice deploy` makes those itself, and so does Terraform. What is left is a stack of the same name with everything
they need, told by its outputs: roles with their policies, layers, and the environment. CloudFormation works all values
out, so nothing here resolves an intrinsic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sluice.failure import DeployFailed
from sluice.template import Document, resources

_FUNCTION = "AWS::Serverless::Function"
_TAKEN_OUT = frozenset({_FUNCTION, "AWS::Serverless::Api", "AWS::Lambda::Permission"})
# An output must not be empty, and a setting may be.
MARK = "="
_PARAMETERS = "DeployedParameters"
_TRACING = "FunctionTracing"
SETTING = "Setting"
DEPLOYED_BY = "DeployedBy"


def chalice_name(logical_id: str) -> str:
    """What Chalice calls the function with this logical id."""
    if logical_id == "APIHandler":
        return "api_handler"
    return re.sub(r"(?<!^)(?=[A-Z])", "_", logical_id).lower()


def function_name(logical_id: str) -> str:
    """The name that Chalice gives the function, `${AWS::StackName}` being <app>-<stage>."""
    name = chalice_name(logical_id)
    return "${AWS::StackName}" if name == "api_handler" else f"${{AWS::StackName}}-{name}"


def _arn(logical_id: str) -> Document:
    prefix = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
    return {"Fn::Sub": prefix + function_name(logical_id)}


def _rewrite(value: Any, taken: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_rewrite(item, taken) for item in value]
    if isinstance(value, str):
        # The API's function is named as the stack, without a hyphen after it.
        return value.replace("/aws/lambda/${AWS::StackName}-*", "/aws/lambda/${AWS::StackName}*")
    if not isinstance(value, dict):
        return value
    if value.get("Ref") in taken:
        return {"Fn::Sub": function_name(value["Ref"])}
    attribute = value.get("Fn::GetAtt")
    if isinstance(attribute, list) and attribute[0] in taken:
        return _arn(attribute[0])
    return {
        key: _substituted(item, taken) if key == "Fn::Sub" and isinstance(item, str) else _rewrite(item, taken)
        for key, item in value.items()
    }


def _substituted(text: str, taken: frozenset[str]) -> str:
    """References inside a text: by name alone, as a dashboard has them."""
    names = re.sub(r"\$\{(\w+)\}", lambda found: function_name(found[1]) if found[1] in taken else found[0], text)
    rewritten: str = _rewrite(names, taken)
    return rewritten


def _names(value: Any) -> Iterator[str]:
    """Everything that an output refers to."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref":
                yield item
            elif key == "Fn::GetAtt":
                yield item[0] if isinstance(item, list) else item.split(".")[0]
            elif key == "Fn::Sub":
                yield from (name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", str(item)))
            else:
                yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)


def environment_output(variable: str) -> str:
    """The output that tells a setting: output names are letters and digits."""
    return SETTING + "".join(word.capitalize() for word in variable.split("_"))


def _marked(value: Any) -> Document:
    return {"Value": {"Fn::Join": ["", [MARK, value]]}}


def _or_empty(value: Any) -> Any:
    """The same, with text where it would be left out: an output can not."""
    if isinstance(value, dict) and "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        return {"Fn::If": [condition, _or_empty(yes), _or_empty(no)]}
    return "" if value == {"Ref": "AWS::NoValue"} else value


def _tuned(properties: Document) -> Iterator[tuple[str, Any]]:
    """Numbers of a function that the template, not the configuration of Chalice, decides."""
    disk = properties.get("EphemeralStorage", {}).get("Size")
    for name, value in (("Memory", properties.get("MemorySize")), ("Timeout", properties.get("Timeout"))):
        if isinstance(value, dict):
            yield name, value
    if disk is not None:
        yield "Disk", disk if isinstance(disk, dict) else str(disk)


def _noted(parameters: list[str]) -> Document:
    """A resource that changes with any parameter: most change nothing else here, and a plan would not show them."""
    lines = [{"Fn::Join": ["", [f"{name}=", {"Ref": name}]]} for name in parameters]
    value = {"Fn::Join": ["\n", lines]}
    return {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": {"Fn::Sub": "/${AWS::StackName}/parameters"}, "Type": "String", "Value": value},
    }


def resources_part(template: Document, *, deployed_by: str) -> Document:
    """A template of all but the functions and what hangs on them, with outputs that tell what they need."""
    apis = frozenset(item.logical_id for item in resources(template, "AWS::Serverless::Api"))
    functions = {item.logical_id: item for item in resources(template, _FUNCTION)}
    kept = {name: body for name, body in template["Resources"].items() if body["Type"] not in _TAKEN_OUT}
    outputs = {
        name: body
        for name, body in template.get("Outputs", {}).items()
        if not apis.intersection(_names(body["Value"])) and name not in ("APIHandlerArn", "APIHandlerName")
    }
    outputs[DEPLOYED_BY] = {"Value": deployed_by}
    if declared := sorted(template.get("Parameters", {})):
        kept[_PARAMETERS] = _noted(declared)
    for variable, value in _environment(template).items():
        outputs[environment_output(variable)] = _marked(value)
    for logical_id, function in functions.items():
        outputs[f"{logical_id}Role"] = {"Value": function.properties["Role"]}
        if "Tracing" in function.properties:
            outputs[_TRACING] = {"Value": function.properties["Tracing"]}
        for name, value in _tuned(function.properties):
            outputs[f"{logical_id}{name}"] = {"Value": value}
        if "LoggingConfig" in function.properties:
            condition, logging, _ = function.properties["LoggingConfig"]["Fn::If"]
            outputs[f"{logical_id}LogGroup"] = _marked({"Fn::If": [condition, logging["LogGroup"], ""]})
        if "DeadLetterQueue" in function.properties:
            outputs[f"{logical_id}DeadLetters"] = {"Value": function.properties["DeadLetterQueue"]["TargetArn"]}
        if "ReservedConcurrentExecutions" in function.properties:
            outputs[f"{logical_id}Concurrency"] = _marked(
                _or_empty(function.properties["ReservedConcurrentExecutions"])
            )
        if layers := function.properties.get("Layers"):
            outputs[f"{logical_id}Layers"] = {"Value": {"Fn::Join": [",", layers]}}
    part = {key: value for key, value in template.items() if key not in ("Globals", "Resources", "Outputs")}
    rewritten: Document = _rewrite({**part, "Resources": kept, "Outputs": outputs}, frozenset(functions))
    return rewritten


def _environment(template: Document) -> Document:
    variables: Document = template["Globals"]["Function"]["Environment"]["Variables"]
    return variables


def environment(template: Document, outputs: Mapping[str, str]) -> dict[str, str]:
    """The functions' environment, out of the outputs of the deployed part."""
    names = sorted(_environment(template))
    missing = [name for name in names if environment_output(name) not in outputs]
    if missing:
        raise DeployFailed(f"the stack does not tell {', '.join(missing)}: CloudFormation has not updated its outputs")
    return {name: outputs[environment_output(name)].removeprefix(MARK) for name in names}


def stage_config(template: Document, config: Document, outputs: Mapping[str, str], *, stage: str) -> Document:
    """A Chalice configuration for one stage of which every value is known.

    Args:
        config: The project's own `.chalice/config.json`.
        outputs: Of the deployed part.
    """
    functions = {}
    for function in resources(template, _FUNCTION):
        name, logical_id = chalice_name(function.logical_id), function.logical_id
        own = {key: value for key, value in config["lambda_functions"][name].items() if key != "iam_policy_file"}
        own |= {"manage_iam_role": False, "iam_role_arn": outputs[f"{logical_id}Role"]}
        if f"{logical_id}Layers" in outputs:
            own["layers"] = outputs[f"{logical_id}Layers"].split(",")
        for key, output in (("lambda_memory_size", "Memory"), ("lambda_timeout", "Timeout")):
            if f"{logical_id}{output}" in outputs:
                own[key] = int(outputs[f"{logical_id}{output}"])
        if reserved := outputs.get(f"{logical_id}Concurrency", MARK).removeprefix(MARK):
            own["reserved_concurrency"] = int(reserved)
        functions[name] = own
    shared = {key: value for key, value in config.items() if key not in ("lambda_functions", "stages")}
    chosen = dict(config["stages"].get(stage, {}))
    if _TRACING in outputs:
        chosen["xray"] = outputs[_TRACING] == "Active"
    chosen["environment_variables"] = chosen.get("environment_variables", {}) | environment(template, outputs)
    return {**shared, "stages": {stage: {**chosen, "lambda_functions": functions}}}
