import type { Clock } from '../../../util/clock.ts';
import { type AuthenticationMethod, CredentialError } from './method.ts';
import type { CertificatePool } from './certificate-pool.ts';

/** The common name is the user, the organizations are the groups, a private attribute is the uid. */
export function clientCertificateMethod(
    pool: CertificatePool,
    clock: Clock,
    /** Told how long the certificate of each request is still valid. */
    onValid?: (secondsLeft: number) => void,
): AuthenticationMethod {
    return {
        name: 'x509',
        authenticate({ peerCertificate, peerIntermediates }) {
            if (peerCertificate === undefined || peerCertificate.length === 0) return undefined;
            const { commonName, organizations, uids, fingerprint, notAfterMs } = pool.verify(
                peerCertificate,
                clock.nowMs(),
                peerIntermediates,
            );
            onValid?.((notAfterMs - clock.nowMs()) / 1000);
            if (commonName === '') return undefined;
            return {
                username: commonName,
                uid: uidOf(uids),
                groups: organizations,
                extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
            };
        },
    };
}

function uidOf(uids: readonly string[]): string {
    if (uids.length > 1) throw new CredentialError(`expected 1 UID, but found multiple: ${uids.length}`);
    if (uids[0] === '') throw new CredentialError('UID cannot be an empty string');
    return uids[0] ?? '';
}
