package api

var createOpenIDConnectProvider = &Operation{
	Name:     "CreateOpenIDConnectProvider",
	Doc:      "Makes an OpenID Connect provider known, so that roles and identity pools can trust its tokens.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: Resource{Form: OIDCProviderByURL, Member: "Url"},
	Input: structure("CreateOpenIDConnectProviderInput",
		required("Url", oidcProviderURL, "The issuer: an https URL, to the letter the iss of its tokens."),
		optional("ClientIDList", clientIDs, "The client ids, or audiences, whose tokens are taken."),
		optional("ThumbprintList", thumbprints, "SHA-1 hashes of certificates, in hexadecimal: kept and returned. The provider's TLS certificate is verified without them."),
		optional("Tags", iamTags, "Tags to put on the provider."),
	),
	Output: structure("CreateOpenIDConnectProviderOutput",
		optional("OpenIDConnectProviderArn", iamARN, "The ARN of the provider, by which operations name it."),
		optional("Tags", iamTags, "The tags of the provider."),
	),
	Errors:     iamFailures(InvalidInput, EntityAlreadyExists, LimitExceeded, ConcurrentModification),
	Conditions: taggingConditions,
}

var deleteOpenIDConnectProvider = &Operation{
	Name:     "DeleteOpenIDConnectProvider",
	Doc:      "Deletes an OpenID Connect provider. Roles and identity pools that name it stay, and take its tokens no more.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onOIDCProvider,
	Input: structure("DeleteOpenIDConnectProviderInput",
		required("OpenIDConnectProviderArn", iamARN, "The provider to delete."),
	),
	Errors: iamFailures(InvalidInput, NoSuchEntity),
}

var getOpenIDConnectProvider = &Operation{
	Name:     "GetOpenIDConnectProvider",
	Doc:      "Returns an OpenID Connect provider.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: onOIDCProvider,
	Input: structure("GetOpenIDConnectProviderInput",
		required("OpenIDConnectProviderArn", iamARN, "The provider."),
	),
	Output: structure("GetOpenIDConnectProviderOutput",
		optional("Url", oidcProviderURL, "The issuer, without https:// before it."),
		optional("ClientIDList", clientIDs, "The client ids whose tokens are taken."),
		optional("ThumbprintList", thumbprints, "The thumbprints given."),
		optional("CreateDate", iamDate, "When the provider was created."),
		optional("Tags", iamTags, "The tags of the provider."),
	),
	Errors: iamFailures(InvalidInput, NoSuchEntity),
}

var listOpenIDConnectProviders = &Operation{
	Name:     "ListOpenIDConnectProviders",
	Doc:      "Lists the OpenID Connect providers of your account, all at once.",
	Access:   AccessList,
	Resource: Resource{Called: "arn:aws:iam::${Account}:oidc-provider/*"},
	Input:    structure("ListOpenIDConnectProvidersInput"),
	Audit:    AuditRead,
	Output: structure("ListOpenIDConnectProvidersOutput",
		optional("OpenIDConnectProviderList", oidcProviderEntries, "The providers."),
	),
	Errors: iamFailures(),
}

var addClientIDToOpenIDConnectProvider = &Operation{
	Name:     "AddClientIDToOpenIDConnectProvider",
	Doc:      "Adds a client id to those whose tokens an OpenID Connect provider is trusted for. One that is there stays.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onOIDCProvider,
	Input: structure("AddClientIDToOpenIDConnectProviderInput",
		required("OpenIDConnectProviderArn", iamARN, "The provider."),
		required("ClientID", clientID, "The client id to add."),
	),
	Errors: iamFailures(InvalidInput, NoSuchEntity, LimitExceeded),
}

var removeClientIDFromOpenIDConnectProvider = &Operation{
	Name:     "RemoveClientIDFromOpenIDConnectProvider",
	Doc:      "Removes a client id from those whose tokens an OpenID Connect provider is trusted for. One that is not there is passed over.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onOIDCProvider,
	Input: structure("RemoveClientIDFromOpenIDConnectProviderInput",
		required("OpenIDConnectProviderArn", iamARN, "The provider."),
		required("ClientID", clientID, "The client id to remove."),
	),
	Errors: iamFailures(InvalidInput, NoSuchEntity),
}

var updateOpenIDConnectProviderThumbprint = &Operation{
	Name:     "UpdateOpenIDConnectProviderThumbprint",
	Doc:      "Replaces the thumbprints of an OpenID Connect provider, all of them.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onOIDCProvider,
	Input: structure("UpdateOpenIDConnectProviderThumbprintInput",
		required("OpenIDConnectProviderArn", iamARN, "The provider."),
		required("ThumbprintList", thumbprints, "The new thumbprints."),
	),
	Errors: iamFailures(InvalidInput, NoSuchEntity),
}

var createSAMLProvider = &Operation{
	Name:     "CreateSAMLProvider",
	Doc:      "Makes a SAML 2.0 identity provider known by its metadata, so that roles and identity pools can name it.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: Resource{Form: SAMLProviderByName, Member: "Name"},
	Input: structure("CreateSAMLProviderInput",
		required("SAMLMetadataDocument", samlMetadata, "The metadata that the provider publishes, as XML."),
		required("Name", samlProviderName, "The name of the SAML provider, unique in the account."),
		optional("Tags", iamTags, "Tags to put on the SAML provider."),
	),
	Output: structure("CreateSAMLProviderOutput",
		optional("SAMLProviderArn", iamARN, "The ARN of the SAML provider, by which operations name it."),
		optional("Tags", iamTags, "The tags of the SAML provider."),
	),
	Errors:     iamFailures(InvalidInput, EntityAlreadyExists, LimitExceeded, ConcurrentModification),
	Conditions: taggingConditions,
}

var deleteSAMLProvider = &Operation{
	Name:     "DeleteSAMLProvider",
	Doc:      "Deletes a SAML provider. Roles and identity pools that name it stay, and take its assertions no more.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onSAMLProvider,
	Input: structure("DeleteSAMLProviderInput",
		required("SAMLProviderArn", iamARN, "The SAML provider to delete."),
	),
	Errors: iamFailures(InvalidInput, LimitExceeded, NoSuchEntity),
}

var getSAMLProvider = &Operation{
	Name:     "GetSAMLProvider",
	Doc:      "Returns a SAML provider with its metadata.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: onSAMLProvider,
	Input: structure("GetSAMLProviderInput",
		required("SAMLProviderArn", iamARN, "The SAML provider."),
	),
	Output: structure("GetSAMLProviderOutput",
		optional("SAMLMetadataDocument", samlMetadata, "The metadata, as XML."),
		optional("CreateDate", iamDate, "When the SAML provider was created."),
		optional("ValidUntil", iamDate, "Until when the metadata says that it is valid."),
		optional("Tags", iamTags, "The tags of the SAML provider."),
	),
	Errors: iamFailures(NoSuchEntity, InvalidInput),
}

var listSAMLProviders = &Operation{
	Name:   "ListSAMLProviders",
	Doc:    "Lists the SAML providers of your account, all at once.",
	Access: AccessList,
	Audit:  AuditRead,
	Input:  structure("ListSAMLProvidersInput"),
	Output: structure("ListSAMLProvidersOutput",
		optional("SAMLProviderList", samlProviderEntries, "The SAML providers."),
	),
	Errors: iamFailures(),
}

var updateSAMLProvider = &Operation{
	Name:     "UpdateSAMLProvider",
	Doc:      "Replaces the metadata of a SAML provider, for instance when its certificate changes.",
	Access:   AccessWrite,
	Audit:    AuditChange,
	Resource: onSAMLProvider,
	Input: structure("UpdateSAMLProviderInput",
		required("SAMLMetadataDocument", samlMetadata, "The new metadata, as XML."),
		required("SAMLProviderArn", iamARN, "The SAML provider."),
	),
	Output: structure("UpdateSAMLProviderOutput",
		optional("SAMLProviderArn", iamARN, "The ARN of the SAML provider."),
	),
	Errors: iamFailures(NoSuchEntity, InvalidInput, LimitExceeded),
}
