package main

import "github.com/poolkeeper/poolkeeper/internal/api"

// meanings says of each code, in the order of the reference page, what has
// happened and what to do about it.
var meanings = []struct {
	code    api.Code
	meaning string
}{
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
}
