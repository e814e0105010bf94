import type { FieldError } from '../../../../api/meta/field-error.ts';
import { statusErrors } from '../../../../api/meta/status-error.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { checkAdminAccess } from './admin-access.ts';
import { checkSelectors } from './selectors.ts';
import { checkStatusPermissions } from './status-permissions.ts';

const group = 'resource.k8s.io';
const guarded = new Set(['resourceclaims', 'resourceclaimtemplates', 'deviceclasses']);

/**
 * The rules of claims and classes of devices that need more than the object: the compiler for selectors, the
 * namespace for admin access, the authorizer for parts of a claim's status. Upstream has them in its strategies, so
 * what they refuse is an invalid object (422).
 */
export function deviceGuard(context: PluginContext): AdmissionPlugin {
    return {
        name: 'DeviceGuard',
        handles: ({ definition, operation }) =>
            definition.group === group &&
            guarded.has(definition.plural) &&
            (operation === 'CREATE' || operation === 'UPDATE'),
        async validate(request) {
            const errors = await check(context, request);
            if (errors.length === 0) return;
            const { definition, object, name } = request;
            throw statusErrors.invalid(definition.kind, group, object?.metadata?.name ?? name, errors);
        },
    };
}

async function check(context: PluginContext, request: AdmissionRequest): Promise<FieldError[]> {
    const admin = checkAdminAccess(context, request);
    const more =
        request.subresource === 'status'
            ? await checkStatusPermissions(context, request)
            : await checkSelectors(context, request);
    return [...admin, ...more];
}
