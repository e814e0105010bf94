import type { CelCompiler } from '../../../../api/cel/cel.ts';
import { type FieldError, fieldErrors } from '../../../../api/meta/field-error.ts';
import type {
    ApiObject,
    V1MutatingWebhookConfiguration,
    V1ValidatingWebhookConfiguration,
} from '../../../../api/meta/object.ts';
import { deepEqual } from '../../../../api/meta/deep.ts';
import { statusErrors } from '../../../../api/meta/status-error.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { type PolicyExpression, policyExpressions } from '../policy/policy-expressions.ts';
import { conditionEnvironment } from './match-conditions.ts';

const group = 'admissionregistration.k8s.io';
const configurations = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'];
const policies = ['validatingadmissionpolicies', 'mutatingadmissionpolicies'];

/**
 * Refuses expressions that do not compile, with the compiler's words as the cause of a 422. Where nothing
 * can evaluate expressions, whatever has some is refused: it must not be ignored in silence.
 */
export function expressionGuard(context: PluginContext): AdmissionPlugin {
    return {
        name: 'ExpressionGuard',
        handles: ({ definition, operation, subresource }) =>
            definition.group === group &&
            subresource === '' &&
            (operation === 'CREATE' || operation === 'UPDATE'),
        async validate(request) {
            const { plural, kind } = request.definition;
            if (isUnchanged(request) || !hasExpressions(request, plural)) return;
            const refuse = (errors: FieldError[]): Error =>
                statusErrors.invalid(kind, group, request.object?.metadata?.name ?? request.name, errors);
            const compiler = await context.expressions?.();
            if (compiler === undefined) {
                const why = 'expressions are not evaluated by this API server';
                throw refuse([fieldErrors.forbidden(fieldOf(plural), why)]);
            }
            const errors = expressionsOf(request, plural, compiler).flatMap(
                ({ field, expression, environment }) => {
                    const compiled = compiler.compile(expression.trim(), environment);
                    if (compiled.type === 'compiled') return [];
                    return [fieldErrors.invalid(field, expression, compiled.message)];
                },
            );
            if (errors.length > 0) throw refuse(errors);
        },
    };
}

type Configuration = V1MutatingWebhookConfiguration | V1ValidatingWebhookConfiguration;

function fieldOf(plural: string): string {
    return configurations.includes(plural) ? 'webhooks[0].matchConditions[0].expression' : 'spec';
}

function hasExpressions({ object }: AdmissionRequest, plural: string): boolean {
    if (!configurations.includes(plural)) return true;
    const { webhooks = [] } = object as Configuration;
    return webhooks.some(({ matchConditions = [] }) => matchConditions.length > 0);
}

/** What was accepted once stays: a newer compiler must not keep other fields from being changed. */
function isUnchanged({ object, oldObject, definition }: AdmissionRequest): boolean {
    if (object === undefined) return true;
    if (oldObject === undefined) return false;
    return configurations.includes(definition.plural)
        ? sameConditions(object, oldObject)
        : deepEqual(specOf(object), specOf(oldObject));
}

function expressionsOf(
    { object }: AdmissionRequest,
    plural: string,
    compiler: CelCompiler,
): readonly PolicyExpression[] {
    if (object === undefined) return [];
    if (policies.includes(plural)) return policyExpressions(object, compiler);
    if (!configurations.includes(plural)) return [];
    const { webhooks = [] } = object as Configuration;
    return webhooks.flatMap(({ matchConditions = [] }, at) =>
        matchConditions.map(({ expression }, index) => ({
            field: `webhooks[${at}].matchConditions[${index}].expression`,
            expression,
            environment: conditionEnvironment,
        })),
    );
}

function specOf(object: ApiObject | undefined): unknown {
    return (object as { spec?: unknown } | undefined)?.spec;
}

function sameConditions(object: ApiObject, old: ApiObject): boolean {
    const conditions = (each: ApiObject): unknown[] =>
        ((each as V1ValidatingWebhookConfiguration).webhooks ?? []).map(
            ({ matchConditions }) => matchConditions ?? [],
        );
    return deepEqual(conditions(object), conditions(old));
}
