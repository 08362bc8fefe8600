"""boto3 as a client of Poolkeeper. Run by boto3_test.go, which sets the environment."""

import base64
import datetime
import json
import os
import unittest
import urllib.request
import uuid

import boto3
import botocore
import botocore.config
import botocore.exceptions

PROVIDER = "login.example"
UNKNOWN = "us-east-1:7d1f0ab2-0000-4000-8000-000000000000"


def client(**more):
    return boto3.client("cognito-identity", endpoint_url=os.environ["POOLKEEPER_URL"], **more)


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


class Boto3(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.client = client()
        self.pool = self.client.create_identity_pool(
            IdentityPoolName="app", AllowUnauthenticatedIdentities=True, DeveloperProviderName=PROVIDER
        )["IdentityPoolId"]

    def token_for(self, user, **more):
        answer = self.client.get_open_id_token_for_developer_identity(
            IdentityPoolId=self.pool, Logins={PROVIDER: user}, **more
        )
        return answer["IdentityId"], answer["Token"]

    def refused(self, exception, message, call, **arguments):
        with self.assertRaises(exception) as caught:
            call(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Message"], message)
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)
        self.assertEqual(caught.exception.response["ResponseMetadata"]["RetryAttempts"], 0)
        return caught.exception.response["Error"]["Code"]

    def test_main_flow(self):
        alice, token = self.token_for("alice", TokenDuration=600, PrincipalTags={"site": "oslo"})
        got = claims(token)
        self.assertEqual(got["exp"] - got["iat"], 600)
        self.assertEqual((got["sub"], got["aud"]), (alice, self.pool))
        self.assertEqual(got["amr"], ["authenticated", PROVIDER, f"{PROVIDER}:{self.pool}:alice"])
        self.assertEqual(got["https://aws.amazon.com/tags"], {"principal_tags": {"site": ["oslo"]}})

        guest = self.client.get_id(IdentityPoolId=self.pool)["IdentityId"]
        self.assertEqual(self.token_for("bob", IdentityId=guest)[0], guest)
        merged = self.client.merge_developer_identities(
            IdentityPoolId=self.pool, DeveloperProviderName=PROVIDER,
            SourceUserIdentifier="bob", DestinationUserIdentifier="alice",
        )
        self.assertEqual(merged["IdentityId"], alice)
        found = self.client.lookup_developer_identity(IdentityPoolId=self.pool, IdentityId=alice)
        self.assertEqual(found["DeveloperUserIdentifierList"], ["alice", "bob"])
        self.assertNotIn("NextToken", found)
        self.client.unlink_developer_identity(
            IdentityPoolId=self.pool, IdentityId=alice, DeveloperProviderName=PROVIDER, DeveloperUserIdentifier="bob"
        )
        self.assertNotIn(self.token_for("bob")[0], (alice, guest))

    def test_request_id(self):
        answer = self.client.describe_identity_pool(IdentityPoolId=self.pool)
        uuid.UUID(answer["ResponseMetadata"]["RequestId"])

    def test_dates(self):
        before = datetime.datetime.now(datetime.timezone.utc)
        identity, _ = self.token_for("alice")
        answer = self.client.describe_identity(IdentityId=identity)
        created = answer["CreationDate"]
        self.assertEqual(answer["LastModifiedDate"], created)
        self.assertEqual(created.utcoffset(), datetime.timedelta(0))
        self.assertEqual(created.microsecond % 1000, 0)
        after = datetime.datetime.now(datetime.timezone.utc)
        second = datetime.timedelta(seconds=1)
        self.assertTrue(before - second < created < after + second, created)

    def test_dates_have_milliseconds(self):
        # One in a thousand is a whole second.
        dates = [self.client.describe_identity(IdentityId=self.token_for(f"user {n}")[0])["CreationDate"] for n in range(3)]
        self.assertTrue(any(date.microsecond for date in dates), dates)

    def test_unsigned(self):
        anonymous = client(config=botocore.config.Config(signature_version=botocore.UNSIGNED))
        first = anonymous.get_id(IdentityPoolId=self.pool)["IdentityId"]
        self.assertNotEqual(anonymous.get_id(IdentityPoolId=self.pool)["IdentityId"], first)
        code = self.refused(
            botocore.exceptions.ClientError, "Missing Authentication Token",
            anonymous.describe_identity, IdentityId=first,
        )
        self.assertEqual(code, "MissingAuthenticationTokenException")

    def test_identifiers(self):
        # Nothing is folded, trimmed or normalised: each is another user.
        users = [
            "zoë", "zoe\u0308", "Zoë", " zoë", "zoë ", "中文", "😀", "a\u200bb", "ab", "\u202eab",
            'quo"te', "back\\slash", "new\nline", "tab\tulator", "<&>", "\u007f", "\ufeff", "\U0010ffff",
        ]
        identities = {}
        for user in users:
            identity, token = self.token_for(user)
            identities[identity] = user
            self.assertEqual(claims(token)["amr"][2], f"{PROVIDER}:{self.pool}:{user}")
            self.assertEqual(self.token_for(user)[0], identity)
        self.assertEqual(list(identities.values()), users)
        for identity, user in identities.items():
            found = self.client.lookup_developer_identity(IdentityPoolId=self.pool, IdentityId=identity)
            self.assertEqual(found["DeveloperUserIdentifierList"], [user])

    def test_identifiers_refused(self):
        for user in ("a\0b", "\ud83d"):
            with self.subTest(repr(user)), self.assertRaises(botocore.exceptions.ClientError) as caught:
                self.token_for(user)
            self.assertEqual(caught.exception.response["Error"]["Code"], "SerializationException")

    def test_paginator(self):
        paginator = self.client.get_paginator("list_identity_pools")
        made = [
            self.client.create_identity_pool(IdentityPoolName=f"page {n}", AllowUnauthenticatedIdentities=False)["IdentityPoolId"]
            for n in range(5)
        ]
        pages = list(paginator.paginate(MaxResults=60, PaginationConfig={"PageSize": 2}))
        listed = [pool["IdentityPoolId"] for page in pages for pool in page["IdentityPools"]]
        self.assertEqual(listed[-5:], made)
        self.assertEqual(len(listed), len(set(listed)))
        self.assertEqual(len(pages), (len(listed) + 1) // 2)
        # In two goes, by the paginator's own token.
        begun = paginator.paginate(MaxResults=60, PaginationConfig={"PageSize": 2, "MaxItems": 3}).build_full_result()
        rest = paginator.paginate(
            MaxResults=60, PaginationConfig={"PageSize": 2, "StartingToken": begun["NextToken"]}
        ).build_full_result()
        self.assertEqual([pool["IdentityPoolId"] for pool in begun["IdentityPools"] + rest["IdentityPools"]], listed)

    def test_exceptions(self):
        errors = self.client.exceptions
        alice, _ = self.token_for("alice")
        guest = self.client.get_id(IdentityPoolId=self.pool)["IdentityId"]
        ask = self.client.get_open_id_token_for_developer_identity
        self.refused(
            errors.ResourceNotFoundException, f"IdentityPool '{UNKNOWN}' not found.",
            self.client.describe_identity_pool, IdentityPoolId=UNKNOWN,
        )
        self.refused(
            errors.InvalidParameterException, "This identity pool does not support the specified developer provider",
            ask, IdentityPoolId=self.pool, Logins={"other.example": "alice"},
        )
        self.refused(
            errors.NotAuthorizedException,
            "Logins don't match. Please include at least one valid login for this identity or identity pool.",
            ask, IdentityPoolId=self.pool, IdentityId=alice, Logins={PROVIDER: "bob"},
        )
        self.refused(
            errors.DeveloperUserAlreadyRegisteredException, "Developer user is already registered with another identity.",
            ask, IdentityPoolId=self.pool, IdentityId=guest, Logins={PROVIDER: "alice"},
        )
        self.refused(
            errors.ResourceConflictException, f"The developer user does not belong to identity '{guest}'.",
            self.client.lookup_developer_identity, IdentityPoolId=self.pool, IdentityId=guest, DeveloperUserIdentifier="alice",
        )
        # Not in the service model, so without a class of its own.
        code = self.refused(
            botocore.exceptions.ClientError,
            "1 validation error detected: Value '86401' at 'tokenDuration' failed to satisfy constraint: "
            "Member must have value less than or equal to 86400",
            ask, IdentityPoolId=self.pool, Logins={PROVIDER: "alice"}, TokenDuration=86401,
        )
        self.assertEqual(code, "ValidationException")
        code = self.refused(
            errors.ResourceNotFoundException, f"IdentityPool '{UNKNOWN}' not found.",
            self.client.get_identity_pool_roles, IdentityPoolId=UNKNOWN,
        )
        self.assertEqual(code, "ResourceNotFoundException")

    def test_credentials_for_identity(self):
        url = os.environ["POOLKEEPER_URL"]
        iam = boto3.client("iam", endpoint_url=url)
        name = f"role-{uuid.uuid4().hex}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {"cognito-identity.amazonaws.com:aud": self.pool}},
            },
        }))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="itself", PolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "cognito-identity:DescribeIdentityPool", "Resource": "*"},
        }))
        self.client.set_identity_pool_roles(IdentityPoolId=self.pool, Roles={"authenticated": role, "unauthenticated": role})
        anonymous = client(config=botocore.config.Config(signature_version=botocore.UNSIGNED))
        alice, token = self.token_for("alice")
        guest = anonymous.get_id(IdentityPoolId=self.pool)["IdentityId"]
        for identity, logins in ((alice, {"cognito-identity.amazonaws.com": token}), (guest, {})):
            with self.subTest(logins=len(logins)):
                answer = anonymous.get_credentials_for_identity(IdentityId=identity, Logins=logins)
                self.assertEqual(answer["IdentityId"], identity)
                keys = answer["Credentials"]
                left = keys["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
                self.assertTrue(datetime.timedelta(minutes=55) < left <= datetime.timedelta(hours=1), left)
                theirs = client(
                    aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretKey"], aws_session_token=keys["SessionToken"]
                )
                self.assertEqual(theirs.describe_identity_pool(IdentityPoolId=self.pool)["IdentityPoolId"], self.pool)
                with self.assertRaises(botocore.exceptions.ClientError) as caught:
                    theirs.delete_identity_pool(IdentityPoolId=self.pool)
                self.assertEqual(caught.exception.response["Error"]["Code"], "AccessDeniedException")
        self.refused(
            anonymous.exceptions.NotAuthorizedException, f"Access to Identity '{alice}' is forbidden.",
            anonymous.get_credentials_for_identity, IdentityId=alice,
        )

    def test_credentials(self):
        for arguments, code in (
            ({"aws_secret_access_key": "wrong", "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"]}, "InvalidSignatureException"),
            ({"aws_secret_access_key": "wrong", "aws_access_key_id": "AKIANOBODYHASTHISKEY"}, "UnrecognizedClientException"),
            ({"region_name": "ap-south-1"}, "InvalidSignatureException"),
        ):
            with self.subTest(code), self.assertRaises(botocore.exceptions.ClientError) as caught:
                client(**arguments).describe_identity_pool(IdentityPoolId=self.pool)
            self.assertEqual(caught.exception.response["Error"]["Code"], code)


TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "000000000000"}, "Action": "sts:AssumeRole"}],
})
TOKENS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "cognito-identity:Get*", "Resource": "*"}],
}


class IAM(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        url = os.environ["POOLKEEPER_URL"]
        self.iam = boto3.client("iam", endpoint_url=url)
        self.sts = boto3.client("sts", endpoint_url=url)
        self.name = "u" + uuid.uuid4().hex

    def refused(self, exception, code, message, call, **arguments):
        with self.assertRaises(exception) as caught:
            call(**arguments)
        error = caught.exception.response["Error"]
        self.assertEqual((error["Code"], error["Message"], error["Type"]), (code, message, "Sender"))
        self.assertEqual(caught.exception.response["ResponseMetadata"]["RetryAttempts"], 0)

    def test_user(self):
        user = self.iam.create_user(UserName=self.name, Path="/a/", Tags=[{"Key": "k", "Value": ""}])["User"]
        self.assertEqual(user["Arn"], f"arn:aws:iam::000000000000:user/a/{self.name}")
        self.assertEqual(user["Tags"], [{"Key": "k", "Value": ""}])
        self.assertIsInstance(user["CreateDate"], datetime.datetime)
        self.assertRegex(user["UserId"], "^AIDA[A-Z2-7]{17}$")
        self.assertEqual(self.iam.get_user(UserName=self.name)["User"], user)
        self.refused(
            self.iam.exceptions.EntityAlreadyExistsException, "EntityAlreadyExists",
            f"User with name {self.name} already exists.", self.iam.create_user, UserName=self.name,
        )

        # Documents come back as they went in, decoded.
        self.iam.put_user_policy(UserName=self.name, PolicyName="tokens", PolicyDocument=json.dumps(TOKENS))
        self.assertEqual(self.iam.get_user_policy(UserName=self.name, PolicyName="tokens")["PolicyDocument"], TOKENS)

        key = self.iam.create_access_key(UserName=self.name)["AccessKey"]
        session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
        own = session.client("sts", endpoint_url=os.environ["POOLKEEPER_URL"])
        who = own.get_caller_identity()
        self.assertEqual((who["Arn"], who["UserId"]), (user["Arn"], user["UserId"]))
        self.refused(
            botocore.exceptions.ClientError, "AccessDenied",
            f"User: {user['Arn']} is not authorized to perform: iam:DeleteUser on resource: user {self.name} "
            "because no identity-based policy allows the iam:DeleteUser action",
            session.client("iam", endpoint_url=os.environ["POOLKEEPER_URL"]).delete_user, UserName=self.name,
        )
        self.refused(
            self.iam.exceptions.DeleteConflictException, "DeleteConflict",
            "Cannot delete entity, must delete policies first.", self.iam.delete_user, UserName=self.name,
        )
        self.iam.delete_user_policy(UserName=self.name, PolicyName="tokens")
        self.iam.delete_access_key(UserName=self.name, AccessKeyId=key["AccessKeyId"])
        self.iam.delete_user(UserName=self.name)
        self.refused(
            self.iam.exceptions.NoSuchEntityException, "NoSuchEntity",
            f"The user with name {self.name} cannot be found.", self.iam.get_user, UserName=self.name,
        )

    def test_policy(self):
        policy = self.iam.create_policy(PolicyName=self.name, PolicyDocument=json.dumps(TOKENS))["Policy"]
        self.assertEqual((policy["AttachmentCount"], policy["DefaultVersionId"], policy["IsAttachable"]), (0, "v1", True))
        role = self.iam.create_role(RoleName=self.name, AssumeRolePolicyDocument=TRUST)["Role"]
        self.assertEqual(role["AssumeRolePolicyDocument"], json.loads(TRUST))
        self.iam.attach_role_policy(RoleName=self.name, PolicyArn=policy["Arn"])
        roles = self.iam.list_entities_for_policy(PolicyArn=policy["Arn"])["PolicyRoles"]
        self.assertEqual(roles, [{"RoleName": self.name, "RoleId": role["RoleId"]}])
        self.assertEqual(self.iam.get_policy(PolicyArn=policy["Arn"])["Policy"]["AttachmentCount"], 1)
        # The resource interface reads what it needs by itself.
        attached = boto3.resource("iam", endpoint_url=os.environ["POOLKEEPER_URL"]).Role(self.name).attached_policies.all()
        self.assertEqual([p.policy_name for p in attached], [self.name])
        version = self.iam.create_policy_version(
            PolicyArn=policy["Arn"], PolicyDocument=TRUST.replace('"Principal": {"AWS": "000000000000"}', '"Resource": "*"'), SetAsDefault=True,
        )["PolicyVersion"]
        self.assertEqual((version["VersionId"], version["IsDefaultVersion"]), ("v2", True))

    def test_pages(self):
        names = [f"{self.name}-{n}" for n in range(4)]
        for name in names:
            self.iam.create_role(RoleName=name, Path=f"/{self.name}/", AssumeRolePolicyDocument=TRUST)
        pages = self.iam.get_paginator("list_roles").paginate(
            PathPrefix=f"/{self.name}/", PaginationConfig={"PageSize": 3}
        )
        self.assertEqual([[r["RoleName"] for r in page["Roles"]] for page in pages], [names[:3], names[3:]])

    def test_caller_identity(self):
        who = self.sts.get_caller_identity()
        self.assertEqual(
            (who["UserId"], who["Account"], who["Arn"]),
            ("000000000000", "000000000000", "arn:aws:iam::000000000000:root"),
        )
        # As Kubernetes and others send it: signed in the URL.
        url = self.sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
        with urllib.request.urlopen(url) as answer:
            self.assertIn(b"<Arn>arn:aws:iam::000000000000:root</Arn>", answer.read())


if __name__ == "__main__":
    unittest.main(verbosity=2)
