import { createHash, X509Certificate } from 'node:crypto';
import {
    certificateSubject,
    certificateTimes,
    hasUsage,
    isIssuedBy,
    parseCertificates,
} from '../../../pki/certificate-check.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import { CredentialError } from './method.ts';

/** The subject's attribute that holds the user's uid. */
const uidAttribute = '1.3.6.1.4.1.57683.2';
/** Client certificates whose signature was checked and is remembered. */
const verifiedCertificatesMax = 1024;

export interface VerifiedCertificate {
    commonName: string;
    organizations: string[];
    /** User ids of the subject: one at most is meant to be there. */
    uids: string[];
    /** SHA-256 of the DER form, hexadecimal. */
    fingerprint: string;
}

interface CachedCertificate extends VerifiedCertificate {
    notBeforeMs: number;
    notAfterMs: number;
}

/** Verifies client certificates against a bundle of authorities; each of them is trusted by itself. */
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
    verify(der: Buffer, nowMs: number): VerifiedCertificate {
        const fingerprint = createHash('sha256').update(der).digest('hex');
        let certificate = this.#verified.get(fingerprint);
        if (certificate === undefined) {
            certificate = this.#check(der, fingerprint, nowMs);
            this.#verified.set(fingerprint, certificate);
        }
        if (nowMs > certificate.notAfterMs || nowMs < certificate.notBeforeMs) {
            throw new CredentialError(
                'x509: certificate has expired or is not yet valid: ' +
                    `current time ${new Date(nowMs).toISOString()}, valid from ` +
                    `${new Date(certificate.notBeforeMs).toISOString()} to ${new Date(certificate.notAfterMs).toISOString()}`,
            );
        }
        return certificate;
    }

    #check(der: Buffer, fingerprint: string, nowMs: number): CachedCertificate {
        const certificate = parse(der);
        const issuers = this.#authorities.filter((authority) => isIssuedBy(certificate, authority));
        const times = issuers.map(certificateTimes);
        const issuer = times.find((t) => nowMs >= t.notBeforeMs && nowMs <= t.notAfterMs) ?? times[0];
        if (issuer === undefined) throw new CredentialError('x509: certificate signed by unknown authority');
        if (!hasUsage(certificate, 'client')) {
            throw new CredentialError('x509: certificate specifies an incompatible key usage');
        }
        const own = certificateTimes(certificate);
        return {
            ...certificateSubject(certificate),
            uids: subjectUids(certificate),
            fingerprint,
            notBeforeMs: Math.max(own.notBeforeMs, issuer.notBeforeMs),
            notAfterMs: Math.min(own.notAfterMs, issuer.notAfterMs),
        };
    }
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
