import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { forbidden } from './forbidden.ts';

/** Lets everything pass. Of no use; upstream has it still. */
export function alwaysAdmit(): AdmissionPlugin {
    return { name: 'AlwaysAdmit', handles: () => false };
}

/** Refuses everything. */
export function alwaysDeny(): AdmissionPlugin {
    const deny = (request: AdmissionRequest): never => {
        throw forbidden(request, 'admission control is denying all modifications');
    };
    return { name: 'AlwaysDeny', handles: () => true, mutate: deny, validate: deny };
}
