import type {
    V1AuditAnnotation,
    V1ValidatingAdmissionPolicy,
    V1Validation,
} from '../../../../api/meta/object.ts';
import { StatusError, type StatusReason, statusReasonCodes } from '../../../../api/meta/status-error.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { forbidden } from '../forbidden.ts';
import type { AdmissionMetrics, PolicyAction } from '../metrics.ts';
import { isExempt } from '../matching/rules.ts';
import { boundInvocations, type Invocation } from './invocations.ts';
import { PolicyEvaluation } from './evaluation.ts';
import { type BoundPolicy, PolicySource } from './policy-source.ts';

type Policy = V1ValidatingAdmissionPolicy;

/** What a policy has against a request. */
interface Denial {
    message: string;
    reason?: string | undefined;
    /** Of the validation that failed; absent for what could not be evaluated. */
    index?: number;
    /** True where something could not be evaluated. */
    isError?: boolean;
}

const messageBytesMax = 5 * 1024;
const annotationCharsMax = 10 * 1024;
const failureAnnotation = 'validation.policy.admission.k8s.io/validation_failure';

/** Evaluates the validating admission policies that are bound to a request. */
export function validatingAdmissionPolicy(context: PluginContext): AdmissionPlugin {
    const source = new PolicySource<Policy>(context, 'validatingadmissionpolic');
    return {
        name: 'ValidatingAdmissionPolicy',
        handles: (request) => !source.isEmpty && !isExempt(request),
        async validate(request) {
            const outcome = new Outcome(request, context.metrics);
            for await (const invocation of boundInvocations(context, source, request)) {
                if (invocation.type === 'misconfigured') outcome.denied(invocation.bound, invocation);
                else outcome.judged(invocation);
            }
            outcome.finish();
        },
    };
}

/** Gathers what the policies say, and answers when all have been heard. */
class Outcome {
    readonly #request: AdmissionRequest;
    readonly #metrics: AdmissionMetrics;
    readonly #audited: object[] = [];
    readonly #annotations = new Map<string, Set<string>>();
    #error: StatusError | undefined;
    /** When the evaluation began that is judged now. */
    #startMs = performance.now();

    constructor(request: AdmissionRequest, metrics: AdmissionMetrics) {
        this.#request = request;
        this.#metrics = metrics;
    }

    judged({ bound, compiler, values }: Extract<Invocation<Policy>, { type: 'ready' }>): void {
        const { policy } = bound;
        this.#startMs = performance.now();
        const evaluation = new PolicyEvaluation(compiler, policy, values);
        const conditions = evaluation.meetsConditions();
        if (conditions.type === 'noMatch') return;
        if (conditions.type === 'error') {
            this.#acted(bound, { message: conditions.message, isError: true });
            return;
        }
        for (const [index, validation] of (policy.spec.validations ?? []).entries()) {
            this.#startMs = performance.now();
            const denial = validate(evaluation, bound, { validation, index });
            if (denial !== undefined) this.#acted(bound, denial);
            else this.#count(bound, 'allow');
        }
        for (const annotation of policy.spec.auditAnnotations ?? []) {
            this.#annotate(evaluation, bound, annotation);
        }
    }

    /** What the binding wants to happen. */
    #acted(bound: BoundPolicy<Policy>, denial: Denial): void {
        const { policy, binding } = bound;
        if (binding.actions.includes('Deny')) this.denied(bound, denial);
        if (binding.actions.includes('Audit')) {
            this.#count(bound, 'audit', denial);
            this.#audited.push({
                message: denial.message,
                policy: policy.name,
                binding: binding.name,
                expressionIndex: denial.index ?? 0,
                validationActions: binding.actions,
            });
        }
        if (binding.actions.includes('Warn')) {
            this.#count(bound, 'warn', denial);
            this.#request.warn(
                `Validation failed for ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}': ${denial.message}`,
            );
        }
    }

    #count({ policy, binding }: BoundPolicy<Policy>, action: PolicyAction, denial?: Denial): void {
        const errorType = denial?.isError === true ? 'invalid_error' : 'no_error';
        const durationSeconds = (performance.now() - this.#startMs) / 1000;
        const check = { policy: policy.name, binding: binding.name, errorType, durationSeconds } as const;
        this.#metrics.policyChecked(check, action);
    }

    /** The first denial is the answer. */
    denied(bound: BoundPolicy<Policy>, denial: Denial): void {
        this.#count(bound, 'deny', denial);
        const { policy, binding } = bound;
        const { message, reason = 'Invalid' } = denial;
        const text = `ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}' denied request: ${message}`;
        const { status } = forbidden(this.#request, text);
        this.#error ??= new StatusError({
            ...status,
            reason,
            code: statusReasonCodes[reason as StatusReason],
            details: { ...status.details, causes: [{ message: text }] },
        });
    }

    #annotate(
        evaluation: PolicyEvaluation<Policy>,
        bound: BoundPolicy<Policy>,
        { key, valueExpression }: V1AuditAnnotation,
    ): void {
        const { policy } = bound;
        const result = evaluation.evaluate(valueExpression.trim(), evaluation.environments.auditAnnotations);
        const isText = result.type === 'value' && (result.value === null || typeof result.value === 'string');
        if (!isText) {
            const message =
                result.type === 'error'
                    ? result.message
                    : `valueExpression '${valueExpression}' resulted in unsupported return type: ${typeof result.value}. Return type must be either string or null.`;
            if (!policy.ignoresFailures) this.denied(bound, { message });
            return;
        }
        const text = typeof result.value === 'string' ? result.value.trim().slice(0, annotationCharsMax) : '';
        if (text === '') return;
        const name = `${policy.name}/${key}`;
        this.#annotations.set(name, (this.#annotations.get(name) ?? new Set()).add(text));
    }

    finish(): void {
        for (const [key, values] of this.#annotations) this.#request.annotate(key, [...values].join(', '));
        if (this.#audited.length > 0)
            this.#request.annotate(failureAnnotation, JSON.stringify(this.#audited));
        if (this.#error !== undefined) throw this.#error;
    }
}

function validate(
    evaluation: PolicyEvaluation<Policy>,
    { policy }: BoundPolicy<Policy>,
    { validation, index }: { validation: V1Validation; index: number },
): Denial | undefined {
    const { expression, reason } = validation;
    const result = evaluation.evaluate(expression, evaluation.environments.validations);
    if (result.type === 'error') {
        return policy.ignoresFailures ? undefined : { message: result.message, index, isError: true };
    }
    if (result.value === true) return undefined;
    return { message: messageOf(evaluation, evaluation.environments.messages, validation), reason, index };
}

function messageOf(
    evaluation: PolicyEvaluation<Policy>,
    environment: Parameters<PolicyEvaluation<Policy>['evaluate']>[1],
    { expression, message = '', messageExpression = '' }: V1Validation,
): string {
    if (messageExpression.trim() !== '') {
        const result = evaluation.evaluate(messageExpression, environment);
        const text = result.type === 'value' && typeof result.value === 'string' ? result.value.trim() : '';
        // A message that cannot be had, or shown on one line, must not hide that the validation failed.
        if (text !== '' && !/[\n\r]/.test(text) && Buffer.byteLength(text) <= messageBytesMax) return text;
    }
    return message.trim() || `failed expression: ${expression.trim()}`;
}
