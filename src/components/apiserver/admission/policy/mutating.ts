import { deepClone, semanticEqual } from '../../../../api/meta/deep.ts';
import type { ApiObject, V1MutatingAdmissionPolicy, V1Mutation } from '../../../../api/meta/object.ts';
import { applyJsonPatch } from '../../../../api/patch/json-patch.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { forbidden } from '../forbidden.ts';
import { convert } from '../matching/equivalents.ts';
import { isExempt } from '../matching/rules.ts';
import type { AdmissionMetrics, PolicyCheck } from '../metrics.ts';
import { applyConfiguration, type Original } from './apply-configuration.ts';
import { PolicyEvaluation } from './evaluation.ts';
import { boundInvocations, type Invocation } from './invocations.ts';
import { type BoundPolicy, PolicySource } from './policy-source.ts';

type Policy = V1MutatingAdmissionPolicy;
type Ready = Extract<Invocation<Policy>, { type: 'ready' }>;

const pluginName = 'MutatingAdmissionPolicy';

/** What one request remembers of its first round, to know which policies to apply again. */
interface Rounds {
    invoked: Set<string>;
    again: Set<string>;
    output: ApiObject | undefined;
}

/** Applies the mutating admission policies that are bound to a request, one after the other. */
export function mutatingAdmissionPolicy(context: PluginContext): AdmissionPlugin {
    const source = new PolicySource<Policy>(context, 'mutatingadmissionpolic');
    return {
        name: pluginName,
        handles: (request) =>
            !source.isEmpty &&
            !isExempt(request) &&
            (request.operation === 'CREATE' || request.operation === 'UPDATE'),
        async mutate(request) {
            const { reinvocation } = request;
            const known = reinvocation.memory.get(pluginName) as Rounds | undefined;
            const rounds = known ?? { invoked: new Set(), again: new Set(), output: undefined };
            reinvocation.memory.set(pluginName, rounds);
            if (reinvocation.isReinvoke && !semanticEqual(rounds.output, request.object)) askAllAgain(rounds);
            for await (const invocation of boundInvocations(context, source, request)) {
                const { bound } = invocation;
                if (invocation.type === 'misconfigured') throw denied(request, bound, invocation.message);
                if (reinvocation.isReinvoke && !rounds.again.has(invocation.id)) continue;
                if (await apply(request, invocation, context.metrics)) {
                    askAllAgain(rounds);
                    reinvocation.isWanted = true;
                }
                if (bound.policy.spec.reinvocationPolicy === 'IfNeeded') rounds.invoked.add(invocation.id);
            }
            rounds.output = deepClone(request.object);
        },
    };
}

function askAllAgain({ invoked, again }: Rounds): void {
    for (const id of invoked) again.add(id);
    invoked.clear();
}

function denied(request: AdmissionRequest, { policy, binding }: BoundPolicy<Policy>, why: string): Error {
    return forbidden(
        request,
        `policy '${policy.name}' with binding '${binding.name}' denied request: ${why}`,
    );
}

/** All mutations of one policy, or none of them; true when they have changed the object. */
async function apply(
    request: AdmissionRequest,
    { bound, compiler, values, matched }: Ready,
    metrics: AdmissionMetrics,
): Promise<boolean> {
    const { policy } = bound;
    const { object, definition, subresource } = request;
    if (object === undefined) return false;
    const evaluation = new PolicyEvaluation(compiler, policy, values);
    const conditions = evaluation.meetsConditions();
    if (conditions.type === 'noMatch') return false;
    if (conditions.type === 'error') throw denied(request, bound, conditions.message);
    const before = deepClone(object);
    try {
        let next = await convert(before, definition, matched.definition);
        for (const mutation of policy.spec.mutations ?? []) {
            const original = { object: next, definition: matched.definition, subresource };
            next = measured(metrics, bound, () => mutated(evaluation, mutation, original));
        }
        request.replaceObject(await convert(next, matched.definition, definition));
    } catch (error) {
        if (policy.ignoresFailures) return false;
        throw denied(request, bound, error instanceof Error ? error.message : String(error));
    }
    return !semanticEqual(before, object);
}

/** Does it, and notes how long that takes and whether it works. */
function measured<T>(
    metrics: AdmissionMetrics,
    { policy, binding }: BoundPolicy<Policy>,
    mutate: () => T,
): T {
    const startMs = performance.now();
    let errorType: PolicyCheck['errorType'] = 'invalid_error';
    try {
        const result = mutate();
        errorType = 'no_error';
        return result;
    } finally {
        const durationSeconds = (performance.now() - startMs) / 1000;
        metrics.mutationChecked({ policy: policy.name, binding: binding.name, errorType, durationSeconds });
    }
}

/** The object after one mutation; each sees what those before it did. Throws an Error that says why not. */
function mutated(evaluation: PolicyEvaluation<Policy>, mutation: V1Mutation, original: Original): ApiObject {
    const { environments } = evaluation;
    const { object } = original;
    const isPatch = mutation.patchType === 'JSONPatch';
    const expression = (isPatch ? mutation.jsonPatch : mutation.applyConfiguration)?.expression ?? '';
    const environment = environments.mutations;
    const result = evaluation.evaluate(expression, environment, { object });
    if (result.type === 'error') throw new Error(result.message);
    const { value } = result;
    if (isPatch) {
        if (!Array.isArray(value)) throw new Error('the JSONPatch expression does not result in a list');
        return applyJsonPatch(object, value) as ApiObject;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw new Error('the ApplyConfiguration expression does not result in an Object');
    }
    return applyConfiguration(original, value);
}
