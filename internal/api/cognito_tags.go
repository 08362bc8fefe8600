package api

var listTagsForResource = &Operation{
	Name:     "ListTagsForResource",
	Doc:      "Returns the tags of an identity pool.",
	Access:   AccessRead,
	Audit:    AuditRead,
	Resource: Resource{Form: ByARN, Member: "ResourceArn"},
	Input: structure("ListTagsForResourceInput",
		required("ResourceArn", arnString, "The ARN of the identity pool."),
	),
	Output: structure("ListTagsForResourceOutput",
		optional("Tags", tags, "The tags of the identity pool."),
	),
	Errors: failures(ResourceNotFoundException, NotAuthorizedException),
}

var tagResource = &Operation{
	Name:     "TagResource",
	Doc:      "Puts tags on an identity pool. A tag with a key that is there gets the new value.",
	Access:   AccessTagging,
	Audit:    AuditChange,
	Resource: Resource{Form: ByARN, Member: "ResourceArn"},
	Input: structure("TagResourceInput",
		required("ResourceArn", arnString, "The ARN of the identity pool."),
		required("Tags", tags, "The tags to put on."),
	),
	Output:     structure("TagResourceOutput"),
	Errors:     failures(ResourceNotFoundException, NotAuthorizedException),
	Conditions: tagging("Tags"),
}

var untagResource = &Operation{
	Name:     "UntagResource",
	Doc:      "Takes tags off an identity pool. Keys that it does not have are passed over.",
	Access:   AccessTagging,
	Audit:    AuditChange,
	Resource: Resource{Form: ByARN, Member: "ResourceArn"},
	Input: structure("UntagResourceInput",
		required("ResourceArn", arnString, "The ARN of the identity pool."),
		required("TagKeys", tagKeys, "The keys of the tags to take off."),
	),
	Output:     structure("UntagResourceOutput"),
	Errors:     failures(ResourceNotFoundException, NotAuthorizedException),
	Conditions: []Condition{{"aws:TagKeys", "TagKeys"}},
}
