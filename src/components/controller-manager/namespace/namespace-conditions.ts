import { setCondition } from '../../../api/meta/conditions.ts';
import type { GroupVersionResource, V1NamespaceCondition } from '../../../api/meta/object.ts';
import { messageOf } from '../shared/pod-control.ts';

/** What one attempt to empty a namespace came to. */
export interface DeletionReport {
    /** Discovery as a whole, or group versions of it. */
    discoveryErrors: readonly unknown[];
    contentErrors: readonly unknown[];
    remaining: readonly { resource: GroupVersionResource; count: number }[];
    /** Finalizer → number of objects that have it. */
    finalizers: ReadonlyMap<string, number>;
}

type Verdict = Pick<V1NamespaceCondition, 'status' | 'reason' | 'message'>;

const failed = (reason: string, message: string): Verdict => ({ status: 'True', reason, message });
const fine = (reason: string, message: string): Verdict => ({ status: 'False', reason, message });

/** The conditions of a namespace that is being deleted; the same array when nothing changed. */
export function deletionConditions(
    current: readonly V1NamespaceCondition[] | undefined,
    report: DeletionReport,
    now: string,
): V1NamespaceCondition[] {
    const verdicts: Record<string, Verdict> = {
        NamespaceDeletionDiscoveryFailure: discoveryVerdict(report.discoveryErrors),
        NamespaceDeletionGroupVersionParsingFailure: fine(
            'ParsedGroupVersions',
            'All legacy kube types successfully parsed',
        ),
        NamespaceDeletionContentFailure: contentVerdict(report.contentErrors),
        NamespaceContentRemaining: remainingVerdict(report.remaining),
        NamespaceFinalizersRemaining: finalizersVerdict(report.finalizers),
    };
    let conditions = (current ?? []) as V1NamespaceCondition[];
    for (const [type, verdict] of Object.entries(verdicts)) {
        conditions = setCondition(conditions, { type, ...verdict }, now);
    }
    return conditions;
}

function discoveryVerdict(errors: readonly unknown[]): Verdict {
    if (errors.length === 0) return fine('ResourcesDiscovered', 'All resources successfully discovered');
    return failed(
        'DiscoveryFailed',
        `Discovery failed for some groups, ${errors.length} failing: ${joined(errors)}`,
    );
}

function contentVerdict(errors: readonly unknown[]): Verdict {
    if (errors.length === 0) {
        return fine('ContentDeleted', 'All content successfully deleted, may be waiting on finalization');
    }
    return failed(
        'ContentDeletionFailed',
        `Failed to delete all resource types, ${errors.length} remaining: ${joined(errors)}`,
    );
}

function remainingVerdict(remaining: DeletionReport['remaining']): Verdict {
    if (remaining.length === 0) return fine('ContentRemoved', 'All content successfully removed');
    const texts = remaining.map(
        ({ resource, count }) => `${resource.resource}.${resource.group} has ${count} resource instances`,
    );
    return failed('SomeResourcesRemain', `Some resources are remaining: ${texts.sort().join(', ')}`);
}

function finalizersVerdict(finalizers: DeletionReport['finalizers']): Verdict {
    if (finalizers.size === 0) {
        return fine('ContentHasNoFinalizers', 'All content-preserving finalizers finished');
    }
    const texts = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`);
    return failed(
        'SomeFinalizersRemain',
        `Some content in the namespace has finalizers remaining: ${texts.sort().join(', ')}`,
    );
}

function joined(errors: readonly unknown[]): string {
    const texts = errors.map(messageOf);
    return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
}
