import { beforeEach, describe, expect, it } from '@jest/globals';
import { webcrypto } from 'node:crypto';
import type { ApiObject } from '../../../api/meta/object.ts';
import { loadX509 } from '../../../pki/authority.ts';
import type { AdmissionRequest } from '../admission.ts';
import type { ResourceAttributes } from '../authorizer.ts';
import { admissionRequest, admit } from '../testing/admission-request.ts';
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts';
import type { PluginContext } from './context.ts';

const signerName = 'example.com/web';
let allowed: string | undefined;
let asked: ResourceAttributes[];

const context = {
    authorizer: {
        authorize: (_identity: unknown, attributes: ResourceAttributes) => {
            asked.push(attributes);
            return { outcome: attributes.name === allowed ? 'allow' : 'noOpinion', reason: '' };
        },
    },
} as unknown as PluginContext;
const certificateRequest = (status: object = {}, spec: object = {}): ApiObject =>
    ({ metadata: { name: 'csr' }, spec: { signerName, ...spec }, status }) as ApiObject;
const update = async (
    plugin: (given: PluginContext) => Parameters<typeof admit>[0][number],
    subresource: string,
    object: ApiObject,
): Promise<AdmissionRequest> =>
    await admit(
        [plugin(context)],
        admissionRequest(`certificatesigningrequests.certificates.k8s.io/${subresource}`, object, {
            operation: 'UPDATE',
            oldObject: certificateRequest(),
        }),
    );

beforeEach(() => {
    allowed = undefined;
    asked = [];
});

describe('CertificateApproval', () => {
    it('is for who may approve for the signer, or for all of its domain', async () => {
        const approve = async () => await update(certificateApproval, 'approval', certificateRequest());
        await expect(approve()).rejects.toThrow(
            'certificatesigningrequests.certificates.k8s.io "csr" is forbidden: user not permitted to approve requests with signerName "example.com/web"',
        );
        expect(asked).toMatchObject([
            { verb: 'approve', group: 'certificates.k8s.io', resource: 'signers', name: signerName },
            { verb: 'approve', name: 'example.com/*' },
        ]);
        for (const name of [signerName, 'example.com/*']) {
            allowed = name;
            await approve();
        }
    });

    it('has no say in other writes', async () => {
        await update(certificateApproval, 'status', certificateRequest());
        await update(certificateApproval, '', certificateRequest());
        expect(asked).toEqual([]);
    });
});

describe('CertificateSigning', () => {
    it.each([
        ['issues a certificate', { certificate: 'AAAA' }],
        ['changes conditions', { conditions: [{ type: 'Failed', status: 'True' }] }],
    ])('is for who may sign, where the write %s', async (_case, status) => {
        const sign = async () => await update(certificateSigning, 'status', certificateRequest(status));
        await expect(sign()).rejects.toThrow(
            'user not permitted to sign requests with signerName "example.com/web"',
        );
        expect(asked[0]).toMatchObject({ verb: 'sign', name: signerName });
        allowed = signerName;
        await sign();
    });

    it('does not ask where neither changes', async () => {
        await update(certificateSigning, 'status', certificateRequest());
        expect(asked).toEqual([]);
    });
});

describe('CertificateSubjectRestriction', () => {
    const forClients = 'kubernetes.io/kube-apiserver-client';
    const create = async (signer: string, request: string) =>
        await admit(
            [certificateSubjectRestriction(context)],
            admissionRequest(
                'certificatesigningrequests.certificates.k8s.io',
                certificateRequest({}, { signerName: signer, request }),
            ),
        );
    const pem = async (name: string): Promise<string> => {
        const { Pkcs10CertificateRequestGenerator } = await loadX509();
        const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
        const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
        const made = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm });
        return Buffer.from(made.toString('pem')).toString('base64');
    };

    it('keeps masters from being made by a request', async () => {
        const masters = await pem('CN=jane, O=dev, O=system:masters');
        await expect(create(forClients, masters)).rejects.toThrow(
            'is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
        );
        await create(signerName, masters);
        await create(forClients, await pem('CN=jane, O=dev'));
        await expect(create(forClients, 'bm90IGEgcmVxdWVzdA==')).rejects.toThrow(
            'is forbidden: failed to parse CSR: ',
        );
    });
});
