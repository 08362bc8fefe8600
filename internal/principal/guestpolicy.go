package principal

import (
	"sync"

	"github.com/poolkeeper/poolkeeper/internal/iam"
)

// The session policies of guests: whatever their role may do, a session that an identity
// pool hands to a guest can do no more than one of these allows. Sources: the Cognito
// Developer Guide, "IAM roles", on services that unauthenticated users can access, and the
// AWS managed policy AmazonCognitoUnAuthedIdentitiesSessionPolicy, version 4 of 2026-05-01.
const (
	guestServices = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*", "Action": [
		"appsync:*", "cloudwatch:*", "codewhisperer:*", "cognito-identity:*", "cognito-idp:*", "cognito-sync:*",
		"comprehend:*", "dynamodb:*", "execute-api:*", "firehose:*", "gamelift:*", "iot:*", "kinesis:*", "lambda:*",
		"lex:*", "logs:*", "machinelearning:*", "mobileanalytics:*", "mobiletargeting:*", "personalize:*", "polly:*",
		"rekognition:*", "s3:*", "sagemaker:InvokeEndpoint", "sdb:*", "ses:*", "sns:*", "sqs:*",
		"textract:AnalyzeDocument", "textract:DetectDocumentText", "transcribe:*", "translate:*"]}}`
	guestManaged = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*", "Action": [
		"comprehend:*", "firehose:*", "geo:*DevicePosition*", "geo:*Geofence", "geo:*Geofences", "geo:CalculateRoute*",
		"geo:GetMap*", "geo:GetPlace", "geo:ListMaps", "geo:SearchPlaceIndex*", "kms:Decrypt", "kms:Encrypt",
		"kms:GenerateDataKey", "kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext",
		"kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo", "mobiletargeting:*",
		"personalize:*", "polly:*", "rekognition:*", "rum:PutRumEvents", "sagemaker:InvokeEndpoint", "transcribe:*",
		"translate:*"]}}`
)

var guestPolicies = sync.OnceValue(func() []iam.Named {
	return []iam.Named{
		{Name: "AmazonCognitoUnauthenticatedServices", Policy: mustParse(iam.SessionPolicy, guestServices)},
		{Name: "AmazonCognitoUnAuthedIdentitiesSessionPolicy", Policy: mustParse(iam.SessionPolicy, guestManaged)},
	}
})
