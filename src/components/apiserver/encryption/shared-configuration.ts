import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { prefixEnd, type Store } from '../../../store/store.ts';

/** No resource has this prefix: what is below is neither encrypted nor served. */
const recordKey = '/registry/hyperkube/encryption';
const readersPrefix = '/registry/hyperkube/encryption-readers/';
const info = 'hyperkube encryption configuration';
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;

/** The configuration that all API servers of a store share. */
export interface SharedRecord {
    /** Undefined where it was sealed with another secret. */
    text: string | undefined;
    /** True once values are written with it: before, all have to be able to read them. */
    inUse: boolean;
    /** Of the text. */
    fingerprint: string;
    /** Of the record in the store. */
    revision: number;
}

interface StoredRecord {
    sealed: string;
    inUse: boolean;
    fingerprint: string;
}

/**
 * The encryption configuration in the store itself, sealed with what all masters have and the store has not: the key
 * that signs service-account tokens. So a master that lacks the file gets it, and nobody else who reads the store.
 * Beside it stands which masters can read what is written with it.
 */
export class SharedConfiguration {
    readonly #store: Store;
    readonly #secret: string;

    constructor(store: Store, secret: string) {
        this.#store = store;
        this.#secret = secret;
    }

    /** As of all writes that were acknowledged before. Rejects with StoreError. */
    async read(): Promise<SharedRecord | undefined> {
        await this.#store.readIndex();
        const [kv] = (await this.#store.range({ key: recordKey })).kvs;
        if (kv === undefined) return undefined;
        const { sealed, inUse, fingerprint } = JSON.parse(kv.value.toString()) as StoredRecord;
        const text = unseal(Buffer.from(sealed, 'base64'), this.#secret);
        return { text, inUse, fingerprint, revision: kv.modRevision };
    }

    /** False when somebody else has written the record since `revision`; 0 for one that does not exist yet. */
    async write(text: string, { inUse, revision }: { inUse: boolean; revision: number }): Promise<boolean> {
        const sealed = seal(text, this.#secret).toString('base64');
        const record: StoredRecord = { sealed, inUse, fingerprint: fingerprintOf(text) };
        const { succeeded } = await this.#store.txn({
            compares: [{ key: recordKey, target: 'modRevision', result: 'equal', value: revision }],
            success: [{ type: 'put', key: recordKey, value: Buffer.from(JSON.stringify(record)) }],
            failure: [],
        });
        return succeeded;
    }

    /** Says that this member reads what is written with the configuration of this fingerprint. */
    async announce(member: string, fingerprint: string): Promise<void> {
        const key = `${readersPrefix}${member}`;
        const [kv] = (await this.#store.range({ key })).kvs;
        if (kv?.value.toString() === fingerprint) return;
        await this.#store.txn({
            compares: [],
            success: [{ type: 'put', key, value: Buffer.from(fingerprint) }],
            failure: [],
        });
    }

    /** Members that have said so. */
    async readers(fingerprint: string): Promise<Set<string>> {
        const { kvs } = await this.#store.range({ key: readersPrefix, end: prefixEnd(readersPrefix) });
        const own = kvs.filter(({ value }) => value.toString() === fingerprint);
        return new Set(own.map(({ key }) => key.slice(readersPrefix.length)));
    }
}

export function fingerprintOf(text: string): string {
    return createHash('sha256').update(text).digest('hex');
}

/** salt, nonce, tag, AES-256-GCM; the secret is a private key, long and random already. */
function seal(text: string, secret: string): Buffer {
    const [salt, nonce] = [randomBytes(saltBytes), randomBytes(nonceBytes)];
    const cipher = createCipheriv('aes-256-gcm', sealingKey(secret, salt), nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([salt, nonce, cipher.getAuthTag(), sealed]);
}

function unseal(bytes: Buffer, secret: string): string | undefined {
    const [atNonce, atTag] = [saltBytes, saltBytes + nonceBytes];
    const atText = atTag + tagBytes;
    if (bytes.length < atText) return undefined;
    const key = sealingKey(secret, bytes.subarray(0, atNonce));
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(atNonce, atTag));
    decipher.setAuthTag(bytes.subarray(atTag, atText));
    try {
        return Buffer.concat([decipher.update(bytes.subarray(atText)), decipher.final()]).toString('utf8');
    } catch {
        return undefined;
    }
}

function sealingKey(secret: string, salt: Buffer): Buffer {
    return Buffer.from(hkdfSync('sha256', secret.trim(), salt, info, 32));
}
