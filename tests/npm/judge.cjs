'use strict';
// IBM's SDK for Node against the server, one case a call or two. `tests/test_npm.py` starts it, and says where the server is.

const { strict: assert } = require('node:assert');
const { randomUUID } = require('node:crypto');
const { json, text } = require('node:stream/consumers');
const { test } = require('node:test');
const { setTimeout: pause } = require('node:timers/promises');

const KeyProtect = require('@ibm-cloud/ibm-key-protect/ibm-key-protect-api/v2');
const { IamAuthenticator } = require('@ibm-cloud/ibm-key-protect/auth');

const { JUDGE_URL: url, JUDGE_API_KEY: apikey, JUDGE_INSTANCE: bluemixInstance } = process.env;
const sdk = new KeyProtect({ authenticator: new IamAuthenticator({ apikey, url }), serviceUrl: url });

const vendor = (kind) => `application/vnd.ibm.kms.${kind}+json`;
const base64 = (text) => Buffer.from(text).toString('base64');
const collection = (kind, ...resources) => ({
  metadata: { collectionType: vendor(kind), collectionTotal: resources.length },
  resources,
});
const TEXT = base64('a data encryption key of 32 byte');

/** One call of the SDK's, in the instance that all cases share. */
const call = (name, parameters) => sdk[name]({ bluemixInstance, ...parameters });

/** The call must be refused, with this status and code. */
async function refused(status, code, name, parameters) {
  await assert.rejects(call(name, parameters), (error) => {
    assert.equal(error.status, status, error.message);
    assert.match(error.body, new RegExp(code));
    return true;
  });
}

/** The call, again and again while it is too early for it. */
async function patiently(name, parameters, tries = 100) {
  try {
    return await call(name, parameters);
  } catch (error) {
    const said = typeof error.body === 'string' ? error.body : await text(error.body);
    if (tries === 0 || !/REQ_TOO_EARLY_ERR|KEY_ROTATION_NOT_PERMITTED/.test(said)) throw error;
    await pause(100);
    return patiently(name, parameters, tries - 1);
  }
}

async function create(fields) {
  const resource = { type: vendor('key'), name: 'key', extractable: false, ...fields };
  const answer = await call('createKey', { body: collection('key', resource), prefer: 'return=representation' });
  assert.equal(answer.status, 201);
  return answer.result.resources[0];
}

async function wrap(id, aad) {
  const answer = await call('wrapKey', { id, keyActionWrapBody: { plaintext: TEXT, aad } });
  assert.equal(answer.status, 200);
  return answer.result;
}

test('a wrong API key gets no token', async () => {
  const stranger = new KeyProtect({ authenticator: new IamAuthenticator({ apikey: 'wrong', url }), serviceUrl: url });
  await assert.rejects(stranger.getKeys({ bluemixInstance }), (error) => {
    assert.equal(error.status, 400);
    assert.match(error.body, /BXNIM0415E/);
    return true;
  });
});

test('HEAD counts keys', async () => {
  const before = await call('getKeyCollectionMetadata', {});
  await create();
  const after = await call('getKeyCollectionMetadata', {});
  assert.equal(after.status, 200);
  assert.equal(Number(after.headers['key-total']), Number(before.headers['key-total']) + 1);
});

test('a root key', async () => {
  const key = await create();
  assert.deepEqual([key.extractable, key.state, key.imported, key.keyRingID], [false, 1, false, 'default']);
  assert.equal(key.payload, undefined);
  assert.equal(key.lastRotateDate, undefined);
});

test('a standard key and its payload', async () => {
  const { id } = await create({ extractable: true, payload: TEXT });
  const key = (await call('getKey', { id })).result.resources[0];
  assert.deepEqual([key.id, key.payload, key.extractable, key.imported], [id, TEXT, true, true]);
  const metadata = (await call('getKeyMetadata', { id })).result.resources[0];
  assert.equal(metadata.payload, undefined);
});

test('lists', async () => {
  const { id } = await create({ extractable: true });
  const whole = (await call('getKeys', { limit: 5000 })).result;
  assert.equal(whole.metadata.collectionTotal, whole.resources.length);
  assert.ok(whole.resources.some((key) => key.id === id));
  const page = (await call('getKeys', { limit: 1, offset: 1 })).result;
  assert.equal(page.resources.length, 1);
  assert.equal(page.resources[0].id, whole.resources[1].id);
  const standard = (await call('getKeys', { extractable: true, state: [1], limit: 5000 })).result;
  assert.ok(standard.resources.every((key) => key.extractable && key.state === 1));
});

test('wrap and unwrap', async () => {
  const { id } = await create();
  const aad = ['one', 'two'];
  const { ciphertext } = await wrap(id, aad);
  const answer = await call('unwrapKey', { id, keyActionUnwrapBody: { ciphertext, aad } });
  assert.equal(answer.result.plaintext, TEXT);
  await refused(422, 'UNPROCESSABLE_CIPHERTEXT_ERR', 'unwrapKey', { id, keyActionUnwrapBody: { ciphertext } });
});

test('wrap of nothing', async () => {
  const { id } = await create();
  const { result } = await call('wrapKey', { id });
  assert.equal(Buffer.from(result.plaintext, 'base64').length, 32);
  assert.ok(result.ciphertext);
});

test('rotation', async () => {
  const { id } = await create();
  const old = await wrap(id);
  assert.equal((await call('rotateKey', { id, keyActionRotateBody: {}, prefer: 'return=minimal' })).status, 204);
  const { result } = await call('unwrapKey', { id, keyActionUnwrapBody: { ciphertext: old.ciphertext } });
  assert.equal(result.plaintext, TEXT);
  assert.equal(result.keyVersion.id, old.keyVersion.id);
  assert.notEqual(result.rewrappedKeyVersion.id, old.keyVersion.id);
  const rewrapped = (await call('rewrapKey', { id, keyActionRewrapBody: { ciphertext: old.ciphertext } })).result;
  assert.equal(rewrapped.rewrappedKeyVersion.id, result.rewrappedKeyVersion.id);
  assert.equal((await patiently('rotateKey', { id })).status, 204);
});

test('versions', async () => {
  const { id } = await create();
  assert.equal((await call('getKeyVersions', { id })).result.metadata.collectionTotal, 1);
  await call('rotateKey', { id, keyActionRotateBody: {} });
  const { result } = await call('getKeyVersions', { id, limit: 10, offset: 0 });
  assert.equal(result.resources.length, 2);
  assert.equal(result.resources[0].id, (await wrap(id)).keyVersion.id);
});

test('disable and enable', async () => {
  const { id } = await create();
  assert.equal((await call('disableKey', { id })).status, 204);
  await refused(409, 'KEY_ACTION_INVALID_STATE_ERR', 'wrapKey', { id, keyActionWrapBody: { plaintext: TEXT } });
  assert.equal((await patiently('enableKey', { id })).status, 204);
  await wrap(id);
});

test('delete and restore', async () => {
  const { id } = await create();
  const { ciphertext } = await wrap(id);
  const deleted = await call('deleteKey', { id, prefer: 'return=representation' });
  assert.equal(deleted.status, 200);
  assert.equal(deleted.result.resources[0].state, 5);
  await refused(410, 'KEY_DELETED_ERR', 'wrapKey', { id, keyActionWrapBody: { plaintext: TEXT } });
  // The SDK gives this one answer as a stream, and its errors too.
  const restored = await patiently('restoreKey', { id, keyRestoreBody: {}, prefer: 'return=representation' });
  assert.equal(restored.status, 201);
  assert.equal((await json(restored.result)).resources[0].state, 1);
  const { result } = await call('unwrapKey', { id, keyActionUnwrapBody: { ciphertext } });
  assert.equal(result.plaintext, TEXT);
});

test('policies of a key', async () => {
  const { id } = await create();
  const type = vendor('policy');
  const rotation = { enabled: true, interval_month: 3 };
  const put = await call('putPolicy', { id, policy: 'rotation', setKeyPoliciesOneOf: collection('policy', { type, rotation }) });
  assert.equal(put.status, 200);
  const dualAuthDelete = { enabled: false };
  await call('putPolicy', { id, setKeyPoliciesOneOf: collection('policy', { type, dualAuthDelete }) });
  const both = (await call('getPolicy', { id })).result;
  assert.ok(both.resources.some((each) => each.rotation?.interval_month === 3));
  assert.ok(both.resources.some((each) => each.dualAuthDelete?.enabled === false));
  const one = (await call('getPolicy', { id, policy: 'rotation' })).result;
  assert.equal(one.metadata.collectionTotal, 1);
});

test('policies of an instance', async () => {
  const rule = { policy_type: 'allowedNetwork', policy_data: { enabled: true, attributes: { allowed_network: 'public-and-private' } } };
  const put = await call('putInstancePolicy', { setInstancePoliciesOneOf: collection('policy', rule), policy: 'allowedNetwork' });
  assert.equal(put.status, 204);
  const { result } = await call('getInstancePolicy', { policy: 'allowedNetwork' });
  assert.equal(result.resources[0].policy_data.attributes.allowed_network, 'public-and-private');
  assert.deepEqual((await call('getAllowedIpPort', {})).result.resources, []);
});

test('the import token', async () => {
  const made = await call('postImportToken', { expiration: 600, maxAllowedRetrievals: 1 });
  assert.equal(made.status, 200);
  assert.equal(made.result.remainingRetrievals, 1);
  const { result } = await call('getImportToken', {});
  assert.equal(result.remainingRetrievals, 0);
  assert.match(Buffer.from(result.payload, 'base64').toString(), /BEGIN PUBLIC KEY/);
  assert.equal(Buffer.from(result.nonce, 'base64').length, 12);
  await refused(409, 'IMPORT_TOKEN_EXPIRED_ERR', 'getImportToken', {});
});

test('registrations', async () => {
  const { id } = await create();
  assert.deepEqual((await call('getRegistrations', { id, totalCount: true })).result.resources, []);
  assert.equal((await call('getRegistrationsAllKeys', { limit: 10, offset: 0 })).status, 200);
});

test('aliases', async () => {
  const { id } = await create();
  const alias = `alias-${randomUUID().slice(0, 8)}`;
  const made = await call('createKeyAlias', { id, alias });
  assert.equal(made.status, 201);
  assert.equal(made.result.resources[0].alias, alias);
  assert.equal((await call('getKey', { id: alias })).result.resources[0].id, id);
  assert.equal((await call('deleteKeyAlias', { id, alias })).status, 204);
  await refused(404, 'KEY_NOT_FOUND_ERR', 'getKey', { id: alias });
});

test('key rings', async () => {
  const keyRingId = `ring-${randomUUID().slice(0, 8)}`;
  assert.equal((await call('createKeyRing', { keyRingId })).status, 201);
  const { result } = await call('listKeyRings', {});
  assert.ok(result.resources.some((ring) => ring.id === keyRingId));
  const body = collection('key', { type: vendor('key'), name: 'key', extractable: false });
  const { id } = (await call('createKey', { body, xKmsKeyRing: keyRingId })).result.resources[0];
  assert.equal((await call('getKeyMetadata', { id, xKmsKeyRing: keyRingId })).result.resources[0].keyRingID, keyRingId);
  await refused(404, 'KEY_NOT_FOUND_ERR', 'getKeyMetadata', { id, xKmsKeyRing: 'default' });
  await refused(409, '', 'deleteKeyRing', { keyRingId });
  const empty = `${keyRingId}-2`;
  await call('createKeyRing', { keyRingId: empty });
  assert.equal((await call('deleteKeyRing', { keyRingId: empty })).status, 204);
});

test('sync', async () => {
  const { id } = await create();
  assert.equal((await call('syncAssociatedResources', { id })).status, 204);
});

test('two people', async () => {
  const { id } = await create();
  await refused(409, 'NOT_DUAL_AUTH_ERR', 'setKeyForDeletion', { id });
  const policy = { type: vendor('policy'), dualAuthDelete: { enabled: true } };
  await call('putPolicy', { id, setKeyPoliciesOneOf: collection('policy', policy) });
  assert.equal((await call('setKeyForDeletion', { id })).status, 204);
  await refused(409, 'AUTHORIZATIONS_NOT_MET', 'deleteKey', { id });
  assert.equal((await call('unsetKeyForDeletion', { id })).status, 204);
});

test('errors', async () => {
  const id = '00000000-0000-4000-8000-000000000000';
  await refused(404, 'KEY_NOT_FOUND_ERR', 'getKey', { id });
  await refused(400, 'INVALID_FIELD_ERR', 'createKey', { body: collection('key', { name: 'key', payload: '%%%' }) });
  await refused(401, 'Unauthorized: ', 'getKeys', { bluemixInstance: id });
});
