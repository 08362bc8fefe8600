package main

import "github.com/poolkeeper/poolkeeper/internal/api"

// A meaning says of a code what has happened and what to do about it.
type meaning struct {
	code    api.Code
	meaning string
}

// meanings are those of all codes, by the protocol whose services answer with them,
// in the order of the reference page.
var meanings = map[api.Protocol][]meaning{
	api.JSON: {
		{api.InvalidParameterException, "A parameter does not fit the identity pool or the other parameters."},
		{api.ResourceNotFoundException, "What the request names does not exist, or belongs to another account."},
		{api.NotAuthorizedException, "A login token is not accepted, or the identity may not be used in this way."},
		{api.ResourceConflictException, "The request contradicts what is there, such as a login that is linked to another identity."},
		{api.TooManyRequestsException, "Requests come too fast. Wait and try again."},
		{api.LimitExceededException, "The account or the identity pool has as many of these as it may have."},
		{api.ExternalServiceException, "A login provider could not be asked. Try again."},
		{api.InvalidIdentityPoolConfigurationException, "The identity pool has no usable role for the identity."},
		{api.DeveloperUserAlreadyRegisteredException, "The developer user is linked to an identity other than the one named."},
		{api.ConcurrentModificationException, "Another request changed the same thing at the same time. Try again."},
		{api.InternalErrorException, "The server failed. Its log, under the request's id, says why. Try again."},
		{api.ValidationException, "A member is missing, too long, too short, or does not match its pattern or enumeration."},
		{api.SerializationException, "The body is not JSON, or a member has the wrong type."},
		{api.UnknownOperationException, "The request names no operation of this server."},
		{api.RequestEntityTooLargeException, "The body is larger than the server reads."},
		{api.MissingAuthenticationTokenException, "The operation must be signed, and the request is not."},
		{api.IncompleteSignatureException, "The signature lacks a part, or a part can not be read."},
		{api.InvalidSignatureException, "The signature does not match the request, or its time is too far from the server's."},
		{api.UnrecognizedClientException, "The access key or session token of the signature is not known."},
		{api.ExpiredTokenException, "The temporary credentials of the signature have expired. Get new ones."},
		{api.AccessDeniedException, "The request is signed well, and its principal may not do this."},
	},
	api.Query: {
		{api.NoSuchEntity, "What the request names does not exist in the account."},
		{api.EntityAlreadyExists, "There is one of that name already. Names that differ only in case are the same."},
		{api.DeleteConflict, "Something is attached to or part of what is to be deleted. Take that away first."},
		{api.LimitExceeded, "The account, or what the request names, has as many of these as it may have."},
		{api.IDPCommunicationError, "The identity provider that was to verify the token could not be reached. Try again."},
		{api.IDPRejectedClaim, "The identity provider does not accept the token."},
		{api.InvalidIdentityToken, "The token proves nothing: it is no ID token of a provider that the account of the role has, or not for one of its client ids."},
		{api.InvalidInput, "A parameter does not fit what is there or the other parameters."},
		{api.MalformedPolicyDocument, "The policy is not JSON, or not a policy. The message says where."},
		{api.ConcurrentModification, "Another request changed the same thing at the same time. Try again."},
		{api.EntityTemporarilyUnmodifiable, "What the request names was changed just now. Try again."},
		{api.UnmodifiableEntity, "The role belongs to a service, and only that may change it."},
		{api.PolicyNotAttachable, "The policy can not be attached."},
		{api.PackedPolicyTooLarge, "The session policies and tags together are too large."},
		{api.RegionDisabledException, "The region is not in use in the account."},
		{api.ServiceFailure, "The server failed. Its log, under the request's id, says why. Try again."},
		{api.InternalFailure, "The server failed. Its log, under the request's id, says why. Try again."},
		{api.ValidationError, "A parameter is missing, too long, too short, or does not match its pattern or enumeration."},
		{api.InvalidParameterValue, "A parameter contradicts the other parameters or the session that calls."},
		{api.MalformedInput, "A parameter has the wrong type, or a list or structure the wrong form."},
		{api.MalformedQueryString, "The body is not a form, or its encoding is broken."},
		{api.InvalidAction, "The request names no operation of this version of the service."},
		{api.MissingAuthenticationToken, "The operation must be signed, and the request is not."},
		{api.IncompleteSignature, "The signature lacks a part, or a part can not be read."},
		{api.SignatureDoesNotMatch, "The signature does not match the request, or its time is too far from the server's."},
		{api.InvalidClientTokenId, "The access key or session token of the signature is not known."},
		{api.ExpiredToken, "The temporary credentials of the signature have expired. Get new ones."},
		{api.AccessDenied, "The request is signed well, and its principal may not do this."},
		{api.Throttling, "Requests come too fast. Wait and try again."},
	},
}
