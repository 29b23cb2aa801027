"""The answers to checkov's findings: each with a reason, none about what is not there."""

from __future__ import annotations

from chalice.package import YAMLTemplateSerializer

from sluice.paths import Project
from sluice.scan import answers, findings, problems


def test_answers_are_about_resources_that_exist() -> None:
    """A renamed resource takes its answer with it, and no reason is empty."""
    template = YAMLTemplateSerializer().load_template(Project.here().merge_template.read_text())
    answered = answers(Project.here())
    assert {resource for _, resource in answered} <= set(template["Resources"])
    assert all(len(reason.split()) > 3 for reason in answered.values())


def test_new_and_stale_are_both_problems() -> None:
    """A finding wants an answer, and an answer a finding."""
    report = {"results": {"failed_checks": [{"check_id": "A", "resource": "AWS::SQS::Queue.Queue"}]}}
    assert problems(findings(report), {("A", "Queue"): "why"}) == []
    assert problems(findings([report]), {("A", "Other"): "why"}) == [
        "A of Queue: mend it, or answer it",
        "A of Other: answered, but not found",
    ]
