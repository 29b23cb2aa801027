"""Every action that `sluice deploy`, `destroy` and the operator's verbs need, with what they may be done to.

CloudFormation works with the deployer's own credentials, so what it does for each type of resource is here too: making,
reading, changing, tagging and deleting it. ARNs are narrowed to the stack's names wherever its resources have names;
APIs, distributions and identities of CloudFront have none, and an event source mapping is told by an id only.
`tests/unit/sluice/iam` holds the table against the template and against the calls in our own code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

REGIONAL = "arn:{partition}:{service}:{region}:{account}:"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a stage is: what the placeholders of the ARNs stand for."""

    stack: str
    region: str
    account_id: str
    partition: str = "aws"

    def arn(self, pattern: str) -> str:
        """A pattern of the tables with every placeholder filled in."""
        return pattern.format(
            stack=self.stack, region=self.region, account=self.account_id, partition=self.partition, service=""
        )


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions of one service on the same resources; `why` is a sentence's id in the policy (letters and digits)."""

    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]


def _grant(why: str, service: str, actions: str, *resources: str) -> Grant:
    return Grant(why, tuple(f"{service}:{action}" for action in actions.split()), resources or ("*",))


def _here(service: str, *rests: str) -> tuple[str, ...]:
    return tuple(f"arn:{{partition}}:{service}:{{region}}:{{account}}:{rest}" for rest in rests)


_BUCKETS = ("arn:{partition}:s3:::{stack}-source-{account}", "arn:{partition}:s3:::{stack}-media-{account}")
_OBJECTS = tuple(f"{bucket}/*" for bucket in _BUCKETS)
_ARTIFACTS = "arn:{partition}:s3:::sluice-artifacts-{account}-{region}"
_ROLES = "arn:{partition}:iam::{account}:role/{stack}-*"

# Type of resource in the packaged template -> what CloudFormation does about it.
BY_TYPE: dict[str, tuple[Grant, ...]] = {
    "AWS::Serverless::Function": (
        _grant(
            "Functions",
            "lambda",
            "CreateFunction GetFunction GetFunctionConfiguration GetFunctionCodeSigningConfig "
            "GetRuntimeManagementConfig GetFunctionRecursionConfig UpdateFunctionCode UpdateFunctionConfiguration "
            "DeleteFunction ListTags TagResource UntagResource AddPermission RemovePermission GetPolicy "
            "PutFunctionConcurrency DeleteFunctionConcurrency PutFunctionEventInvokeConfig "
            "UpdateFunctionEventInvokeConfig GetFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig",
            *_here("lambda", "function:{stack}-*"),
        ),
        _grant(
            "EventSources",
            "lambda",
            "CreateEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping "
            "ListEventSourceMappings",
        ),
        _grant(
            "Rules",
            "events",
            "PutRule DescribeRule DeleteRule PutTargets RemoveTargets ListTargetsByRule TagResource UntagResource "
            "ListTagsForResource",
            *_here("events", "rule/{stack}-*", "rule/{stack}/*"),
        ),
    ),
    "AWS::IAM::Role": (
        _grant(
            "Roles",
            "iam",
            "CreateRole GetRole UpdateRole UpdateRoleDescription UpdateAssumeRolePolicy DeleteRole TagRole UntagRole "
            "ListRoleTags PutRolePolicy GetRolePolicy DeleteRolePolicy ListRolePolicies AttachRolePolicy "
            "DetachRolePolicy ListAttachedRolePolicies",
            _ROLES,
        ),
        _grant("PassRoles", "iam", "PassRole", _ROLES),
    ),
    "AWS::Serverless::LayerVersion": (
        _grant(
            "Layers",
            "lambda",
            "PublishLayerVersion GetLayerVersion DeleteLayerVersion",
            *_here("lambda", "layer:{stack}-*", "layer:{stack}-*:*"),
        ),
    ),
    "AWS::Serverless::Api": (
        _grant(
            "Api",
            "apigateway",
            "GET POST PUT PATCH DELETE",
            "arn:{partition}:apigateway:{region}::/restapis",
            "arn:{partition}:apigateway:{region}::/restapis/*",
            "arn:{partition}:apigateway:{region}::/tags/*",
        ),
    ),
    "AWS::Serverless::StateMachine": (
        _grant(
            "StateMachines",
            "states",
            "CreateStateMachine DescribeStateMachine UpdateStateMachine DeleteStateMachine ListTagsForResource "
            "TagResource UntagResource",
            *_here("states", "stateMachine:{stack}-*"),
        ),
        # Of logs that a service delivers: these actions know no resources.
        _grant(
            "LogDelivery",
            "logs",
            "CreateLogDelivery GetLogDelivery UpdateLogDelivery DeleteLogDelivery ListLogDeliveries PutResourcePolicy "
            "DescribeResourcePolicies",
        ),
    ),
    "AWS::DynamoDB::Table": (
        _grant(
            "Table",
            "dynamodb",
            "CreateTable DescribeTable UpdateTable DeleteTable DescribeTimeToLive UpdateTimeToLive "
            "DescribeContinuousBackups UpdateContinuousBackups DescribeContributorInsights "
            "DescribeKinesisStreamingDestination GetResourcePolicy ListTagsOfResource TagResource UntagResource",
            *_here("dynamodb", "table/{stack}", "table/{stack}/index/*"),
        ),
    ),
    "AWS::S3::Bucket": (
        _grant(
            "Buckets",
            "s3",
            "CreateBucket DeleteBucket ListBucket GetBucketLocation GetBucketCORS PutBucketCORS "
            "GetLifecycleConfiguration PutLifecycleConfiguration GetEncryptionConfiguration PutEncryptionConfiguration "
            "GetBucketPublicAccessBlock PutBucketPublicAccessBlock GetBucketOwnershipControls "
            "PutBucketOwnershipControls GetBucketNotification PutBucketNotification GetBucketVersioning "
            "PutBucketVersioning GetBucketTagging PutBucketTagging GetBucketLogging GetAccelerateConfiguration "
            "PutAccelerateConfiguration GetAnalyticsConfiguration GetInventoryConfiguration GetMetricsConfiguration "
            "GetReplicationConfiguration "
            "GetIntelligentTieringConfiguration GetBucketWebsite GetBucketObjectLockConfiguration",
            *_BUCKETS,
        ),
    ),
    "AWS::S3::BucketPolicy": (
        _grant("BucketPolicies", "s3", "GetBucketPolicy PutBucketPolicy DeleteBucketPolicy", *_BUCKETS),
    ),
    "AWS::SQS::Queue": (
        _grant(
            "Queues",
            "sqs",
            "CreateQueue DeleteQueue GetQueueAttributes SetQueueAttributes GetQueueUrl ListQueueTags TagQueue "
            "UntagQueue",
            *_here("sqs", "{stack}-*"),
        ),
    ),
    "AWS::SQS::QueuePolicy": (
        _grant("QueuePolicies", "sqs", "GetQueueAttributes SetQueueAttributes", *_here("sqs", "{stack}-*")),
    ),
    "AWS::SNS::Topic": (
        _grant(
            "Topics",
            "sns",
            "CreateTopic DeleteTopic GetTopicAttributes SetTopicAttributes GetDataProtectionPolicy "
            "ListSubscriptionsByTopic ListTagsForResource TagResource UntagResource",
            *_here("sns", "{stack}-*"),
        ),
    ),
    "AWS::SNS::Subscription": (
        _grant(
            "Subscriptions",
            "sns",
            "Subscribe Unsubscribe GetSubscriptionAttributes SetSubscriptionAttributes",
            *_here("sns", "{stack}-*"),
        ),
    ),
    "AWS::Events::EventBus": (
        _grant(
            "EventBus",
            "events",
            "CreateEventBus DescribeEventBus UpdateEventBus DeleteEventBus TagResource UntagResource "
            "ListTagsForResource",
            *_here("events", "event-bus/{stack}"),
        ),
    ),
    "AWS::Logs::LogGroup": (
        _grant(
            "LogGroups",
            "logs",
            "CreateLogGroup DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy ListTagsForResource TagResource "
            "UntagResource",
            *_here("logs", "log-group:/aws/lambda/{stack}-*", "log-group:/aws/vendedlogs/states/{stack}*"),
        ),
    ),
    "AWS::CloudWatch::Alarm": (
        _grant(
            "Alarms",
            "cloudwatch",
            "PutMetricAlarm DeleteAlarms ListTagsForResource TagResource UntagResource",
            *_here("cloudwatch", "alarm:{stack}-*"),
        ),
    ),
    "AWS::CloudWatch::Dashboard": (
        _grant(
            "Dashboard",
            "cloudwatch",
            "PutDashboard GetDashboard DeleteDashboards",
            "arn:{partition}:cloudwatch::{account}:dashboard/{stack}",
        ),
    ),
    "AWS::Budgets::Budget": (
        _grant(
            "Budget",
            "budgets",
            "ViewBudget ModifyBudget",
            "arn:{partition}:budgets::{account}:budget/{stack}-monthly-budget",
        ),
    ),
    "AWS::CloudFront::Distribution": (
        _grant(
            "Distribution",
            "cloudfront",
            "CreateDistribution GetDistribution GetDistributionConfig UpdateDistribution DeleteDistribution "
            "ListTagsForResource TagResource UntagResource",
            "arn:{partition}:cloudfront::{account}:distribution/*",
        ),
    ),
    "AWS::CloudFront::OriginAccessControl": (
        _grant(
            "OriginAccess",
            "cloudfront",
            "CreateOriginAccessControl GetOriginAccessControl GetOriginAccessControlConfig UpdateOriginAccessControl "
            "DeleteOriginAccessControl",
            "arn:{partition}:cloudfront::{account}:origin-access-control/*",
        ),
    ),
    "AWS::CloudFront::KeyValueStore": (
        _grant(
            "KeyValueStore",
            "cloudfront",
            "CreateKeyValueStore DescribeKeyValueStore UpdateKeyValueStore DeleteKeyValueStore",
            "arn:{partition}:cloudfront::{account}:key-value-store/*",
        ),
    ),
    "AWS::CloudFront::Function": (
        _grant(
            "EdgeFunction",
            "cloudfront",
            "CreateFunction DescribeFunction GetFunction UpdateFunction PublishFunction DeleteFunction",
            "arn:{partition}:cloudfront::{account}:function/{stack}-*",
        ),
    ),
    "AWS::MediaConvert::JobTemplate": (
        _grant(
            "JobTemplates",
            "mediaconvert",
            "CreateJobTemplate GetJobTemplate UpdateJobTemplate DeleteJobTemplate ListTagsForResource TagResource "
            "UntagResource",
            *_here("mediaconvert", "jobTemplates/{stack}_*"),
        ),
    ),
    "AWS::MediaPackage::PackagingGroup": (
        _grant(
            "Packaging",
            "mediapackage-vod",
            "CreatePackagingGroup DescribePackagingGroup UpdatePackagingGroup DeletePackagingGroup ListTagsForResource "
            "TagResource UntagResource",
        ),
    ),
    "AWS::MediaPackage::PackagingConfiguration": (
        _grant(
            "PackagingForms",
            "mediapackage-vod",
            "CreatePackagingConfiguration DescribePackagingConfiguration DeletePackagingConfiguration",
        ),
    ),
}

# What our own code calls: deploy, destroy, create-key, and the verbs that look at a stage.
BY_US: tuple[Grant, ...] = (
    _grant(
        "Stack",
        "cloudformation",
        "DescribeStacks DescribeStackEvents DescribeStackResource CreateChangeSet DescribeChangeSet ExecuteChangeSet "
        "DeleteChangeSet DeleteStack",
        *_here("cloudformation", "stack/{stack}/*"),
    ),
    _grant("Transform", "cloudformation", "CreateChangeSet", "arn:{partition}:cloudformation:{region}:aws:transform/*"),
    # Of an operation; knows no resources.
    _grant("StackEvents", "cloudformation", "DescribeEvents"),
    _grant(
        "ArtifactBucket",
        "s3",
        "CreateBucket DeleteBucket ListBucket ListBucketVersions ListBucketMultipartUploads PutBucketPublicAccessBlock "
        "PutBucketPolicy",
        _ARTIFACTS,
    ),
    _grant(
        "Artifacts",
        "s3",
        "GetObject PutObject DeleteObject DeleteObjectVersion AbortMultipartUpload ListMultipartUploadParts",
        f"{_ARTIFACTS}/{{stack}}/*",
    ),
    _grant("DataBuckets", "s3", "ListBucketVersions ListBucketMultipartUploads GetBucketCORS", *_BUCKETS),
    _grant("PurgeData", "s3", "DeleteObject DeleteObjectVersion AbortMultipartUpload", *_OBJECTS),
    _grant("Keys", "dynamodb", "PutItem", *_here("dynamodb", "table/{stack}")),
    # By CloudFormation, in the part of the template that `--via chalice` and Terraform deploy.
    _grant(
        "NotedParameters",
        "ssm",
        "PutParameter GetParameters DeleteParameter AddTagsToResource RemoveTagsFromResource ListTagsForResource",
        *_here("ssm", "parameter/{stack}/parameters"),
    ),
    _grant("ListLogGroups", "logs", "DescribeLogGroups", *_here("logs", "log-group:*")),
    _grant("ReadLogs", "logs", "FilterLogEvents", *_here("logs", "log-group:/aws/lambda/{stack}-*")),
    _grant("ListQueues", "sqs", "ListQueues", *_here("sqs", "*")),
    _grant(
        "DeadLetters",
        "sqs",
        "ReceiveMessage SendMessage DeleteMessage PurgeQueue",
        *_here("sqs", "{stack}-*"),
    ),
    _grant("RedriveIngest", "lambda", "InvokeFunction", *_here("lambda", "function:{stack}-*")),
    _grant("ReadAlarms", "cloudwatch", "DescribeAlarms"),
    _grant("ReadQuotas", "servicequotas", "GetServiceQuota GetAWSDefaultServiceQuota"),
    _grant("CheckPolicies", "iam", "SimulateCustomPolicy"),
    _grant("LintPolicies", "access-analyzer", "ValidatePolicy"),
)


def grants() -> Iterator[Grant]:
    """All of them, our own first."""
    yield from BY_US
    for each in BY_TYPE.values():
        yield from each
