package state

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/poolkeeper/poolkeeper/internal/api"
)

// The format of the file is told once, as fields that can be read and written.

// A field is one key of a mapping.
type field struct {
	name     string
	required bool
	read     func(r *reader, n *yaml.Node, at string)
	// write returns the value; nil: the key is left out.
	write func() *yaml.Node
}

// fields reads the fields of the mapping n. What is not there stays as it is.
func (r *reader) fields(n *yaml.Node, at string, fields []field) {
	entries, ok := r.mapping(n, at)
	if !ok {
		return
	}
	for _, e := range entries {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == e.key })
		if i < 0 {
			r.problem(e.name, e.at, "there is no such key; here may stand %s", names(fields))
			continue
		}
		r.lines[e.at] = e.name.Line
		fields[i].read(r, e.value, e.at)
		fields[i].required = false
	}
	for _, f := range fields {
		if f.required {
			r.problem(n, at, "%s is missing", f.name)
		}
	}
}

func names(fields []field) string {
	var all []string
	for _, f := range fields {
		all = append(all, f.name)
	}
	return strings.Join(all, ", ")
}

func fileFields(s *State) []field {
	return []field{
		{
			name: "version", required: true,
			read: func(r *reader, n *yaml.Node, at string) {
				if v, ok := r.integer(n, at); ok && v != 1 {
					r.problem(n, at, "version %d of the format is not known here: this is version 1", v)
				}
			},
			write: func() *yaml.Node { return scalar("!!int", "1") },
		},
		{
			name: "accounts", required: true,
			read: func(r *reader, n *yaml.Node, at string) {
				entries, _ := r.mapping(n, at)
				for _, e := range entries {
					r.lines[e.at] = e.name.Line
					if len(e.key) != 12 || strings.Trim(e.key, "0123456789") != "" {
						r.problem(e.name, e.at, "an account has 12 digits")
					}
					a := &Account{}
					r.fields(e.value, e.at, accountFields(a))
					s.Accounts[e.key] = a
				}
			},
			write: func() *yaml.Node {
				n := object()
				for _, id := range sortedKeys(s.Accounts) {
					put(n, id, fieldsNode(accountFields(s.Accounts[id])))
				}
				return n
			},
		},
	}
}

func accountFields(a *Account) []field {
	return []field{
		kind("policies", &a.Policies, policyName, newPolicy, policyFields),
		kind("users", &a.Users, userName, newUser, userFields),
		kind("roles", &a.Roles, roleName, newRole, roleFields),
		kind("oidcProviders", &a.OIDCProviders, oidcURL, func() *OIDCProvider { return &OIDCProvider{} }, oidcFields),
		kind("samlProviders", &a.SAMLProviders, samlName, func() *SAMLProvider { return &SAMLProvider{} }, samlFields),
		poolsField("identityPools", &a.IdentityPools),
	}
}

func policyFields(p *Policy) []field {
	return []field{
		textField("path", &p.Path, policyPath, defaultPath),
		textField("description", &p.Description, policyDescription, ""),
		documentField("document", &p.Document),
		iamTagsField(&p.Tags),
	}
}

func userFields(u *User) []field {
	return []field{
		textField("path", &u.Path, userPath, defaultPath),
		documentsField("policies", &u.Policies),
		listField("attached", &u.Attached, orARN(policyName, attachedARN)),
		iamTagsField(&u.Tags),
	}
}

func roleFields(role *Role) []field {
	return []field{
		textField("path", &role.Path, rolePath, defaultPath),
		textField("description", &role.Description, roleDescription, ""),
		{
			name: "maxSessionDuration",
			read: func(r *reader, n *yaml.Node, at string) {
				if i, ok := r.integer(n, at); ok {
					r.broken(n, at, maxSession.CheckNumber(i))
					role.MaxSessionDuration = i
				}
			},
			write: func() *yaml.Node {
				if role.MaxSessionDuration == defaultMaxSessionDuration {
					return nil
				}
				return scalar("!!int", strconv.FormatInt(role.MaxSessionDuration, 10))
			},
		},
		documentField("trust", &role.Trust),
		documentsField("policies", &role.Policies),
		listField("attached", &role.Attached, orARN(policyName, attachedARN)),
		iamTagsField(&role.Tags),
	}
}

func oidcFields(p *OIDCProvider) []field {
	return []field{
		listField("clientIds", &p.ClientIDs, is(clientID)),
		listField("thumbprints", &p.Thumbprints, is(thumbprint)),
		iamTagsField(&p.Tags),
	}
}

func samlFields(p *SAMLProvider) []field {
	metadata := textField("metadata", &p.Metadata, samlMetadata, "")
	metadata.required = true
	return []field{metadata, iamTagsField(&p.Tags)}
}

func poolFields(p *Pool) []field {
	name := textField("name", &p.Name, poolName, "")
	name.required = true
	return []field{
		name,
		textField("id", &p.ID, poolID, ""),
		{
			name: "allowUnauthenticatedIdentities",
			read: func(r *reader, n *yaml.Node, at string) { p.AllowUnauthenticatedIdentities = r.flag(n, at) },
			write: func() *yaml.Node {
				return flag(&p.AllowUnauthenticatedIdentities)
			},
		},
		flagField("allowClassicFlow", &p.AllowClassicFlow),
		tableField("supportedLoginProviders", &p.SupportedLoginProviders, loginProviders),
		textField("developerProviderName", &p.DeveloperProviderName, developerProvider, ""),
		listField("oidcProviders", &p.OIDCProviders, orARN(oidcURL, providerARN)),
		{
			name: "cognitoIdentityProviders",
			read: func(r *reader, n *yaml.Node, at string) {
				for i, e := range r.list(n, at) {
					p.CognitoIdentityProviders = append(p.CognitoIdentityProviders, CognitoProvider{})
					r.fields(e, element(at, i), cognitoFields(&p.CognitoIdentityProviders[i]))
				}
			},
			write: func() *yaml.Node {
				if len(p.CognitoIdentityProviders) == 0 {
					return nil
				}
				n := list()
				for i := range p.CognitoIdentityProviders {
					n.Content = append(n.Content, fieldsNode(cognitoFields(&p.CognitoIdentityProviders[i])))
				}
				return n
			},
		},
		listField("samlProviders", &p.SAMLProviders, orARN(samlName, providerARN)),
		textField("signingAlgorithm", &p.SigningAlgorithm, signingAlgorithm, ""),
		tableField("tags", &p.Tags, poolTags),
	}
}

func cognitoFields(c *CognitoProvider) []field {
	provider := textField("providerName", &c.ProviderName, cognitoProvider, "")
	client := textField("clientId", &c.ClientID, cognitoClient, "")
	provider.required, client.required = true, true
	return []field{provider, client, flagField("serverSideTokenCheck", &c.ServerSideTokenCheck)}
}

// kind is a field with everything of one kind by name. Names that differ only in case
// are the same.
func kind[T any](name string, m *map[string]*T, shape *api.Shape, fresh func() *T, fields func(*T) []field) field {
	return field{
		name: name,
		read: func(r *reader, n *yaml.Node, at string) {
			entries, ok := r.mapping(n, at)
			if !ok {
				return
			}
			*m = make(map[string]*T, len(entries))
			folded := make(map[string]string, len(entries))
			for _, e := range entries {
				r.lines[e.at] = e.name.Line
				r.check(e.name, e.at, shape, e.key)
				if shape == oidcURL && !strings.HasPrefix(e.key, https) {
					r.problem(e.name, e.at, "a provider's URL begins with %s", https)
				}
				if other, twice := folded[fold(e.key)]; twice {
					r.problem(e.name, e.at, "%s is the same name: case does not tell names apart", other)
				}
				folded[fold(e.key)] = e.key
				v := fresh()
				r.fields(e.value, e.at, fields(v))
				(*m)[e.key] = v
			}
		},
		write: func() *yaml.Node {
			if *m == nil {
				return nil
			}
			n := object()
			for _, key := range sortedKeys(*m) {
				put(n, key, fieldsNode(fields((*m)[key])))
			}
			return n
		},
	}
}

// poolsField is a field with lists of identity pools by region.
func poolsField(name string, m *map[string][]*Pool) field {
	return field{
		name: name,
		read: func(r *reader, n *yaml.Node, at string) {
			entries, ok := r.mapping(n, at)
			if !ok {
				return
			}
			*m = make(map[string][]*Pool, len(entries))
			for _, e := range entries {
				r.lines[e.at] = e.name.Line
				if !regionName().MatchString(e.key) {
					r.problem(e.name, e.at, "this is not the name of a region")
				}
				(*m)[e.key] = r.pools(e)
			}
		},
		write: func() *yaml.Node {
			if *m == nil {
				return nil
			}
			n := object()
			for _, region := range sortedKeys(*m) {
				pools := list()
				for _, p := range (*m)[region] {
					pools.Content = append(pools.Content, fieldsNode(poolFields(p)))
				}
				put(n, region, pools)
			}
			return n
		},
	}
}

// pools reads the pools of a region. Two without an id have different names, and no two
// have one id.
func (r *reader) pools(region entry) (pools []*Pool) {
	seen := make(map[string]string)
	for i, n := range r.list(region.value, region.at) {
		p, at := &Pool{}, element(region.at, i)
		r.fields(n, at, poolFields(p))
		if p.ID != "" && !strings.HasPrefix(p.ID, region.key+":") {
			r.problem(n, at+".id", "the id of a pool in %s begins with %[1]s:", region.key)
		}
		key := "the name " + strconv.Quote(p.Name) + " without an id"
		if p.ID != "" {
			key = "this id"
			if other, twice := seen[p.ID]; twice {
				r.problem(n, at+".id", "%s has %s too", other, key)
			}
			seen[p.ID] = at
		} else if other, twice := seen[key]; twice {
			r.problem(n, at+".name", "%s has %s too: give the ids", other, key)
		} else {
			seen[key] = at
		}
		pools = append(pools, p)
	}
	return pools
}

// textField is text; other is what it is when it is left out.
func textField(name string, v *string, shape *api.Shape, other string) field {
	return field{
		name: name,
		read: func(r *reader, n *yaml.Node, at string) { *v = r.text(n, at, is(shape)) },
		write: func() *yaml.Node {
			if *v == other {
				return nil
			}
			return text(*v)
		},
	}
}

func flagField(name string, v **bool) field {
	return field{
		name: name,
		read: func(r *reader, n *yaml.Node, at string) {
			b := r.flag(n, at)
			*v = &b
		},
		write: func() *yaml.Node {
			if *v == nil {
				return nil
			}
			return flag(*v)
		},
	}
}

// listField is a list of texts, each of the shape that is for it.
func listField(name string, v *[]string, shape func(text string) *api.Shape) field {
	return field{
		name: name,
		read: func(r *reader, n *yaml.Node, at string) {
			for i, e := range r.list(n, at) {
				*v = append(*v, r.text(e, element(at, i), shape))
			}
		},
		write: func() *yaml.Node {
			if len(*v) == 0 {
				return nil
			}
			n := list()
			for _, s := range *v {
				n.Content = append(n.Content, text(s))
			}
			return n
		},
	}
}

// tableField is a mapping of texts to texts.
func tableField(name string, v *map[string]string, shape *api.Shape) field {
	return field{
		name: name,
		read: func(r *reader, n *yaml.Node, at string) {
			entries, _ := r.mapping(n, at)
			r.broken(n, at, shape.CheckLen(len(entries)))
			for _, e := range entries {
				r.check(e.name, e.at, shape.Key, e.key)
				if *v == nil {
					*v = make(map[string]string)
				}
				(*v)[e.key] = r.text(e.value, e.at, is(shape.Elem))
			}
		},
		write: func() *yaml.Node {
			if len(*v) == 0 {
				return nil
			}
			n := object()
			for _, key := range sortedKeys(*v) {
				put(n, key, text((*v)[key]))
			}
			return n
		},
	}
}

// iamTagsField is tags of IAM, whose keys differ by more than case.
func iamTagsField(v *map[string]string) field {
	f := tableField("tags", v, iamTags)
	read := f.read
	f.read = func(r *reader, n *yaml.Node, at string) {
		read(r, n, at)
		folded := make(map[string]string)
		for _, key := range sortedKeys(*v) {
			if other, twice := folded[fold(key)]; twice {
				r.problem(n, below(at, key), "%s is the same key: case does not tell keys apart", other)
			}
			folded[fold(key)] = key
		}
	}
	return f
}

func documentField(name string, v *Document) field {
	return field{
		name: name, required: true,
		read:  func(r *reader, n *yaml.Node, at string) { *v = r.document(n, at) },
		write: func() *yaml.Node { return node(v.value()) },
	}
}

// documentsField is inline policies.
func documentsField(name string, v *map[string]Document) field {
	return field{
		name: name,
		read: func(r *reader, n *yaml.Node, at string) {
			entries, _ := r.mapping(n, at)
			for _, e := range entries {
				r.check(e.name, e.at, policyName, e.key)
				if *v == nil {
					*v = make(map[string]Document)
				}
				(*v)[e.key] = r.document(e.value, e.at)
			}
		},
		write: func() *yaml.Node {
			if len(*v) == 0 {
				return nil
			}
			n := object()
			for _, key := range sortedKeys(*v) {
				put(n, key, node((*v)[key].value()))
			}
			return n
		},
	}
}
