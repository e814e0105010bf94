import { webcrypto } from 'node:crypto';
import { loadX509 } from '../../../src/pki/authority.ts';

/** A signed request for this subject, as CertificateSigningRequests carry it: base64 of PEM. */
export async function certificateRequest(commonName: string, organization: string): Promise<string> {
    const { Pkcs10CertificateRequestGenerator } = await loadX509();
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const request = await Pkcs10CertificateRequestGenerator.create({
        name: `CN=${commonName}, O=${organization}`,
        keys,
        signingAlgorithm: algorithm,
    });
    return Buffer.from(request.toString('pem')).toString('base64');
}
