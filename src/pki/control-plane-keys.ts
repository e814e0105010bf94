import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ensurePrivateDirectory, readFileIfExists, writeFileAtomically } from './files.ts';

/** Keys of what is encrypted in the store, unless a flag names another file. */
export const encryptionConfigFile = 'encryption-config.yaml';

/** What all masters have in common; everything else each one issues for itself. */
const sharedFiles = [
    'ca.crt',
    'ca.key',
    'front-proxy-ca.crt',
    'front-proxy-ca.key',
    'etcd/ca.crt',
    'etcd/ca.key',
    'sa.pub',
    'sa.key',
    encryptionConfigFile,
] as const;

/** bundle: magic, salt, nonce, tag, AES-256-GCM of a JSON object: file → content. */
const magic = Buffer.from('hyperkube keys 1');
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const keyBytes = 32;
const headerBytes = magic.length + saltBytes + nonceBytes + tagBytes;
const bundleBytesMax = 256 * 1024;

const deriveKey = promisify<string, Buffer, number, Buffer>(scrypt);

/** Who else than its owner may read a file: nobody what is secret. */
const modeOf = (file: (typeof sharedFiles)[number]): number =>
    file.endsWith('.key') || file === encryptionConfigFile ? 0o600 : 0o644;

/**
 * The authorities, the service-account key and the encryption configuration of a master, encrypted with `secret`.
 * `encryptionConfig` is where the latter is, if not in the directory.
 */
export async function exportControlPlaneKeys(
    directory: string,
    secret: string,
    encryptionConfig = join(directory, encryptionConfigFile),
): Promise<Buffer> {
    const files: Record<string, string> = {};
    for (const file of sharedFiles) {
        const path = file === encryptionConfigFile ? encryptionConfig : join(directory, file);
        const content = await readFileIfExists(path);
        if (content !== undefined) files[file] = content;
    }
    const salt = randomBytes(saltBytes);
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', await deriveKey(secret, salt, keyBytes), nonce);
    const sealed = Buffer.concat([cipher.update(JSON.stringify(files), 'utf8'), cipher.final()]);
    return Buffer.concat([magic, salt, nonce, cipher.getAuthTag(), sealed]);
}

/**
 * Puts them where this master looks for them. Rejects, before anything is written, when the bundle is damaged or
 * was made with another secret, and when the directory holds keys of another cluster.
 */
export async function importControlPlaneKeys(
    directory: string,
    bundle: Buffer,
    secret: string,
): Promise<void> {
    const files = await unseal(bundle, secret);
    const existing = await readFileIfExists(join(directory, 'ca.crt'));
    if (existing !== undefined && existing !== files['ca.crt']) {
        throw new Error(
            `${directory} has the certificate authority of another cluster: move it away before you join this one`,
        );
    }
    await ensurePrivateDirectory(directory);
    for (const file of sharedFiles) {
        const content = files[file];
        if (content === undefined) continue;
        await ensurePrivateDirectory(dirname(join(directory, file)));
        await writeFileAtomically(join(directory, file), content, modeOf(file));
    }
}

async function unseal(bundle: Buffer, secret: string): Promise<Record<string, string>> {
    const isBundle = bundle.length > headerBytes && bundle.subarray(0, magic.length).equals(magic);
    if (!isBundle || bundle.length > bundleBytesMax) {
        throw new Error('this is no bundle of control plane keys that this version knows');
    }
    const at = { salt: magic.length, nonce: magic.length + saltBytes };
    const salt = bundle.subarray(at.salt, at.nonce);
    const nonce = bundle.subarray(at.nonce, at.nonce + nonceBytes);
    const decipher = createDecipheriv('aes-256-gcm', await deriveKey(secret, salt, keyBytes), nonce);
    decipher.setAuthTag(bundle.subarray(headerBytes - tagBytes, headerBytes));
    try {
        const text = Buffer.concat([decipher.update(bundle.subarray(headerBytes)), decipher.final()]);
        return JSON.parse(text.toString('utf8')) as Record<string, string>;
    } catch (cause) {
        throw new Error('the control plane keys cannot be decrypted: wrong token, or the bundle is damaged', {
            cause,
        });
    }
}
