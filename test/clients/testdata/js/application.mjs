// What an application does with the AWS SDK, unmodified: the same file runs in Node and in a
// page. It reports what came back; javascript_test.go says what should have.
import {
  CognitoIdentityClient,
  DescribeIdentityCommand,
  DescribeIdentityPoolCommand,
  GetIdCommand,
  ListIdentitiesCommand,
  NotAuthorizedException,
} from "@aws-sdk/client-cognito-identity";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromCognitoIdentity, fromCognitoIdentityPool, fromWebToken } from "@aws-sdk/credential-providers";

export async function report({ endpoint, region, pool, identity, token, provider, idToken, role }) {
  const clientConfig = { region, endpoint };
  const guest = fromCognitoIdentityPool({ identityPoolId: pool, clientConfig });
  const again = fromCognitoIdentityPool({ identityPoolId: pool, clientConfig });
  const user = fromCognitoIdentityPool({
    identityPoolId: pool,
    logins: { [provider]: async () => idToken },
    clientConfig,
  });
  const ofBackend = (token) =>
    fromCognitoIdentity({ identityId: identity, logins: { "cognito-identity.amazonaws.com": async () => token }, clientConfig });
  const loggedIn = (logins) => fromCognitoIdentityPool({ identityPoolId: pool, logins, clientConfig });

  const members = {
    guest: await uses(guest, pool, clientConfig),
    user: await uses(user, pool, clientConfig),
    developerUser: await uses(ofBackend(token), pool, clientConfig),
    webIdentity: await uses(
      fromWebToken({ roleArn: role, roleSessionName: "page", webIdentityToken: token, clientConfig }),
      pool,
      clientConfig,
    ),
  };
  const issued = await ofBackend(token)();
  const calls = {
    changedToken: ofBackend(changed(token)),
    tokenOfBackendAtPool: loggedIn({ "cognito-identity.amazonaws.com": token }),
    changedIDToken: loggedIn({ [provider]: changed(idToken) }),
    tokenOfOtherProvider: loggedIn({ "accounts.google.com": idToken }),
    unknownPool: fromCognitoIdentityPool({ identityPoolId: `${region}:7d1f0ab2-0000-4000-8000-000000000000`, clientConfig }),
    webIdentityChanged: fromWebToken({ roleArn: role, webIdentityToken: changed(token), clientConfig }),
    otherSecret: caller({ ...clientConfig, credentials: { ...issued, secretAccessKey: "x" } }),
    changedSession: caller({ ...clientConfig, credentials: { ...issued, sessionToken: changed(issued.sessionToken) } }),
    clockAhead: withClock(3600_000, describePool(pool, { ...clientConfig, credentials: issued })),
    clockBehind: withClock(-3600_000, caller({ ...clientConfig, credentials: issued })),
  };
  const outcomes = {};
  for (const [name, call] of Object.entries(calls)) {
    outcomes[name] = await outcome(call);
  }

  const typed = await new CognitoIdentityClient(clientConfig)
    .send(new GetIdCommand({ IdentityPoolId: pool, Logins: { [provider]: changed(idToken) } }))
    .catch((error) => error instanceof NotAuthorizedException);
  const keptIdentity = (await again()).identityId === members.guest.identity;
  return { members, outcomes, typed, keptIdentity };
}

// uses tells what credentials are, and what they are good for.
async function uses(provider, pool, clientConfig) {
  const { accessKeyId, sessionToken, expiration, identityId } = await provider();
  const config = { ...clientConfig, credentials: provider };
  const client = new CognitoIdentityClient(config);
  return {
    temporary: accessKeyId.startsWith("ASIA") && sessionToken !== "",
    minutes: Math.round((expiration - Date.now()) / 60_000),
    identity: identityId,
    caller: await outcome(caller(config)),
    pool: await outcome(describePool(pool, config)),
    self: identityId && (await outcome(() => client.send(new DescribeIdentityCommand({ IdentityId: identityId })))),
    others: await outcome(() => client.send(new ListIdentitiesCommand({ IdentityPoolId: pool, MaxResults: 1 }))),
  };
}

const caller = (config) => () => new STSClient(config).send(new GetCallerIdentityCommand());

const describePool = (pool, config) => () =>
  new CognitoIdentityClient(config).send(new DescribeIdentityPoolCommand({ IdentityPoolId: pool }));

// withClock makes a call on a device whose clock is off.
const withClock = (off, call) => async () => {
  const right = Date;
  globalThis.Date = class extends right {
    static now = () => right.now() + off;
    constructor(...given) {
      super(...(given.length ? given : [right.now() + off]));
    }
  };
  try {
    return await call();
  } finally {
    globalThis.Date = right;
  }
};

// outcome is the answer to a call, or how it was refused.
async function outcome(call) {
  try {
    const { $metadata, ...answer } = await call();
    return { answer, ...seen($metadata) };
  } catch (error) {
    return { error: error.name, message: error.message, ...seen(error.$metadata) };
  }
}

// seen is what the SDK read beside the answer. A page reads a header only if the server lets it.
function seen({ httpStatusCode, requestId, attempts } = {}) {
  return { status: httpStatusCode, requestId, attempts };
}

// changed changes a character in the middle, where every bit counts.
function changed(text) {
  const at = Math.floor((text.length * 9) / 10);
  return text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
}
