"""Calls of boto3 as whoever the environment's web identity token makes it. Run by webidentity_test.go."""

import json
import os
import sys

import boto3
import botocore.exceptions

pool = sys.argv[1]
client = boto3.client("cognito-identity", endpoint_url=os.environ["POOLKEEPER_URL"])
answer = {
    "arn": boto3.client("sts").get_caller_identity()["Arn"],
    "pool": client.describe_identity_pool(IdentityPoolId=pool)["IdentityPoolName"],
}
try:
    client.delete_identity_pool(IdentityPoolId=pool)
except botocore.exceptions.ClientError as e:
    answer["refused"] = e.response["Error"]["Code"]
json.dump(answer, sys.stdout)
