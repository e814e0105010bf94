import type { CelCompiler } from '../../../../api/cel/cel.ts';
import type { V1Namespace } from '../../../../api/meta/object.ts';
import { namespaces } from '../../../../client/resource-type.ts';
import type { AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { admissionValues } from '../expressions/environment.ts';
import type { MatchedVersion } from '../matching/equivalents.ts';
import { namespaceNameOf } from '../matching/selectors.ts';
import { matchResources } from './match-resources.ts';
import { type Param, paramsOf } from './params.ts';
import type { AnyPolicy, BoundPolicy, PolicySource } from './policy-source.ts';

/** A policy to be evaluated for a request, or why it cannot be. */
export type Invocation<P extends AnyPolicy> =
    | {
          type: 'ready';
          bound: BoundPolicy<P>;
          /** Names the invocation among those of one request. */
          id: string;
          matched: MatchedVersion;
          compiler: CelCompiler;
          /** What expressions may name, but for the policy's own variables. */
          values: Record<string, unknown>;
      }
    | { type: 'misconfigured'; bound: BoundPolicy<P>; message: string };

/** Every bound policy that matches, once per parameter. What fails under `Ignore` is left out. */
export async function* boundInvocations<P extends AnyPolicy>(
    context: PluginContext,
    source: PolicySource<P>,
    request: AdmissionRequest,
): AsyncGenerator<Invocation<P>> {
    for (const bound of source.bound) {
        const { policy, binding } = bound;
        const matched = await matchResources(context, policy.matcher, request);
        if (matched === undefined) continue;
        if ((await matchResources(context, binding.matcher, request)) === undefined) continue;
        const compiler = await context.expressions?.();
        let params: Param[];
        try {
            if (compiler === undefined) throw new Error('expressions are not evaluated by this API server');
            const { paramKind } = policy.spec;
            params = paramsOf(context, { paramKind, paramRef: binding.paramRef }, request.namespace);
        } catch (error) {
            const why = error instanceof Error ? error.message : String(error);
            if (!policy.ignoresFailures) {
                yield { type: 'misconfigured', bound, message: `failed to configure binding: ${why}` };
            }
            continue;
        }
        const namespace = namespaceFor(context, request);
        for (const [index, param] of params.entries()) {
            // Made anew each time: an earlier policy may have changed the object.
            const values = {
                ...(await admissionValues(context, request, { matched, namespace })),
                params: param,
            };
            const id = `${policy.name}/${binding.name}/${param?.metadata?.name ?? index}`;
            yield { type: 'ready', bound, id, matched, compiler, values };
        }
    }
}

/** The namespace that the request's object is in; none for cluster-scoped ones. */
function namespaceFor({ reader }: PluginContext, request: AdmissionRequest): V1Namespace | undefined {
    if (!request.definition.namespaced) return undefined;
    return reader.get<V1Namespace>(namespaces, '', namespaceNameOf(request));
}
