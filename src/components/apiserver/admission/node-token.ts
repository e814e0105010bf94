import type { AuthenticationV1TokenRequest, V1Pod } from '../../../api/meta/object.ts';
import { statusErrors } from '../../../api/meta/status-error.ts';
import { pods } from '../../../client/resource-type.ts';
import { nodeNameOf } from '../authz/node-identity.ts';
import type { Authorizer } from '../authorizer.ts';
import type { Identity } from '../identity.ts';
import type { ObjectReader } from '../object-reader.ts';
import { audienceRefusal } from './node-audience.ts';

/**
 * A kubelet's token request is for a pod that runs on its node, and for an audience that the pod has use for;
 * throws forbidden otherwise. Others pass.
 */
export async function checkNodeToken(
    parts: { reader: ObjectReader; authorizer: Authorizer | undefined },
    identity: Identity,
    request: { namespace: string; name: string; body: AuthenticationV1TokenRequest | undefined },
): Promise<void> {
    const node = nodeNameOf(identity);
    if (node === undefined) return;
    const forbidden = (why: string) =>
        statusErrors.forbidden({ resource: 'serviceaccounts', name: request.name }, why);
    const ref = request.body?.spec?.boundObjectRef;
    if (ref?.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) {
        throw forbidden('node requested token not bound to a pod');
    }
    if (!ref.uid) throw forbidden('node requested token with a pod binding without a uid');
    const pod = parts.reader.get<V1Pod>(pods, request.namespace, ref.name);
    if (pod === undefined) throw statusErrors.notFound({ resource: 'pods', name: ref.name });
    if (ref.uid !== pod.metadata.uid) {
        throw forbidden(
            `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
        );
    }
    if (pod.spec?.nodeName !== node) {
        throw forbidden('node requested token bound to a pod scheduled on a different node');
    }
    const subject = { namespace: request.namespace, name: request.name, pod };
    const refusal = await audienceRefusal(parts, identity, {
        audiences: request.body?.spec?.audiences ?? [],
        subject,
    });
    if (refusal !== undefined) throw forbidden(refusal);
}
