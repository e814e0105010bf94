import type {
    V1ContainerStatus,
    V1Job,
    V1Pod,
    V1PodCondition,
    V1PodFailurePolicyOnExitCodesRequirement,
    V1PodFailurePolicyRule,
} from '../../../api/meta/object.ts';
import { hasFailed } from './pod-state.ts';

/** What the policy says about one failed pod. */
export interface PolicyVerdict {
    /** The failure counts for the back-off limit. */
    counts: boolean;
    failsIndex: boolean;
    /** Why the whole job is to fail, when it is. */
    failJobMessage: string | undefined;
}

const counted: PolicyVerdict = { counts: true, failsIndex: false, failJobMessage: undefined };

/** The first rule that matches decides; without one, or without a policy, the failure counts. */
export function policyVerdict(job: V1Job, pod: V1Pod): PolicyVerdict {
    for (const [index, rule] of (job.spec?.podFailurePolicy?.rules ?? []).entries()) {
        const why = matchRule(rule, pod);
        if (why === undefined) continue;
        switch (rule.action) {
            case 'Ignore':
                return { ...counted, counts: false };
            case 'FailIndex':
                return { ...counted, failsIndex: true };
            case 'FailJob':
                return {
                    ...counted,
                    failJobMessage: `${why} matching ${rule.action} rule at index ${index}`,
                };
            default:
                return counted;
        }
    }
    return counted;
}

/** Why the policy fails the job because of one of these pods. */
export function failJobMessage(job: V1Job, pods: readonly V1Pod[]): string | undefined {
    if (job.spec?.podFailurePolicy === undefined) return undefined;
    for (const pod of pods) {
        const message = hasFailed(pod, job) ? policyVerdict(job, pod).failJobMessage : undefined;
        if (message !== undefined) return message;
    }
    return undefined;
}

/** The start of upstream's message when the rule matches. */
function matchRule({ onExitCodes, onPodConditions }: V1PodFailurePolicyRule, pod: V1Pod): string | undefined {
    const { namespace = '', name = '' } = pod.metadata ?? {};
    if (onExitCodes !== undefined) {
        const container = containerWithCode(pod, onExitCodes);
        const code = container?.state?.terminated?.exitCode ?? 0;
        return container === undefined
            ? undefined
            : `Container ${container.name} for pod ${namespace}/${name} failed with exit code ${code}`;
    }
    for (const condition of pod.status?.conditions ?? []) {
        if (matchesCondition(condition, onPodConditions ?? [])) {
            return `Pod ${namespace}/${name} has condition ${condition.type}`;
        }
    }
    return undefined;
}

const matchesCondition = (
    { type, status }: V1PodCondition,
    patterns: NonNullable<V1PodFailurePolicyRule['onPodConditions']>,
): boolean => patterns.some((pattern) => pattern.type === type && (pattern.status ?? 'True') === status);

function containerWithCode(
    { status }: V1Pod,
    { containerName, operator, values }: V1PodFailurePolicyOnExitCodesRequirement,
): V1ContainerStatus | undefined {
    const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
    return all.find(({ name, state }) => {
        const code = state?.terminated?.exitCode;
        // A container that succeeded is never the reason.
        if (code === undefined || code === 0) return false;
        if (containerName !== undefined && containerName !== name) return false;
        return values.includes(code) === (operator === 'In');
    });
}
