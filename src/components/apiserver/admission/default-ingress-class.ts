import type { V1Ingress, V1IngressClass } from '../../../api/meta/object.ts';
import type { AdmissionPlugin } from '../admission.ts';
import type { PluginContext } from './context.ts';
import { isFor } from './requests.ts';
import { newestDefault } from './storage.ts';

const ingressClasses = { group: 'networking.k8s.io', version: 'v1', resource: 'ingressclasses' };

/** Ingresses that name no class get the default one. */
export function defaultIngressClass({ reader }: PluginContext): AdmissionPlugin {
    return {
        name: 'DefaultIngressClass',
        handles: (request) => isFor(request, 'ingresses.networking.k8s.io', 'CREATE'),
        mutate({ object }) {
            const { spec, metadata } = object as V1Ingress;
            const named =
                spec?.ingressClassName !== undefined ||
                metadata?.annotations?.['kubernetes.io/ingress.class'] !== undefined;
            if (spec === undefined || named) return;
            const chosen = newestDefault(reader.list<V1IngressClass>(ingressClasses), [
                'ingressclass.kubernetes.io/is-default-class',
            ]);
            if (chosen !== undefined) spec.ingressClassName = chosen.metadata.name;
        },
    };
}
