import { type FieldError, fieldErrors } from '../../../../api/meta/field-error.ts';
import type {
    ApiObject,
    ResourceV1ResourceClaim,
    V1Namespace,
    V1ResourceClaimTemplate,
} from '../../../../api/meta/object.ts';
import { namespaces } from '../../../../client/resource-type.ts';
import type { AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';

const label = 'resource.kubernetes.io/admin-access';

/** Devices that are in use are only given to namespaces that administrators have marked for it. */
export function checkAdminAccess({ reader }: PluginContext, request: AdmissionRequest): FieldError[] {
    const field = askedIn(request);
    if (field === undefined) return [];
    const { namespace } = request;
    const found = reader.get<V1Namespace>(namespaces, '', namespace);
    if (found === undefined) {
        const why = `could not retrieve namespace to verify admin access: namespaces ${JSON.stringify(namespace)} not found`;
        return [fieldErrors.internal(field, why)];
    }
    if (found.metadata.labels?.[label] === 'true') return [];
    const detail = `admin access to devices requires the \`${label}: true\` label on the containing namespace`;
    return [fieldErrors.forbidden(field, detail)];
}

/** The field that asks for admin access. The specification of what exists does not change. */
function askedIn({
    definition,
    operation,
    subresource,
    object,
    oldObject,
}: AdmissionRequest): string | undefined {
    if (subresource === 'status') {
        if (grantedAt(oldObject) >= 0) return undefined;
        const index = grantedAt(object);
        return index < 0 ? undefined : `status.allocation.devices.results[${index}].adminAccess`;
    }
    if (operation !== 'CREATE') return undefined;
    // Upstream calls the field so in templates too.
    const index = requestedAt(object, definition.plural);
    return index < 0 ? undefined : `spec.devices.requests[${index}].adminAccess`;
}

function grantedAt(object: ApiObject | undefined): number {
    const { status } = (object ?? {}) as Partial<ResourceV1ResourceClaim>;
    const results = status?.allocation?.devices?.results ?? [];
    return results.findIndex(({ adminAccess }) => adminAccess === true);
}

function requestedAt(object: ApiObject | undefined, plural: string): number {
    const { spec } = (object ?? {}) as Partial<ResourceV1ResourceClaim | V1ResourceClaimTemplate>;
    if (plural === 'deviceclasses' || spec === undefined) return -1;
    const { devices } = 'spec' in spec ? spec.spec : spec;
    return (devices?.requests ?? []).findIndex(({ exactly }) => exactly?.adminAccess === true);
}
