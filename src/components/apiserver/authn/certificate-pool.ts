import { createHash, X509Certificate } from 'node:crypto';
import {
    certificateSubject,
    type CertificateTimes,
    certificateTimes,
    hasUsage,
    isIssuedBy,
    parseCertificates,
} from '../../../pki/certificate-check.ts';
import { pathLengthOf } from '../../../pki/path-length.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import { CredentialError } from './method.ts';

/** The subject's attribute that holds the user's uid. */
const uidAttribute = '1.3.6.1.4.1.57683.2';
/** Client certificates whose signature was checked and is remembered. */
const verifiedCertificatesMax = 1024;
/** Certificates of a client, besides its own, that are looked at. */
const intermediatesMax = 8;

/** What a client has sent besides its own certificate, DER; asked for only where it is needed. */
export type Intermediates = () => readonly Buffer[];

export interface VerifiedCertificate {
    commonName: string;
    organizations: string[];
    /** User ids of the subject: one at most is meant to be there. */
    uids: string[];
    /** SHA-256 of the DER form, hexadecimal. */
    fingerprint: string;
    /** Until when it, and all that stand above it, are valid. */
    notAfterMs: number;
}

/** Every request of a connection brings the same buffer. */
const fingerprints = new WeakMap<Buffer, string>();

function fingerprintOf(der: Buffer): string {
    let fingerprint = fingerprints.get(der);
    if (fingerprint === undefined) {
        fingerprint = createHash('sha256').update(der).digest('hex');
        fingerprints.set(der, fingerprint);
    }
    return fingerprint;
}

interface CachedCertificate extends VerifiedCertificate {
    notBeforeMs: number;
}

/**
 * Verifies client certificates against a bundle of authorities; each of them is trusted by itself. Between them
 * and the client's certificate may stand authorities that the client brings along.
 */
export class CertificatePool {
    #authorities: X509Certificate[];
    readonly #verified = new BoundedMap<string, CachedCertificate>(verifiedCertificatesMax);

    constructor(bundlePem: string) {
        this.#authorities = authoritiesOf(bundlePem);
    }

    /** Trusts these from now on, and no others: what was verified before is verified anew. */
    replace(bundlePem: string): void {
        this.#authorities = authoritiesOf(bundlePem);
        this.#verified.clear();
    }

    /** Throws CredentialError unless the certificate is valid now, for clients, and signed by the pool. */
    verify(der: Buffer, nowMs: number, intermediates: Intermediates = () => []): VerifiedCertificate {
        const fingerprint = fingerprintOf(der);
        let certificate = this.#verified.get(fingerprint);
        // Another way to an authority may have come since, as with a renewed intermediate.
        if (certificate === undefined || !isWithin(nowMs, certificate)) {
            certificate = this.#check(der, fingerprint, { nowMs, intermediates });
            this.#verified.set(fingerprint, certificate);
        }
        if (!isWithin(nowMs, certificate)) {
            throw new CredentialError(
                'x509: certificate has expired or is not yet valid: ' +
                    `current time ${new Date(nowMs).toISOString()}, valid from ` +
                    `${new Date(certificate.notBeforeMs).toISOString()} to ${new Date(certificate.notAfterMs).toISOString()}`,
            );
        }
        return certificate;
    }

    #check(der: Buffer, fingerprint: string, { nowMs, intermediates }: Chaining): CachedCertificate {
        const certificate = parse(der);
        const issuer = this.#issuerTimes(certificate, { nowMs, intermediates });
        if (issuer === undefined) throw new CredentialError('x509: certificate signed by unknown authority');
        if (!hasUsage(certificate, 'client')) {
            throw new CredentialError('x509: certificate specifies an incompatible key usage');
        }
        return {
            ...certificateSubject(certificate),
            uids: subjectUids(certificate),
            fingerprint,
            ...within(certificateTimes(certificate), issuer),
        };
    }

    /** When all that stand above the certificate are valid; a way that is valid now is preferred. */
    #issuerTimes(certificate: X509Certificate, chaining: Chaining): CertificateTimes | undefined {
        const { nowMs } = chaining;
        const isValid = (way: CertificateTimes): boolean => isWithin(nowMs, way);
        const direct = this.#waysUp(certificate, []);
        const ways = direct.some(isValid)
            ? direct
            : [...direct, ...this.#waysUp(certificate, usableIntermediates(chaining))];
        return ways.find(isValid) ?? ways[0];
    }

    /** Ways from a certificate to authorities of the pool, the shortest first; each intermediate is tried once. */
    #waysUp(certificate: X509Certificate, intermediates: readonly X509Certificate[]): CertificateTimes[] {
        const ways: CertificateTimes[] = [];
        const unused = new Set(intermediates);
        const steps: { certificate: X509Certificate; depth: number; times: CertificateTimes }[] = [
            { certificate, depth: 0, times: { notBeforeMs: -Infinity, notAfterMs: Infinity } },
        ];
        // Grows while it is gone through.
        for (const { certificate: signed, depth, times } of steps) {
            for (const authority of this.#authorities) {
                if (signs(authority, signed, depth)) ways.push(within(times, certificateTimes(authority)));
            }
            for (const one of unused) {
                if (!signs(one, signed, depth) || !hasUsage(one, 'client')) continue;
                unused.delete(one);
                steps.push({
                    certificate: one,
                    depth: depth + 1,
                    times: within(times, certificateTimes(one)),
                });
            }
        }
        return ways;
    }
}

function isWithin(nowMs: number, { notBeforeMs, notAfterMs }: CertificateTimes): boolean {
    return nowMs >= notBeforeMs && nowMs <= notAfterMs;
}

function within(a: CertificateTimes, b: CertificateTimes): CertificateTimes {
    return {
        notBeforeMs: Math.max(a.notBeforeMs, b.notBeforeMs),
        notAfterMs: Math.min(a.notAfterMs, b.notAfterMs),
    };
}

interface Chaining {
    nowMs: number;
    intermediates: Intermediates;
}

function usableIntermediates({ intermediates }: Chaining): X509Certificate[] {
    return intermediates().slice(0, intermediatesMax).map(parse);
}

/** @param depth how many authorities stand between the two and the client's certificate */
function signs(authority: X509Certificate, certificate: X509Certificate, depth: number): boolean {
    if (!isIssuedBy(certificate, authority)) return false;
    const limit = pathLengthOf(authority);
    return limit === undefined || depth <= limit;
}

function authoritiesOf(bundlePem: string): X509Certificate[] {
    const authorities = parseCertificates(bundlePem);
    if (authorities.length === 0) throw new Error('the bundle holds no certificate');
    return authorities;
}

function parse(der: Buffer): X509Certificate {
    try {
        return new X509Certificate(der);
    } catch (error) {
        throw new CredentialError('x509: malformed certificate', { cause: error });
    }
}

function subjectUids(certificate: X509Certificate): string[] {
    const subject = certificate.toLegacyObject().subject as unknown as Record<
        string,
        string | string[] | undefined
    >;
    const value = subject[uidAttribute];
    return value === undefined ? [] : [value].flat();
}
