import type { Clock } from '../../../util/clock.ts';
import type { AuthenticationMethod } from './method.ts';
import type { CertificatePool } from './certificate-pool.ts';

/** The common name is the user, the organizations are the groups. */
export function clientCertificateMethod(pool: CertificatePool, clock: Clock): AuthenticationMethod {
    return {
        name: 'x509',
        authenticate({ peerCertificate }) {
            if (peerCertificate === undefined || peerCertificate.length === 0) return undefined;
            const { commonName, organizations, fingerprint } = pool.verify(peerCertificate, clock.nowMs());
            if (commonName === '') return undefined;
            return {
                username: commonName,
                uid: '',
                groups: organizations,
                extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
            };
        },
    };
}
