import { semanticEqual } from '../../../api/meta/deep.ts';
import type { V1CertificateSigningRequest } from '../../../api/meta/object.ts';
import { loadX509 } from '../../../pki/authority.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { PluginContext } from './context.ts';
import { forbidden } from './forbidden.ts';

const group = 'certificates.k8s.io';
const restrictedSigner = 'kubernetes.io/kube-apiserver-client';
const mastersGroup = 'system:masters';

function isUpdateOf({ definition, operation, subresource }: AdmissionRequest, wanted: string): boolean {
    return (
        definition.group === group &&
        definition.plural === 'certificatesigningrequests' &&
        operation === 'UPDATE' &&
        subresource === wanted
    );
}

/** May the user do this for the signer, or for all signers of its domain? */
async function checkSigner(
    { authorizer }: PluginContext,
    request: AdmissionRequest,
    verb: 'approve' | 'sign',
): Promise<void> {
    if (authorizer === undefined) return;
    const signerName = (request.oldObject as V1CertificateSigningRequest).spec.signerName;
    const domain = signerName.split('/')[0] ?? '';
    for (const name of [signerName, `${domain}/*`]) {
        const decision = await authorizer.authorize(request.identity, {
            kind: 'resource',
            verb,
            group,
            version: '*',
            resource: 'signers',
            subresource: '',
            namespace: '',
            name,
        });
        if (decision.outcome === 'allow') return;
    }
    throw forbidden(request, `user not permitted to ${verb} requests with signerName "${signerName}"`);
}

/** Who approves certificate requests must be allowed to for their signer. */
export function certificateApproval(context: PluginContext): AdmissionPlugin {
    return {
        name: 'CertificateApproval',
        handles: (request) => isUpdateOf(request, 'approval'),
        validate: async (request) => {
            await checkSigner(context, request, 'approve');
        },
    };
}

/** Who issues certificates must be allowed to for their signer. */
export function certificateSigning(context: PluginContext): AdmissionPlugin {
    return {
        name: 'CertificateSigning',
        handles: (request) => isUpdateOf(request, 'status'),
        validate: async (request) => {
            const { status } = request.object as V1CertificateSigningRequest;
            const old = (request.oldObject as V1CertificateSigningRequest).status;
            const isSame =
                status?.certificate === old?.certificate &&
                semanticEqual(status?.conditions, old?.conditions);
            if (!isSame) await checkSigner(context, request, 'sign');
        },
    };
}

/** Nobody gets a client certificate that makes them master of the cluster by asking for one. */
export function certificateSubjectRestriction(_context: PluginContext): AdmissionPlugin {
    return {
        name: 'CertificateSubjectRestriction',
        handles: ({ definition, operation, subresource }) =>
            definition.group === group &&
            definition.plural === 'certificatesigningrequests' &&
            operation === 'CREATE' &&
            subresource === '',
        validate: async (request) => {
            const { spec } = request.object as V1CertificateSigningRequest;
            if (spec.signerName !== restrictedSigner) return;
            if ((await organizationsOf(request, spec.request)).includes(mastersGroup)) {
                throw forbidden(
                    request,
                    `use of ${restrictedSigner} signer with ${mastersGroup} group is not allowed`,
                );
            }
        },
    };
}

async function organizationsOf(request: AdmissionRequest, base64: string): Promise<readonly string[]> {
    try {
        return (await subjectOfRequest(base64)).organizations;
    } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw forbidden(request, `failed to parse CSR: ${why}`);
    }
}

/** The subject of a PEM certificate request in base64. Rejects when it cannot be read. */
export async function subjectOfRequest(
    base64: string,
): Promise<{ commonName: string; organizations: readonly string[] }> {
    const { Pkcs10CertificateRequest } = await loadX509();
    const { subjectName } = new Pkcs10CertificateRequest(Buffer.from(base64, 'base64').toString());
    return {
        commonName: subjectName.getField('CN').at(-1) ?? '',
        organizations: subjectName.getField('O'),
    };
}
