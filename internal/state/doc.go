// Package state is declared state: a file that says which accounts, policies, users,
// roles, providers and identity pools there are to be. It owns the format of the file,
// reads what there is, tells the difference and makes it.
//
// It is a client: all that it learns and does goes through operations of package api by
// a [Call], so that it is authorised, checked and recorded like any client's. It knows
// neither how a Call reaches the service nor files, flags and exit codes.
//
//	wanted, err := state.Parse(name, data)            // Problems: all of them, with lines
//	changes, err := state.Plan(ctx, call, wanted, o)  // reads; no changes: nothing to do
//	err = state.Apply(ctx, call, changes, done)       // stops at the first that fails
//
//	found, err := state.Read(ctx, call, state.Whole(accounts, regions))
//	data = state.Write(found)                         // the export
//
// # The file
//
// A file is one YAML document of at most [MaxFile] bytes. Keys that are not listed here,
// keys that are there twice, and values of another type than is listed are problems.
// Texts that read as numbers, true, false or null need quotes. Aliases may be used;
// merge keys may not. Nothing is taken from the environment.
//
//	version: 1                              # required
//	accounts:                               # required
//	  ACCOUNT:                              # 12 digits
//	    policies:                           # managed policies
//	      NAME:
//	        path: /                         # can not be changed
//	        description: text               # can not be changed; left out: any
//	        document: DOCUMENT              # required; a change is a new version, in force
//	        tags: {KEY: VALUE}
//	    users:
//	      NAME:
//	        path: /
//	        policies: {NAME: DOCUMENT}      # inline policies
//	        attached: [POLICY]              # names or ARNs of managed policies
//	        tags: {KEY: VALUE}
//	    roles:
//	      NAME:
//	        path: /                         # can not be changed
//	        description: text               # left out: any
//	        maxSessionDuration: 3600        # in seconds
//	        trust: DOCUMENT                 # required; who may take the role
//	        policies: {NAME: DOCUMENT}
//	        attached: [POLICY]
//	        tags: {KEY: VALUE}
//	    oidcProviders:
//	      URL:                              # https://…, to the letter the iss of tokens
//	        clientIds: [text]
//	        thumbprints: [text]
//	        tags: {KEY: VALUE}
//	    samlProviders:
//	      NAME:
//	        metadata: text                  # required; XML
//	        tags: {KEY: VALUE}
//	    identityPools:
//	      REGION:
//	        - name: text                    # required
//	          id: REGION:GUID               # for pools of one name; see below
//	          allowUnauthenticatedIdentities: false
//	          allowClassicFlow: true        # left out is a setting of its own: allowed
//	          supportedLoginProviders: {PROVIDER: APP_ID}
//	          developerProviderName: text   # set once; left out: any
//	          oidcProviders: [URL]          # or ARNs
//	          cognitoIdentityProviders:
//	            - providerName: text        # required
//	              clientId: text            # required
//	              serverSideTokenCheck: true
//	          samlProviders: [NAME]         # or ARNs
//	          signingAlgorithm: text        # of tokens; left out: the server's
//	          tags: {KEY: VALUE}
//
// A DOCUMENT is a policy as a mapping, or as text that is JSON. Two are the same where
// they are the same JSON; what is sent is [Document]. A date is text, so that Version
// needs no quotes. Numbers are those of JSON.
//
// # What it means
//
// What is in the file is made so, whole: of a user that is there, what the file leaves out
// has the value shown above, or is none. So a policy that is taken out of attached is
// detached, and what somebody changed by hand shows as a difference. Exceptions are the
// values that the service can not take away, marked "left out: any".
//
// What is not in the file is left alone. With [Options].Prune, what is of a kind that the
// file names, in an account that it names, is removed: of an account with the key users,
// and be it users: {}, all users that are not there, with their access keys, inline
// policies and attachments. Pools are removed by [Options].PrunePools alone, within the
// regions named, since their identities do not come back.
//
// A pool that has an id in the file is the pool with that id, which must exist. Any other is
// the one of its name in its region among those that no id claims: none, and it is made;
// several, and it is a problem, since only ids can tell them apart. [Read] gives ids to
// pools that share a name and to no others, so that an export can be applied elsewhere.
//
// Names of policies, users, roles and providers, and keys of their tags, are the same where
// they differ in case alone, as in IAM. Access keys are not declared: their secrets are
// shown once, when they are made.
package state
