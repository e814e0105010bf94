import {
    createPrivateKey,
    createPublicKey,
    generateKeyPairSync,
    KeyObject,
    randomBytes,
    webcrypto,
} from 'node:crypto';
import type * as X509 from './x509-library.ts';

/** A certificate with its private key, both PEM. `cert` may be a bundle; its first entry is the certificate. */
export interface KeyPair {
    cert: string;
    key: string;
}

export interface Validity {
    notBefore: Date;
    notAfter: Date;
}

export interface CertificateRequest {
    commonName: string;
    organizations?: readonly string[];
    usages: readonly ('server' | 'client')[];
    dnsNames?: readonly string[];
    ipAddresses?: readonly string[];
    validity: Validity;
}

/**
 * The X.509 library costs some 200 ms and 15 MB: it is loaded when a certificate has to be made, and a
 * start on existing certificates does without.
 */
export async function loadX509(): Promise<typeof X509> {
    return await import('./x509-library.ts');
}

/** A new ECDSA P-256 key, PEM in SEC 1 form ("EC PRIVATE KEY") as kubeadm writes it. */
export function generatePrivateKey(): string {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return privateKey.export({ type: 'sec1', format: 'pem' }) as string;
}

/** The public half of a private key, PEM ("PUBLIC KEY"). */
export function publicKeyOf(privateKeyPem: string): string {
    return createPublicKey(privateKeyPem).export({ type: 'spki', format: 'pem' }) as string;
}

/**
 * A self-signed certificate authority. With `existingKey` the same authority gets a new certificate:
 * what it has signed so far stays valid.
 */
export async function createAuthority(
    commonName: string,
    validity: Validity,
    existingKey?: string,
): Promise<KeyPair> {
    const x509 = await loadX509();
    const { key, keys } =
        existingKey === undefined
            ? await generateKeys()
            : { key: existingKey, keys: await importKeys(createPrivateKey(existingKey)) };
    const flags = x509.KeyUsageFlags;
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: newSerialNumber(),
        name: new x509.Name([{ CN: [{ utf8String: commonName }] }]),
        ...validity,
        signingAlgorithm: keys.algorithm,
        keys,
        extensions: [
            new x509.BasicConstraintsExtension(true, undefined, true),
            new x509.KeyUsagesExtension(
                flags.digitalSignature | flags.keyEncipherment | flags.keyCertSign,
                true,
            ),
            await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
            new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: commonName }]),
        ],
    });
    return { cert: `${certificate.toString('pem')}\n`, key };
}

/** A new key with a certificate of `authority` for it. */
export async function issueCertificate(authority: KeyPair, request: CertificateRequest): Promise<KeyPair> {
    const x509 = await loadX509();
    const { key, keys } = await generateKeys();
    const { keys: signer, issuer } = await signerOf(authority);
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: newSerialNumber(),
        subject: new x509.Name([
            ...(request.organizations ?? []).map((name) => ({ O: [{ utf8String: name }] })),
            { CN: [{ utf8String: request.commonName }] },
        ]),
        issuer,
        ...request.validity,
        signingAlgorithm: signer.algorithm,
        publicKey: keys.publicKey,
        signingKey: signer.privateKey,
        extensions: await leafExtensions(x509, request, signer.publicKey),
    });
    return { cert: `${certificate.toString('pem')}\n`, key };
}

async function leafExtensions(
    x509: typeof X509,
    request: CertificateRequest,
    authorityKey: webcrypto.CryptoKey,
): Promise<X509.Extension[]> {
    const flags = x509.KeyUsageFlags;
    const oids = { server: x509.ExtendedKeyUsage.serverAuth, client: x509.ExtendedKeyUsage.clientAuth };
    const extensions: X509.Extension[] = [
        new x509.KeyUsagesExtension(flags.digitalSignature | flags.keyEncipherment, true),
        new x509.ExtendedKeyUsageExtension(request.usages.map((usage) => oids[usage])),
        new x509.BasicConstraintsExtension(false, undefined, true),
        await x509.AuthorityKeyIdentifierExtension.create(authorityKey),
    ];
    const names: X509.JsonGeneralNames = [
        ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
        ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
    ];
    if (names.length > 0) extensions.push(new x509.SubjectAlternativeNameExtension(names));
    return extensions;
}

/** Reading keys and certificates costs more than signing: it is done once for each authority. */
const signers = new WeakMap<KeyPair, Promise<Signer>>();

interface Signer {
    keys: ImportedKeys;
    /** The authority's name. */
    issuer: X509.Name;
}

async function signerOf(authority: KeyPair): Promise<Signer> {
    let signer = signers.get(authority);
    if (signer === undefined) {
        signer = (async () => {
            const x509 = await loadX509();
            return {
                keys: await importKeys(createPrivateKey(authority.key)),
                issuer: new x509.X509Certificate(authority.cert).subjectName,
            };
        })();
        signers.set(authority, signer);
    }
    return await signer;
}

/** A new P-256 key, as PEM and as the X.509 library wants it. */
async function generateKeys(): Promise<{ key: string; keys: ImportedKeys }> {
    const parameters = { name: 'ECDSA', namedCurve: 'P-256' };
    const pair = await webcrypto.subtle.generateKey(parameters, true, ['sign', 'verify']);
    const key = KeyObject.from(pair.privateKey).export({ type: 'sec1', format: 'pem' }) as string;
    return { key, keys: { ...pair, algorithm: { name: 'ECDSA', hash: 'SHA-256' } } };
}

interface ImportedKeys {
    privateKey: webcrypto.CryptoKey;
    publicKey: webcrypto.CryptoKey;
    algorithm: { name: string; hash: string };
}

/** Node's key as WebCrypto keys, which the X.509 library signs with. RSA (kubeadm's default) and P-256/P-384. */
async function importKeys(privateKey: KeyObject): Promise<ImportedKeys> {
    const { parameters, hash } = keyAlgorithm(privateKey);
    const subtle = globalThis.crypto.subtle;
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
    const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
    return {
        privateKey: await subtle.importKey('pkcs8', pkcs8, parameters, true, ['sign']),
        publicKey: await subtle.importKey('spki', spki, parameters, true, ['verify']),
        algorithm: { name: parameters.name, hash },
    };
}

function keyAlgorithm(key: KeyObject): {
    parameters: { name: string; hash?: string; namedCurve?: string };
    hash: string;
} {
    if (key.asymmetricKeyType === 'rsa') {
        return { parameters: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, hash: 'SHA-256' };
    }
    const curve = key.asymmetricKeyDetails?.namedCurve;
    if (curve === 'prime256v1') {
        return { parameters: { name: 'ECDSA', namedCurve: 'P-256' }, hash: 'SHA-256' };
    }
    if (curve === 'secp384r1') {
        return { parameters: { name: 'ECDSA', namedCurve: 'P-384' }, hash: 'SHA-384' };
    }
    throw new Error(`unsupported key type ${key.asymmetricKeyType ?? 'unknown'} ${curve ?? ''}`.trim());
}

/** 128 random bits, positive and without a leading zero byte, as RFC 5280 wants serial numbers. */
function newSerialNumber(): string {
    const bytes = randomBytes(16);
    bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
    return bytes.toString('hex');
}
