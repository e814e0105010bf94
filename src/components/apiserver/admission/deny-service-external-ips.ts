import type { V1Service } from '../../../api/meta/object.ts';
import type { AdmissionPlugin } from '../admission.ts';
import { forbidden } from './forbidden.ts';
import { isFor } from './requests.ts';

/** Nobody gets traffic for addresses by naming them: external addresses may go, but not come. */
export function denyServiceExternalIPs(): AdmissionPlugin {
    return {
        name: 'DenyServiceExternalIPs',
        handles: (request) => isFor(request, 'services', 'CREATE', 'UPDATE'),
        validate(request) {
            const before = (request.oldObject as V1Service | undefined)?.spec?.externalIPs ?? [];
            const now = (request.object as V1Service).spec?.externalIPs ?? [];
            if (now.every((address) => before.includes(address))) return;
            throw forbidden(request, 'Use of external IPs is denied by admission control');
        },
    };
}
