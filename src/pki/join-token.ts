import { randomInt, X509Certificate, createHash } from 'node:crypto';
import { readFileIfExists, writeFileAtomically } from './files.ts';

/**
 * Lets a master into the cluster: `K10<hash>::<id>.<secret>`, the form of k3s' tokens around kubeadm's. The hash
 * pins the cluster's authority (SHA-256 of its public key, as kubeadm's discovery hash), so that a joining
 * master knows whom it tells the secret.
 */
export interface JoinToken {
    text: string;
    /** 64 hex digits. */
    caHash: string;
    /** "<id>.<secret>", sent as bearer token. */
    credential: string;
    secret: string;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
const idChars = 6;
/** 165 bits: it also encrypts the authorities' keys. */
const secretChars = 32;
const pattern = /^K10([0-9a-f]{64})::([a-z0-9]{6}\.([a-z0-9]{16,}))$/;

/** Throws an Error that says what a token looks like. */
export function parseJoinToken(text: string): JoinToken {
    const match = pattern.exec(text.trim());
    if (match === null) {
        throw new Error(
            'this is no join token, which looks like K10<64 hex digits>::<6 characters>.<secret>',
        );
    }
    const [, caHash = '', credential = '', secret = ''] = match;
    return { text: text.trim(), caHash, credential, secret };
}

/** The token in `file`, mode 0600; made where there is none, or where it pins another authority. */
export async function ensureJoinToken(file: string, caCertificate: string): Promise<JoinToken> {
    const caHash = authorityHash(caCertificate);
    const existing = await readFileIfExists(file);
    if (existing !== undefined) {
        const token = parseJoinToken(existing);
        if (token.caHash === caHash) return token;
    }
    const token = parseJoinToken(`K10${caHash}::${randomText(idChars)}.${randomText(secretChars)}`);
    await writeFileAtomically(file, `${token.text}\n`, 0o600);
    return token;
}

/** What a token pins, of a certificate in PEM or DER. */
export function authorityHash(certificate: string | Buffer): string {
    const { publicKey } = new X509Certificate(certificate);
    return createHash('sha256')
        .update(publicKey.export({ type: 'spki', format: 'der' }))
        .digest('hex');
}

function randomText(chars: number): string {
    return Array.from({ length: chars }, () => alphabet[randomInt(alphabet.length)]).join('');
}
