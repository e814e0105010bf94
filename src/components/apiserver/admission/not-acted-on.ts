import { StatusError, statusReasonCodes } from '../../../api/meta/status-error.ts';
import type { AdmissionPlugin } from '../admission.ts';

/** Kinds that are part of the API but that nothing here acts on yet, with what a user would miss. */
const notActedOn: Readonly<Record<string, string>> = {
    'apiregistration.k8s.io/apiservices': 'requests are not passed on to other API servers',
    'admissionregistration.k8s.io/mutatingwebhookconfigurations': 'admission webhooks are not called',
    'admissionregistration.k8s.io/validatingwebhookconfigurations': 'admission webhooks are not called',
    'admissionregistration.k8s.io/mutatingadmissionpolicies': 'admission policies are not evaluated',
    'admissionregistration.k8s.io/mutatingadmissionpolicybindings': 'admission policies are not evaluated',
    'admissionregistration.k8s.io/validatingadmissionpolicies': 'admission policies are not evaluated',
    'admissionregistration.k8s.io/validatingadmissionpolicybindings': 'admission policies are not evaluated',
};

/**
 * Refuses objects that would be stored without effect: a webhook that is never called is worse than an
 * error that says so.
 */
export const notActedOnPlugin: AdmissionPlugin = {
    name: 'NotActedOn',
    handles: ({ operation, definition }) =>
        operation === 'CREATE' && Object.hasOwn(notActedOn, `${definition.group}/${definition.plural}`),
    mutate: ({ definition, name }) => {
        const { group, plural } = definition;
        const why = notActedOn[`${group}/${plural}`] ?? '';
        throw new StatusError({
            reason: 'MethodNotAllowed',
            code: statusReasonCodes.MethodNotAllowed,
            message: `${plural}.${group} "${name}" cannot be created: ${why} by this version of hyperkube yet`,
            details: { group, kind: plural, ...(name === '' ? {} : { name }) },
        });
    },
};
