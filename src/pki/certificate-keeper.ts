import { createPublicKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import {
    type CertificateRequest,
    createAuthority,
    generatePrivateKey,
    issueCertificate,
    type KeyPair,
    publicKeyOf,
    type Validity,
} from './authority.ts';
import { authorityProblem, certificateTimes, reasonToReissue, renewalDue } from './certificate-check.ts';
import { readFileIfExists, writeFileAtomically } from './files.ts';

const dayMs = 86_400_000;
const authorityLifetimeMs = 10 * 365 * dayMs;
const leafLifetimeMs = 365 * dayMs;
/** Boards without a clock battery start in the past: certificates are good from a day ago. */
const backdateMs = dayMs;
/** A clock before this (2025-01-01) is wrong: lifetimes are then counted from here, not from the clock. */
const plausibleClockMs = 1_735_689_600_000;

/** A key pair and the files that hold it. */
export interface StoredKeyPair extends KeyPair {
    certFile: string;
    keyFile: string;
}

export interface ServiceAccountKeys {
    privateKey: string;
    publicKey: string;
    privateKeyFile: string;
    publicKeyFile: string;
}

export type WantedCertificate = Omit<CertificateRequest, 'validity'>;

/** Names and addresses of one certificate, without doubles and empty ones. */
export function splitNames(names: readonly (string | undefined)[]): {
    dnsNames: string[];
    ipAddresses: string[];
} {
    const unique = [...new Set(names)].filter((name) => name !== undefined && name !== '') as string[];
    const isAddress = (name: string) => /^[\d.]+$/.test(name) || name.includes(':');
    return {
        dnsNames: unique.filter((name) => !isAddress(name)).map((name) => name.toLowerCase()),
        ipAddresses: unique.filter(isAddress),
    };
}

/** Loads or makes single entries of one directory at one moment. */
export class CertificateKeeper {
    readonly issued: { name: string; reason: string }[] = [];
    readonly #directory: string;
    readonly #nowMs: number;

    constructor(directory: string, nowMs: number) {
        this.#directory = directory;
        this.#nowMs = nowMs;
    }

    async authority(name: string, commonName: string): Promise<StoredKeyPair> {
        const existing = await this.#load(name);
        if (existing.cert === '') {
            if (existing.key !== '') {
                throw new Error(
                    `${existing.keyFile} is there, but its certificate ${existing.certFile} is missing`,
                );
            }
            return await this.#save(
                existing,
                await createAuthority(commonName, this.#validity(authorityLifetimeMs)),
                'it was missing',
            );
        }
        const problem = authorityProblem(existing);
        if (problem !== undefined)
            throw new Error(`cannot use the authority ${existing.certFile}: ${problem}`);
        return await this.#renewAuthority(existing);
    }

    /** Only what is self-signed can be renewed here, and only with its key. */
    async #renewAuthority(existing: StoredKeyPair): Promise<StoredKeyPair> {
        const certificate = new X509Certificate(existing.cert);
        const selfSigned = certificate.checkIssued(certificate);
        if (!renewalDue(certificateTimes(certificate), this.#nowMs) || !selfSigned || existing.key === '') {
            return existing;
        }
        const commonName = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '';
        if (certificate.subject !== `CN=${commonName}`) return existing;
        const renewed = await createAuthority(commonName, this.#validity(authorityLifetimeMs), existing.key);
        return await this.#save(existing, renewed, 'it expires soon');
    }

    async leaf(name: string, authority: KeyPair, wanted: WantedCertificate): Promise<StoredKeyPair> {
        const existing = await this.#load(name);
        const reason =
            existing.cert === '' || existing.key === ''
                ? 'it was missing'
                : reasonToReissue(existing, wanted, { authority, nowMs: this.#nowMs });
        if (reason === undefined) return existing;
        if (authority.key === '') {
            throw new Error(
                `${existing.certFile} must be issued (${reason}), but the key of its authority is not in ${this.#directory}`,
            );
        }
        const issued = await issueCertificate(authority, {
            ...wanted,
            validity: this.#validity(leafLifetimeMs),
        });
        return await this.#save(existing, issued, reason);
    }

    async serviceAccountKeys(): Promise<ServiceAccountKeys> {
        const privateKeyFile = join(this.#directory, 'sa.key');
        const publicKeyFile = join(this.#directory, 'sa.pub');
        let privateKey = await readFileIfExists(privateKeyFile);
        if (privateKey === undefined) {
            privateKey = generatePrivateKey();
            await writeFileAtomically(privateKeyFile, privateKey, 0o600);
            this.issued.push({ name: 'sa', reason: 'it was missing' });
        }
        const publicKey = publicKeyOf(privateKey);
        const existing = await readFileIfExists(publicKeyFile);
        if (existing === undefined || !samePublicKey(existing, publicKey)) {
            await writeFileAtomically(publicKeyFile, publicKey, 0o644);
        }
        return { privateKey, publicKey, privateKeyFile, publicKeyFile };
    }

    async #load(name: string): Promise<StoredKeyPair> {
        const certFile = join(this.#directory, `${name}.crt`);
        const keyFile = join(this.#directory, `${name}.key`);
        const [cert, key] = await Promise.all([readFileIfExists(certFile), readFileIfExists(keyFile)]);
        return { certFile, keyFile, cert: cert ?? '', key: key ?? '' };
    }

    /** Key first: a crash in between leaves a pair that does not match, which the next start issues anew. */
    async #save(files: StoredKeyPair, pair: KeyPair, reason: string): Promise<StoredKeyPair> {
        await writeFileAtomically(files.keyFile, pair.key, 0o600);
        await writeFileAtomically(files.certFile, pair.cert, 0o644);
        this.issued.push({ name: files.certFile.slice(this.#directory.length + 1, -4), reason });
        return { ...files, ...pair };
    }

    #validity(lifetimeMs: number): Validity {
        const from = Math.max(this.#nowMs, plausibleClockMs);
        return { notBefore: new Date(this.#nowMs - backdateMs), notAfter: new Date(from + lifetimeMs) };
    }
}

function samePublicKey(a: string, b: string): boolean {
    try {
        return createPublicKey(a).equals(createPublicKey(b));
    } catch {
        return false;
    }
}
