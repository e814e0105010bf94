import type { V1Container, V1PodTemplateSpec } from '../../../api/meta/object.ts';
import {
    completionIndexKey,
    completionIndexVariable,
    indexFailureCountKey,
    indexIgnoredFailureCountKey,
    trackingFinalizer,
} from './job-labels.ts';
import { limitsPerIndex, type Job, type Pod } from './job-spec.ts';
import { policyVerdict } from './pod-failure-policy.ts';
import { earlierFailures } from './pod-state.ts';

/** What the API server leaves of a generateName. */
const generateNameMax = 58;

/** The template of the pods of a job that is not indexed. */
export function trackedTemplate(template: V1PodTemplateSpec): V1PodTemplateSpec {
    const { finalizers = [] } = template.metadata ?? {};
    if (finalizers.includes(trackingFinalizer)) return template;
    return {
        ...template,
        metadata: { ...template.metadata, finalizers: [...finalizers, trackingFinalizer] },
    };
}

/** The template of one index. `replaced` is the index's last failed pod: its failures are carried on. */
export function indexTemplate(job: Job, index: number, replaced: Pod | undefined): V1PodTemplateSpec {
    const template = trackedTemplate(job.spec?.template ?? {});
    const { labels, annotations } = template.metadata ?? {};
    const spec = template.spec;
    return {
        metadata: {
            ...template.metadata,
            labels: { ...labels, [completionIndexKey]: String(index) },
            annotations: {
                ...annotations,
                [completionIndexKey]: String(index),
                ...(limitsPerIndex(job) ? failureAnnotations(job, replaced) : {}),
            },
        },
        ...(spec === undefined
            ? {}
            : {
                  spec: {
                      ...spec,
                      hostname: `${job.metadata.name}-${index}`,
                      containers: spec.containers.map(withIndexVariable),
                      ...(spec.initContainers === undefined
                          ? {}
                          : { initContainers: spec.initContainers.map(withIndexVariable) }),
                  },
              }),
    };
}

/** "name-3-", shortened so that the index survives. */
export function indexGenerateName(jobName: string, index: number): string {
    const suffix = `-${index}-`;
    return jobName.slice(0, generateNameMax - suffix.length) + suffix;
}

function failureAnnotations(job: Job, replaced: Pod | undefined): Record<string, string> {
    if (replaced === undefined) return { [indexFailureCountKey]: '0' };
    const { counted, ignored } = earlierFailures(replaced);
    const { counts } = policyVerdict(job, replaced);
    const nowIgnored = ignored + (counts ? 0 : 1);
    return {
        [indexFailureCountKey]: String(counted + (counts ? 1 : 0)),
        ...(nowIgnored === 0 ? {} : { [indexIgnoredFailureCountKey]: String(nowIgnored) }),
    };
}

function withIndexVariable(container: V1Container): V1Container {
    const env = container.env ?? [];
    if (env.some(({ name }) => name === completionIndexVariable)) return container;
    const fieldPath = `metadata.labels['${completionIndexKey}']`;
    return {
        ...container,
        env: [...env, { name: completionIndexVariable, valueFrom: { fieldRef: { fieldPath } } }],
    };
}
