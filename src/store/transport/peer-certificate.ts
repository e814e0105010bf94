import type { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { PeerRefusalError, type RefusalReason } from './refusal.ts';

/**
 * What a peer's certificate must say besides its signature: `organization` among the subject's (the authority
 * also signs clients', which must not pass for members; undefined: it signs members' alone), and one of `hosts` among its alternative names.
 */
export interface PeerRequirements {
    organization: string | undefined;
    /** Undefined when the member's addresses are not known (yet): any name will do. */
    hosts: readonly string[] | undefined;
}

const reasonsByCode: Readonly<Record<string, RefusalReason>> = {
    CERT_HAS_EXPIRED: 'expiredCertificate',
    CERT_NOT_YET_VALID: 'certificateNotYetValid',
    ERR_TLS_CERT_ALTNAME_INVALID: 'wrongName',
};

/**
 * Throws PeerRefusalError unless the other end of the socket has proved to be a peer. A socket without TLS
 * proves nothing, and is only there when the operator has configured http addresses.
 */
export function checkPeerCertificate(socket: Socket, requirements: PeerRequirements): void {
    if (!(socket instanceof TLSSocket)) return;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) throw refusal('noCertificate', 'no certificate was shown');
    const holder = certificate.subject.replaceAll('\n', ', ');
    if (!socket.authorized) {
        const { reason, text } = verificationFailure(socket.authorizationError);
        throw refusal(reason, `the certificate of ${holder} cannot be accepted: ${text}`);
    }
    const { organization, hosts } = requirements;
    if (organization !== undefined && !organizationsOf(certificate).includes(organization)) {
        throw refusal('wrongOrganization', `the certificate of ${holder} is not one of ${organization}`);
    }
    if (hosts !== undefined && !hosts.some((host) => coversHost(certificate, host))) {
        const names = certificate.subjectAltName ?? 'no names';
        throw refusal(
            'wrongName',
            `the certificate of ${holder} is for ${names}, not for ${hosts.join(', ')}`,
        );
    }
}

function refusal(reason: RefusalReason, text: string): PeerRefusalError {
    return new PeerRefusalError(reason, 'self', text);
}

/** Node gives OpenSSL's code as a string, though its type says Error, and an Error for a wrong name. */
function verificationFailure(failure: unknown): { reason: RefusalReason; text: string } {
    const code =
        typeof failure === 'object' && failure !== null && 'code' in failure ? failure.code : failure;
    const text = failure instanceof Error ? failure.message : String(code);
    return { reason: reasonsByCode[String(code)] ?? 'untrustedCertificate', text };
}

function organizationsOf(certificate: X509Certificate): string[] {
    const subject = certificate.toLegacyObject().subject as unknown as Partial<
        Record<string, string | string[]>
    >;
    const organizations = subject['O'] ?? [];
    return Array.isArray(organizations) ? organizations : [organizations];
}

function coversHost(certificate: X509Certificate, host: string): boolean {
    return (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
}
