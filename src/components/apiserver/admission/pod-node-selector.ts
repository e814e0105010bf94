import type { V1Namespace, V1Pod } from '../../../api/meta/object.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import type { PluginContext } from './context.ts';
import { forbidden } from './forbidden.ts';
import { findNamespace } from './namespaces.ts';
import { plainError } from './plain-error.ts';
import { isFor } from './requests.ts';

type Labels = Readonly<Record<string, string>>;

const annotation = 'scheduler.alpha.kubernetes.io/node-selector';
/** Key of the configuration: what namespaces without an annotation get. */
const clusterDefault = 'clusterDefaultNodeSelector';

/** By namespace the node labels that its pods may ask for at most, as `a=b,c=d`. */
export type NodeSelectors = Readonly<Record<string, string>>;

/** Throws an Error that says what is wrong with a plugin's configuration. */
export function readNodeSelectors(value: unknown): NodeSelectors {
    const given =
        (value as { podNodeSelectorPluginConfig?: unknown } | null)?.podNodeSelectorPluginConfig ?? {};
    const isWrong =
        typeof given !== 'object' ||
        Array.isArray(given) ||
        Object.values(given).some((selector) => typeof selector !== 'string');
    if (isWrong) {
        throw new Error('PodNodeSelector: podNodeSelectorPluginConfig must map namespaces to node selectors');
    }
    return { ...(given as Record<string, string>) };
}

/** `a=b,c=d` as labels. Throws the answer for a text that is none. */
function labelsOf(text: string): Labels {
    if (text === '') return {};
    const pairs = text.split(',').map((pair) => pair.split('=').map((part) => part.trim()));
    if (pairs.some((pair) => pair.length !== 2)) throw plainError(`invalid selector: [${text}]`);
    return Object.fromEntries(pairs as [string, string][]);
}

/** Pods get the node selector of their namespace, and may ask for no more than is allowed to it. */
export function podNodeSelector(context: PluginContext): AdmissionPlugin {
    const selectors = context.configuration.nodeSelectors;
    const ofNamespace = ({ metadata }: V1Namespace): Labels =>
        labelsOf(metadata?.annotations?.[annotation] ?? selectors[clusterDefault] ?? '');
    const check = (request: AdmissionRequest, own: Labels, pods: Labels): void => {
        if (Object.entries(own).some(([key, value]) => pods[key] !== undefined && pods[key] !== value)) {
            throw forbidden(
                request,
                'pod node label selector conflicts with its namespace node label selector',
            );
        }
    };
    return {
        name: 'PodNodeSelector',
        handles: (request) => isFor(request, 'pods', 'CREATE'),
        async mutate(request) {
            const { spec } = request.object as V1Pod;
            if (spec === undefined) return;
            const own = ofNamespace(await findNamespace(context, request.namespace));
            check(request, own, spec.nodeSelector ?? {});
            const merged = { ...own, ...spec.nodeSelector };
            if (Object.keys(merged).length > 0) spec.nodeSelector = merged;
        },
        async validate(request) {
            const pods = (request.object as V1Pod).spec?.nodeSelector ?? {};
            check(request, ofNamespace(await findNamespace(context, request.namespace)), pods);
            const { namespace } = request;
            const allowed = Object.hasOwn(selectors, namespace) ? labelsOf(selectors[namespace] ?? '') : {};
            if (Object.keys(allowed).length === 0) return;
            if (Object.entries(pods).every(([key, value]) => allowed[key] === value)) return;
            throw forbidden(request, 'pod node label selector labels conflict with its namespace whitelist');
        },
    };
}
