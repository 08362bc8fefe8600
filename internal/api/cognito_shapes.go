package api

// Scalars of the identity pool service.
var (
	accountID                       = text("AccountId", 1, 15, `\d+`)
	arnString                       = text("ARNString", 20, 2048, "")
	claimName                       = text("ClaimName", 1, 64, `[\p{L}\p{M}\p{S}\p{N}\p{P}]+`)
	claimValue                      = text("ClaimValue", 1, 128, "")
	cognitoIdentityProviderClientID = text("CognitoIdentityProviderClientId", 1, 128, `[\w_]+`)
	cognitoIdentityProviderName     = text("CognitoIdentityProviderName", 1, 128, `[\w._:/-]+`)
	developerProviderName           = text("DeveloperProviderName", 1, 128, `[\w._-]+`)
	developerUserIdentifier         = hidden("DeveloperUserIdentifier", 1, 1024, "")
	identityID                      = text("IdentityId", 1, 55, `[\w-]+:[0-9a-f-]+`)
	identityPoolID                  = text("IdentityPoolId", 1, 55, `[\w-]+:[0-9a-f-]+`)
	identityPoolName                = text("IdentityPoolName", 1, 128, `[\w\s+=,.@-]+`)
	identityProviderID              = text("IdentityProviderId", 1, 128, `[\w.;_/-]+`)
	identityProviderName            = text("IdentityProviderName", 1, 128, "")
	paginationKey                   = text("PaginationKey", 1, 65535, `[\S]+`)
	principalTagID                  = text("PrincipalTagID", 1, 128, "")
	principalTagValue               = text("PrincipalTagValue", 1, 256, "")
	roleType                        = text("RoleType", 1, 128, `(un)?authenticated`)
	tagKey                          = text("TagKeysType", 1, 128, "")
	tagValue                        = text("TagValueType", 0, 256, "")
	accessKeyString                 = text("AccessKeyString", 0, 0, "")

	identityProviderToken = secret("IdentityProviderToken", 1, 50000)
	oidcToken             = secret("OIDCToken", 0, 0)
	secretKeyString       = secret("SecretKeyString", 0, 0)
	// AWS does not mark session tokens. They are credentials, and stay out of logs.
	sessionTokenString = secret("SessionTokenString", 0, 0)

	ambiguousRoleResolution = enum("AmbiguousRoleResolutionType", "AuthenticatedRole", "Deny")
	deletionErrorCode       = enum("ErrorCode", "AccessDenied", "InternalServerError")
	mappingRuleMatchType    = enum("MappingRuleMatchType", "Equals", "Contains", "StartsWith", "NotEqual")
	roleMappingType         = enum("RoleMappingType", "Token", "Rules")

	queryLimit    = number("QueryLimit", Integer, 1, 60)
	tokenDuration = number("TokenDuration", Long, 1, 86400)

	allowUnauthenticated = scalar("IdentityPoolUnauthenticated", Boolean)
	classicFlow          = scalar("ClassicFlow", Boolean)
	hideDisabled         = scalar("HideDisabled", Boolean)
	serverSideTokenCheck = scalar("CognitoIdentityProviderTokenCheck", Boolean)
	useDefaults          = scalar("UseDefaults", Boolean)
	dateType             = scalar("DateType", Timestamp)
)

// Collections of the identity pool service.
var (
	cognitoIdentityProviders = list("CognitoIdentityProviderList", cognitoIdentityProvider, 0, 0)
	developerUserIdentifiers = list("DeveloperUserIdentifierList", developerUserIdentifier, 0, 0)
	identityIDs              = list("IdentityIdList", identityID, 1, 60)
	identityDescriptions     = list("IdentitiesList", identityDescription, 0, 0)
	identityPoolDescriptions = list("IdentityPoolsList", identityPoolShortDescription, 0, 0)
	loginNames               = list("LoginsList", identityProviderName, 0, 0)
	mappingRules             = list("MappingRulesList", mappingRule, 1, 400)
	oidcProviders            = list("OIDCProviderList", arnString, 0, 0)
	samlProviders            = list("SAMLProviderList", arnString, 0, 0)
	tagKeys                  = list("IdentityPoolTagsListType", tagKey, 0, 0)
	unprocessedIdentityIDs   = list("UnprocessedIdentityIdList", unprocessedIdentityID, 0, 60)

	identityProviders = table("IdentityProviders", identityProviderName, identityProviderID, 10)
	loginsMap         = table("LoginsMap", identityProviderName, identityProviderToken, 10)
	principalTags     = table("PrincipalTags", principalTagID, principalTagValue, 50)
	roleMappings      = table("RoleMappingMap", identityProviderName, roleMapping, 10)
	rolesMap          = table("RolesMap", roleType, arnString, 2)
	tags              = table("IdentityPoolTagsType", tagKey, tagValue, 0)
)

// Structures that several operations, or collections, share.
var (
	cognitoIdentityProvider = structure("CognitoIdentityProvider",
		optional("ProviderName", cognitoIdentityProviderName, "The user pool, as cognito-idp.REGION.amazonaws.com/USER_POOL_ID."),
		optional("ClientId", cognitoIdentityProviderClientID, "The app client of the user pool whose tokens are taken."),
		optional("ServerSideTokenCheck", serverSideTokenCheck, "Whether to ask the user pool, at each use, if the user is still signed in and exists."),
	)
	credentials = structure("Credentials",
		optional("AccessKeyId", accessKeyString, "The access key id."),
		optional("SecretKey", secretKeyString, "The secret access key, with which requests are signed."),
		optional("SessionToken", sessionTokenString, "The session token, which goes with every request."),
		optional("Expiration", dateType, "When the credentials cease to work."),
	)
	identityDescription = structure("IdentityDescription",
		optional("IdentityId", identityID, "The identity."),
		optional("Logins", loginNames, "The names of the providers of the linked logins; left out when there are none."),
		optional("CreationDate", dateType, "When the identity was created."),
		optional("LastModifiedDate", dateType, "When the identity or its linked logins last changed."),
	)
	identityPool = structure("IdentityPool",
		required("IdentityPoolId", identityPoolID, "The identity pool, as REGION:GUID."),
		required("IdentityPoolName", identityPoolName, "The name for people. It need not be unique."),
		required("AllowUnauthenticatedIdentities", allowUnauthenticated, "Whether guests, identities without logins, can be created and used."),
		optional("AllowClassicFlow", classicFlow, "Whether the basic (classic) flow may be used. Left out: allowed."),
		optional("SupportedLoginProviders", identityProviders, "Public login providers by name, each with your application's identifier there."),
		optional("DeveloperProviderName", developerProviderName, "The name under which your backend vouches for users. Once set, it stays."),
		optional("OpenIdConnectProviderARNs", oidcProviders, "ARNs of OpenID Connect providers whose tokens are taken."),
		optional("CognitoIdentityProviders", cognitoIdentityProviders, "User pools, with their app clients, whose tokens are taken."),
		optional("SamlProviderARNs", samlProviders, "ARNs of SAML providers whose assertions are taken."),
		optional("IdentityPoolTags", tags, "The tags of the identity pool."),
	)
	identityPoolShortDescription = structure("IdentityPoolShortDescription",
		optional("IdentityPoolId", identityPoolID, "The identity pool."),
		optional("IdentityPoolName", identityPoolName, "The name for people."),
	)
	mappingRule = structure("MappingRule",
		required("Claim", claimName, "The claim of the login token to look at."),
		required("MatchType", mappingRuleMatchType, "How the claim is compared with Value."),
		required("Value", claimValue, "What the claim is compared with."),
		required("RoleARN", arnString, "The role given when the rule matches."),
	)
	roleMapping = structure("RoleMapping",
		required("Type", roleMappingType, "Token: the login token names the role. Rules: the first rule that matches does."),
		optional("AmbiguousRoleResolution", ambiguousRoleResolution, "What happens when no single role results: give the role of authenticated identities, or refuse."),
		optional("RulesConfiguration", rulesConfiguration, "The rules, for the type Rules."),
	)
	rulesConfiguration = structure("RulesConfigurationType",
		required("Rules", mappingRules, "The rules, tried in order. AWS documents at most 25."),
	)
	unprocessedIdentityID = structure("UnprocessedIdentityId",
		optional("IdentityId", identityID, "The identity that was not deleted."),
		optional("ErrorCode", deletionErrorCode, "Why it was not deleted."),
	)
)
