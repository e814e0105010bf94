import { describe, expect, it } from '@jest/globals';
import { aesCbc } from './aes-cbc.ts';
import { aesGcm } from './aes-gcm.ts';
import { parseGroupResource } from './configuration.ts';
import { defaultConfiguration } from './default-configuration.ts';
import { type ResourceTransformers, transformersFrom } from './resource-transformers.ts';
import { secretbox } from './secretbox.ts';
import type { ValueTransformer } from './transformer.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const key = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, i) => i));
const base64 = (bytes: number, first = 0): string =>
    Buffer.from(Array.from({ length: bytes }, (_, i) => (i + first) & 0xff)).toString('base64');

const value = Buffer.from('{"kind":"Secret","apiVersion":"v1","metadata":{"name":"s"}}');
const context = Buffer.from('/registry/secrets/default/s');

/** Of `value` under the key 00 01 02 …, computed with Python's cryptography 48. */
const gcmVectors: Readonly<Record<number, string>> = {
    16: '6465666768696a6b6c6d6e6f614025ccb5669ac0b96d3273f4af5fce1caa198ffbffb8288706def99ec8d5858bde7e06e67d53f0ee395327afb83f25b5fc7016bf3c635be1f37cdc70964d09c793b6d4961a161a07689e',
    24: '6465666768696a6b6c6d6e6f924ad0153ccb2c02f18287628897ef9cf17b3fba93df149df22a27a49454ba366b762bbd357030d11af217d00e385bce0e0f433da337806e9bec2bec234f8d490a1f862b4bbbfedd7231a8',
    32: '6465666768696a6b6c6d6e6f3339b50f178d74a41c313a8ba8001edf6ee0677ae23a9600d4b8c326d999873ea5cb6ce22177ef6599920c5edf78b1ed753af5820270635bd88cd105ce06f9a012d4813edb2733de5d29c9',
};
const cbcVectors: Readonly<Record<number, string>> = {
    16: '32333435363738393a3b3c3d3e3f40416642858cb3de75631df184d0cd132cb825719cb5e88694580796ba375b377b07d79ba61186df2fe93804a1ffaeaad85084733e670346963777b40f8f745b5f3d',
    24: '32333435363738393a3b3c3d3e3f4041e415ce4c22e85aef4bc5362495d3bdf63792b574434adbe0233ddcd0599e74547857f83ced9d2335bff117bf025d02ea9f8b3adecf2b3b7c17e23ff58e45ccf9',
    32: '32333435363738393a3b3c3d3e3f4041fe278d2125d1dc5fa65eaa846976314bc70489bf565b6c66f90b7f789ba60c045a5f8d81174f74345bcf288d5e2288468822bb0403ac9469c1ee362ff973a1de',
};
/** XSalsa20 from its definition, Poly1305 of Python's cryptography; checked with NaCl's own vector below. */
const boxVector =
    '000102030405060708090a0b0c0d0e0f10111213141516176e660838df480146e5a335338bf260db25dd5326a9ae802a996fea5d1aea3eb57e8727afe5735a9d64cb08fa77fd8397b2f9d9f728d58163ddec94f8585cd0614d2005fad1adfe3c9e625a';
/** tests/secretbox.c of NaCl. */
const nacl = {
    key: '1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389',
    nonce: '69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37',
    clear: 'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705',
    box: 'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5',
};

function changed(stored: Buffer, at: number): Buffer {
    const copy = Buffer.from(stored);
    copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
    return copy;
}

describe.each([16, 24, 32])('AES with a key of %d bytes', (bytes) => {
    it('reads what others have written', () => {
        const gcm = aesGcm(key(bytes)).fromStorage(hex(gcmVectors[bytes] ?? ''), context);
        expect(gcm.bytes.toString()).toBe(value.toString());
        const cbc = aesCbc(key(bytes)).fromStorage(hex(cbcVectors[bytes] ?? ''), context);
        expect(cbc.bytes.toString()).toBe(value.toString());
    });

    it('writes what it reads, never the same twice, whatever the length', () => {
        for (const transformer of [aesGcm(key(bytes)), aesCbc(key(bytes))]) {
            for (const length of [0, 1, 15, 16, 17, 100_000]) {
                const clear = Buffer.alloc(length, 'x');
                const one = transformer.toStorage(clear, context);
                expect(one).not.toEqual(transformer.toStorage(clear, context));
                expect(transformer.fromStorage(one, context)).toEqual({ bytes: clear, isStale: false });
            }
        }
    });
});

describe('AES-GCM', () => {
    const transformer = aesGcm(key(32));
    const stored = hex(gcmVectors[32] ?? '');

    it('refuses a value that was moved to another key, changed at any byte, or cut off', () => {
        const failed = 'cipher: message authentication failed';
        expect(() => transformer.fromStorage(stored, Buffer.from('/registry/secrets/default/t'))).toThrow(
            failed,
        );
        for (let at = 0; at < stored.length; at++) {
            expect(() => transformer.fromStorage(changed(stored, at), context)).toThrow(failed);
        }
        expect(() => transformer.fromStorage(stored.subarray(0, -1), context)).toThrow(failed);
        expect(() => transformer.fromStorage(stored.subarray(0, 20), context)).toThrow(
            'the stored data was shorter than the required size',
        );
    });
});

describe('AES-CBC', () => {
    const transformer = aesCbc(key(32));

    it('tells wrong lengths and wrong padding apart', () => {
        const read = (stored: Buffer) => (): unknown => transformer.fromStorage(stored, context);
        expect(read(Buffer.alloc(15))).toThrow('the stored data was shorter than the required size');
        expect(read(Buffer.alloc(17))).toThrow('the stored data is not a multiple of the block size');
        expect(read(Buffer.alloc(16))).toThrow('invalid PKCS7 data (empty or not padded)');
        // In CBC a change of the vector changes the same bytes of the first block.
        const block = transformer.toStorage(Buffer.alloc(12, 'x'), context);
        expect(read(changed(block, 13))).toThrow('invalid padding on input');
        block.writeUInt8(block.readUInt8(15) ^ 4, 15);
        expect(read(block)).toThrow('invalid PKCS7 data (empty or not padded)');
    });
});

describe('secretbox', () => {
    it("reads NaCl's own vector and what others have written", async () => {
        const box = await secretbox(hex(nacl.key));
        const stored = Buffer.concat([hex(nacl.nonce), hex(nacl.box)]);
        expect(box.fromStorage(stored, context).bytes.toString('hex')).toBe(nacl.clear);
        const other = await secretbox(key(32));
        expect(other.fromStorage(hex(boxVector), context).bytes.toString()).toBe(value.toString());
    });

    it('writes what it reads, and refuses what was changed', async () => {
        const box = await secretbox(key(32));
        const stored = box.toStorage(value, context);
        expect(stored).toHaveLength(24 + 16 + value.length);
        expect(box.fromStorage(stored, context).bytes.toString()).toBe(value.toString());
        for (let at = 0; at < stored.length; at++) {
            expect(() => box.fromStorage(changed(stored, at), context)).toThrow(
                'output array was not large enough for encryption',
            );
        }
        expect(() => box.fromStorage(stored.subarray(0, 39), context)).toThrow('shorter than the required');
    });
});

type Provider = Record<string, unknown>;
const keys = (...names: [name: string, first: number][]): object => ({
    keys: names.map(([name, first]) => ({ name, secret: base64(32, first) })),
});
const load = async (
    ...rules: [resources: string[], providers: Provider[]][]
): Promise<ResourceTransformers> =>
    await transformersFrom(
        JSON.stringify({
            apiVersion: 'apiserver.config.k8s.io/v1',
            kind: 'EncryptionConfiguration',
            resources: rules.map(([resources, providers]) => ({ resources, providers })),
        }),
        '/c.yaml',
    );
const ruleOf = (transformers: ResourceTransformers, name: string): ValueTransformer => {
    const rule = transformers.of(parseGroupResource(name));
    if (rule === undefined) throw new Error(`no rule for ${name}`);
    return rule;
};

describe('a configuration', () => {
    it("writes with the first key of the first provider, under upstream's prefixes", async () => {
        for (const name of ['aesgcm', 'aescbc', 'secretbox']) {
            const rule = ruleOf(await load([['secrets'], [{ [name]: keys(['a', 0], ['b', 1]) }]]), 'secrets');
            const stored = rule.toStorage(value, context);
            expect(stored.toString('latin1')).toMatch(new RegExp(`^k8s:enc:${name}:v1:a:`));
            expect(stored.includes('Secret')).toBe(false);
            expect(rule.fromStorage(stored, context)).toEqual({ bytes: value, isStale: false });
        }
        const known: [string, string][] = [
            ['aesgcm', gcmVectors[32] ?? ''],
            ['aescbc', cbcVectors[32] ?? ''],
            ['secretbox', boxVector],
        ];
        for (const [name, vector] of known) {
            const rule = ruleOf(await load([['secrets'], [{ [name]: keys(['a', 0]) }]]), 'secrets');
            const stored = Buffer.concat([Buffer.from(`k8s:enc:${name}:v1:a:`), hex(vector)]);
            expect(rule.fromStorage(stored, context).bytes.toString()).toBe(value.toString());
        }
    });

    it('calls stale what an older key or provider wrote, and what is in clear', async () => {
        const old = ruleOf(await load([['secrets'], [{ aesgcm: keys(['a', 0]) }]]), 'secrets');
        const rotated = ruleOf(
            await load([['secrets'], [{ aesgcm: keys(['b', 1], ['a', 0]) }, { identity: {} }]]),
            'secrets',
        );
        expect(rotated.fromStorage(old.toStorage(value, context), context)).toEqual({
            bytes: value,
            isStale: true,
        });
        expect(rotated.fromStorage(value, context)).toEqual({ bytes: value, isStale: true });
        expect(rotated.fromStorage(rotated.toStorage(value, context), context).isStale).toBe(false);
    });

    it('reads with a key whose name was given to another', async () => {
        const old = ruleOf(await load([['secrets'], [{ aesgcm: keys(['a', 0]) }]]), 'secrets');
        const both = ruleOf(
            await load([['secrets'], [{ aesgcm: keys(['a', 1]) }, { aesgcm: keys(['a', 0]) }]]),
            'secrets',
        );
        expect(both.fromStorage(old.toStorage(value, context), context)).toEqual({
            bytes: value,
            isStale: true,
        });
    });

    it("says in upstream's words why a value cannot be read", async () => {
        const rule = ruleOf(
            await load([
                ['secrets'],
                [{ identity: {} }, { aesgcm: keys(['a', 0]) }, { secretbox: keys(['a', 0]) }],
            ]),
            'secrets',
        );
        const read = (text: string) => (): unknown => rule.fromStorage(Buffer.from(text), context);
        expect(read('k8s:enc:aescbc:v1:a:x')).toThrow('no matching prefix found');
        expect(read('k8s:enc:aesgcm:v1:z:x')).toThrow(
            'no matching key was found for the provided AES transformer',
        );
        expect(read('k8s:enc:secretbox:v1:z:x')).toThrow(
            'no matching key was found for the provided Secretbox transformer',
        );
    });

    it('chooses by resource, then by group, then for everything', async () => {
        const rules = await load(
            [['configmaps'], [{ identity: {} }]],
            [['secrets', 'widgets.example.com'], [{ aesgcm: keys(['one', 0]) }]],
            [['*.'], [{ aesgcm: keys(['core', 0]) }]],
            [['*.apps'], [{ aesgcm: keys(['apps', 0]) }]],
            [['*.*'], [{ aesgcm: keys(['all', 0]) }]],
        );
        const prefix = (name: string): string =>
            ruleOf(rules, name).toStorage(value, context).subarray(18, 22).toString('latin1');
        expect(ruleOf(rules, 'configmaps').toStorage(value, context)).toBe(value);
        expect(prefix('secrets')).toBe('one:');
        expect(prefix('widgets.example.com')).toBe('one:');
        expect(prefix('pods')).toBe('core');
        expect(prefix('deployments.apps')).toBe('apps');
        expect(prefix('jobs.batch')).toBe('all:');
        expect((await load([['secrets'], [{ identity: {} }]])).of({ group: '', resource: 'pods' })).toBe(
            undefined,
        );
    });

    it('made for a cluster that has none encrypts Secrets and reads what is in clear', async () => {
        const text = defaultConfiguration();
        expect(text).not.toBe(defaultConfiguration());
        const rules = await transformersFrom(text, '/c.yaml');
        const rule = ruleOf(rules, 'secrets');
        expect(rule.toStorage(value, context).toString('latin1')).toMatch(
            /^k8s:enc:secretbox:v1:key-[0-9a-f]{8}:/,
        );
        expect(rule.fromStorage(value, context).bytes).toEqual(value);
        expect(rules.of({ group: '', resource: 'configmaps' })).toBe(undefined);
    });
});

describe('a configuration that cannot be used', () => {
    const identity = [{ identity: {} }];
    const secretOf = (provider: string, secret: string): Provider[] => [
        { [provider]: { keys: [{ name: 'a', secret }] } },
    ];
    const path = 'resources[0].providers[0]';
    const cases: [why: string, rules: Parameters<typeof load>, message: string][] = [
        ['no rules', [], 'resources: Required value: at least one resources is required'],
        [
            'no resources',
            [[[], identity]],
            'resources[0].resources: Required value: at least one resources[0].resources is required',
        ],
        [
            'no providers',
            [[['secrets'], []]],
            'resources[0].providers: Required value: at least one resources[0].providers is required',
        ],
        [
            'an empty provider',
            [[['secrets'], [{}]]],
            'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity',
        ],
        [
            'two providers in one',
            [[['secrets'], [{ identity: {}, aesgcm: keys(['a', 0]) }]]],
            'more than one provider specified in a single element, should split into different list elements',
        ],
        [
            'no keys',
            [[['secrets'], [{ aescbc: { keys: [] } }]]],
            `${path}.aescbc.keys: Required value: at least one keys is required`,
        ],
        [
            'a key without name and secret',
            [[['secrets'], [{ aesgcm: { keys: [{}] } }]]],
            `[${path}.aesgcm.keys[0].name: Required value: name is a mandatory field for a key, ` +
                `${path}.aesgcm.keys[0].secret: Required value: secret is a mandatory field for a key]`,
        ],
        [
            'a key that is no base64',
            [[['secrets'], secretOf('aesgcm', 'hunter2!')]],
            `${path}.aesgcm.keys[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded`,
        ],
        [
            'a short AES key',
            [[['secrets'], secretOf('aescbc', base64(15))]],
            `${path}.aescbc.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 15, expected one of [16 24 32]`,
        ],
        [
            'a short secretbox key',
            [[['secrets'], secretOf('secretbox', base64(16))]],
            'secret is not of the expected length, got 16, expected one of [32]',
        ],
        [
            'KMS',
            [[['secrets'], [{ kms: { name: 'k', endpoint: 'unix:///k' } }]]],
            `${path}.kms: Forbidden: KMS providers are not supported by this server`,
        ],
        [
            'a resource twice',
            [[['secrets', 'secrets'], identity]],
            'resources[0].resources: Invalid value: ["secrets","secrets"]: the same resource cannot be specified multiple times',
        ],
        [
            'resources that overlap',
            [[['secrets', '*.'], identity]],
            "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
        ],
        [
            'everything and something',
            [[['*.*', 'jobs.batch'], identity]],
            'is not allowed as they will be masked',
        ],
        ['capitals', [[['Secrets'], identity]], 'resource name should not contain capital letters'],
        ['a lone star', [[['*'], identity]], "use '*.' to encrypt all the resources from core API group"],
        ['events of events.k8s.io', [[['events.events.k8s.io'], identity]], "Use 'events' instead"],
        ['extensions', [[['ingresses.extensions'], identity]], "'extensions' group has been removed"],
        [
            'one resource of all groups',
            [[['secrets.*'], identity]],
            'encrypting the same resource across groups is not supported',
        ],
        [
            'what is no object',
            [[['serviceipallocations'], identity]],
            'resources which do not have REST API/s cannot be encrypted',
        ],
        [
            'a rule behind one for its group',
            [
                [['*.'], identity],
                [['secrets'], identity],
            ],
            'resource "secrets" is masked by earlier rule "*."',
        ],
        [
            'a rule behind one for everything',
            [
                [['*.*'], identity],
                [['jobs.batch'], identity],
            ],
            'resource "jobs.batch" is masked by earlier rule "*.*"',
        ],
        [
            'an unknown field',
            [[['secrets'], [{ aesgcm: { keys: [], seal: true } }]]],
            `strict decoding error: unknown field "${path}.aesgcm.seal"`,
        ],
    ];
    it.each(cases)('because of %s', async (_why, rules, message) => {
        await expect(load(...rules)).rejects.toThrow(message);
    });

    it('is refused without a word of its keys', async () => {
        const secret = base64(7);
        const texts = [
            `kind: EncryptionConfiguration\nsecret: "${secret}\n- {`,
            JSON.stringify({
                apiVersion: 'apiserver.config.k8s.io/v1',
                kind: 'EncryptionConfiguration',
                resources: [{ resources: ['secrets'], providers: secretOf('aesgcm', secret) }],
            }),
        ];
        for (const text of texts) {
            const error: unknown = await transformersFrom(text, '/c').catch((reason: unknown) => reason);
            expect(error).toBeInstanceOf(Error);
            expect(String(error)).not.toContain(secret);
        }
        await expect(transformersFrom('', '/c')).rejects.toThrow(
            'encryption provider configuration file "/c" is empty',
        );
        await expect(transformersFrom('kind: Pod\napiVersion: v1', '/c')).rejects.toThrow(
            'no kind "Pod" is registered for version "v1"',
        );
    });
});
