import { expect, it } from '@jest/globals';
import type { V1CertificateSigningRequest } from '../../../../src/api/meta/object.ts';
import { createAuthority } from '../../../../src/pki/authority.ts';
import { expectDiscovered, expectOperations } from '../support/api-operations.ts';
import type { Cluster } from '../support/cluster.ts';
import { conditionOf, type Live } from '../support/objects.ts';

type Request = Live<V1CertificateSigningRequest>;

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const signerName = 'example.com/e2e';

/** A request for a certificate, PEM, in base64 as the API has it. */
async function pemRequest(): Promise<string> {
    await import('reflect-metadata');
    const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const request = await Pkcs10CertificateRequestGenerator.create({
        name: 'CN=e2e.example.com',
        keys,
        signingAlgorithm: algorithm,
    });
    return Buffer.from(`${request.toString('pem')}\n`).toString('base64');
}

/** Requests for certificates, their approval and their status. */
export function certificateCases(cluster: () => Cluster): void {
    it('requests are created, read, changed and deleted', async () => {
        await expectDiscovered(cluster(), 'certificates.k8s.io', [
            'certificatesigningrequests',
            'certificatesigningrequests/approval',
            'certificatesigningrequests/status',
        ]);
        const request = await pemRequest();
        await expectOperations(cluster(), {
            ...{ group: 'certificates.k8s.io', version: 'v1' },
            ...{ plural: 'certificatesigningrequests', kind: 'CertificateSigningRequest' },
            make: () => ({ spec: { request, signerName, expirationSeconds: 600, usages: ['client auth'] } }),
        });
    });

    it('approval and status are subresources of their own', async () => {
        const body = {
            metadata: { name: 'e2e-approval' },
            spec: { request: await pemRequest(), signerName, usages: ['digital signature', 'server auth'] },
        };
        const created = await cluster().create<Request>(path, body);
        expect(created.spec).toMatchObject(body.spec);
        const own = `${path}/e2e-approval`;
        const annotated = (name: string): object => ({ metadata: { annotations: { [name]: name } } });
        const condition = (type: string, reason: string) => ({
            ...{ type, status: 'True', reason, message: 'Set from an e2e test' },
        });
        const approval = await cluster().get<Request>(`${own}/approval`);
        expect(approval.metadata.uid).toBe(created.metadata.uid);
        const patched = await cluster().patch<Request>(`${own}/approval`, 'merge', {
            ...annotated('patchedapproval'),
            status: { conditions: [condition('ApprovalPatch', 'E2E')] },
        });
        expect(conditionOf(patched.status?.conditions, 'ApprovalPatch')).toMatchObject({ reason: 'E2E' });
        expect(patched.metadata.annotations).toMatchObject({ patchedapproval: 'patchedapproval' });
        const approved = await cluster().change<Request>(`${own}/approval`, (request) => {
            request.status!.conditions!.push(condition('Approved', 'E2E'));
        });
        expect(conditionOf(approved.status?.conditions, 'Approved')?.lastUpdateTime).toBeDefined();

        expect((await cluster().get(`${own}/status`)).metadata.uid).toBe(created.metadata.uid);
        const validity = { notBefore: new Date(), notAfter: new Date(Date.now() + 3_600_000) };
        const certificate = Buffer.from((await createAuthority('e2e', validity)).cert).toString('base64');
        const withStatus = await cluster().patch<Request>(`${own}/status`, 'merge', {
            ...annotated('patchedstatus'),
            status: { certificate },
        });
        expect(withStatus.status?.certificate).toBe(certificate);
        expect(withStatus.metadata.annotations).toMatchObject({ patchedstatus: 'patchedstatus' });
        const updated = await cluster().change<Request>(`${own}/status`, (request) => {
            request.status!.conditions!.push(condition('StatusUpdate', 'E2E'));
        });
        expect(updated.status?.conditions?.map(({ type }) => type)).toEqual([
            'ApprovalPatch',
            'Approved',
            'StatusUpdate',
        ]);
        // The object itself gives neither away.
        const plain = await cluster().change<Request>(own, (request) => {
            request.status = {};
        });
        expect(plain.status?.certificate).toBe(certificate);
        await cluster().delete(own);
        expect(await cluster().find(own)).toBeUndefined();
    });
}
