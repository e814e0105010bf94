import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { CertificateRequest, KeyPair } from './authority.ts';

/** Extended key usages by object identifier (RFC 5280, 4.2.1.12). */
export const extendedKeyUsages = {
    server: '1.3.6.1.5.5.7.3.1',
    client: '1.3.6.1.5.5.7.3.2',
    any: '2.5.29.37.0',
} as const;

export interface CertificateTimes {
    notBeforeMs: number;
    notAfterMs: number;
}

export function certificateTimes(certificate: X509Certificate): CertificateTimes {
    return { notBeforeMs: Date.parse(certificate.validFrom), notAfterMs: Date.parse(certificate.validTo) };
}

/** Common name and organizations of the subject, undecorated. */
export function certificateSubject(certificate: X509Certificate): {
    commonName: string;
    organizations: string[];
} {
    const subject = certificate.toLegacyObject().subject as unknown as Record<
        string,
        string | string[] | undefined
    >;
    return { commonName: list(subject.CN).at(-1) ?? '', organizations: list(subject.O) };
}

function list(value: string | string[] | undefined): string[] {
    if (value === undefined) return [];
    return Array.isArray(value) ? value : [value];
}

/** True when the certificate may be used this way; one without extended key usages may be used for all. */
export function hasUsage(certificate: X509Certificate, usage: 'server' | 'client'): boolean {
    // The runtime gives undefined where the type says string[]: a certificate without the extension.
    const usages = certificate.keyUsage as string[] | undefined;
    return (
        usages === undefined ||
        usages.includes(extendedKeyUsages[usage]) ||
        usages.includes(extendedKeyUsages.any)
    );
}

/** True when `issuer` is an authority and has signed the certificate. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
    return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** True once less than a third of the lifetime is left. A clock before `notBefore` is wrong, and no reason. */
export function renewalDue({ notBeforeMs, notAfterMs }: CertificateTimes, nowMs: number): boolean {
    return nowMs > notAfterMs - (notAfterMs - notBeforeMs) / 3;
}

/** All certificates of a PEM bundle. */
export function parseCertificates(pem: string): X509Certificate[] {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
    return blocks.map((block) => new X509Certificate(block));
}

/** Why a leaf has to be issued anew, undefined while it is good. */
export function reasonToReissue(
    pair: KeyPair,
    wanted: Omit<CertificateRequest, 'validity'>,
    context: { authority: KeyPair; nowMs: number },
): string | undefined {
    const certificate = parse(pair.cert);
    const authority = parse(context.authority.cert);
    if (certificate === undefined || authority === undefined) return 'the certificate is not readable';
    if (!keyMatches(certificate, pair.key)) return 'the key does not belong to the certificate';
    if (!isIssuedBy(certificate, authority)) return 'it was signed by another authority';
    if (renewalDue(certificateTimes(certificate), context.nowMs)) return 'it expires soon';
    const subject = certificateSubject(certificate);
    if (subject.commonName !== wanted.commonName) return 'the common name has changed';
    if (!sameMembers(subject.organizations, wanted.organizations ?? []))
        return 'the organizations have changed';
    if (!wanted.usages.every((usage) => hasUsage(certificate, usage))) return 'a key usage is missing';
    return coversNames(certificate, wanted) ? undefined : 'a subject alternative name is missing';
}

/** Why an authority cannot be used, undefined while it can. */
export function authorityProblem(pair: KeyPair): string | undefined {
    const certificate = parse(pair.cert);
    if (certificate === undefined) return 'the certificate is not readable';
    if (!certificate.ca) return 'the certificate is not one of a certificate authority';
    if (pair.key !== '' && !keyMatches(certificate, pair.key))
        return 'the key does not belong to the certificate';
    return undefined;
}

function parse(pem: string): X509Certificate | undefined {
    try {
        return new X509Certificate(pem);
    } catch {
        return undefined;
    }
}

function keyMatches(certificate: X509Certificate, key: string): boolean {
    try {
        return certificate.checkPrivateKey(createPrivateKey(key));
    } catch {
        return false;
    }
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
    return a.length === b.length && a.every((item) => b.includes(item));
}

function coversNames(certificate: X509Certificate, wanted: Omit<CertificateRequest, 'validity'>): boolean {
    const present = new Set((certificate.subjectAltName ?? '').split(', ').map(normalizeAltName));
    const dns = (wanted.dnsNames ?? []).map((name) => `DNS:${name}`);
    const ips = (wanted.ipAddresses ?? []).map((address) => `IP:${canonicalIp(address)}`);
    return [...dns, ...ips].every((name) => present.has(name));
}

/** Node writes "IP Address:10.0.0.1" and IPv6 addresses in full upper-case groups. */
function normalizeAltName(name: string): string {
    const address = /^IP Address:(.+)$/.exec(name)?.[1];
    return address === undefined ? name : `IP:${canonicalIp(address)}`;
}

function canonicalIp(address: string): string {
    return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}
