// openid-client with all that a careful client uses: private_key_jwt, pushed authorization requests, signed request
// objects, DPoP, and the device flow, each as far as discovery offers it. Told by the environment like sign-in.mjs, and
// KEY: the client's private key as a JWK, or none for a client with a secret. Says what it did as one line of JSON.

import assert from 'node:assert/strict'
import * as oidc from 'openid-client'
import { application, errorOf, keyOf, person } from './party.mjs'

const { ISSUER, CLIENT_ID, CLIENT_SECRET, KEY, WANT, ONLY } = process.env // ONLY: the client may do nothing else
const want = new Set((WANT ?? '').split(' '))

const signing = KEY && await keyOf(KEY)
const authentication = signing ? oidc.PrivateKeyJwt(signing) : CLIENT_SECRET ? oidc.ClientSecretBasic(CLIENT_SECRET) : oidc.None()
const config = await oidc.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, authentication, {
  execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
})
const server = config.serverMetadata()
const app = await application()
const someone = await person()
const did = { metadata: Object.keys(server).length }

/** One sign-in; `how` builds the address that the browser opens. */
async function signIn(how, DPoP) {
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()]
  const address = await how({
    redirect_uri: app.redirectUri,
    scope: 'openid profile email offline_access',
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
  })
  const back = await app.visit(await someone.go(address))
  return oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }, undefined, { DPoP })
}

try {
  if (!ONLY) {
    const plain = await signIn(async (parameters) => oidc.buildAuthorizationUrl(config, parameters))
    did.signedIn = plain.claims().sub
  }
  if (signing && !ONLY) did.own = (await oidc.clientCredentialsGrant(config)).token_type

  if (want.has('par') && !ONLY) {
    const pushed = await signIn((parameters) => oidc.buildAuthorizationUrlWithPAR(config, parameters))
    did.par = pushed.claims().sub
  }
  if (want.has('jar')) {
    const signed = await signIn((parameters) => oidc.buildAuthorizationUrlWithJAR(config, parameters, signing))
    did.jar = signed.claims().sub
  }
  if (want.has('par') && want.has('jar')) {
    const both = await signIn(async (parameters) => {
      const address = await oidc.buildAuthorizationUrlWithJAR(config, parameters, signing)
      return oidc.buildAuthorizationUrlWithPAR(config, address.searchParams)
    })
    did.parJar = both.claims().sub
  }
  if (want.has('dpop')) {
    const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'))
    const how = want.has('par')
      ? (parameters) => oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
      : async (parameters) => oidc.buildAuthorizationUrl(config, parameters)
    const bound = await signIn(how, DPoP)
    assert.equal(bound.token_type, 'dpop')
    did.dpop = (await oidc.fetchUserInfo(config, bound.access_token, bound.claims().sub, { DPoP })).sub
    const renewed = await oidc.refreshTokenGrant(config, bound.refresh_token, undefined, { DPoP })
    assert.equal(renewed.token_type, 'dpop')
    did.dpopTheft = await errorOf(oidc.fetchUserInfo(config, bound.access_token, bound.claims().sub))
    const other = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'))
    did.dpopOtherKey = await errorOf(oidc.fetchUserInfo(config, renewed.access_token, bound.claims().sub, { DPoP: other }))
  }
  if (want.has('device')) {
    const started = await oidc.initiateDeviceAuthorization(config, { scope: 'openid profile email offline_access' })
    did.device = Object.keys(started).sort()
    await someone.browser.open(started.verification_uri)
    await someone.browser.press({ user_code: started.user_code })
    await someone.browser.submit({ decision: 'allow' })
    did.devicePage = someone.browser.heading
    const tokens = await oidc.pollDeviceAuthorizationGrant(config, started)
    did.deviceSub = tokens.claims().sub
  }
  console.log(JSON.stringify(did))
} finally {
  app.close()
}
