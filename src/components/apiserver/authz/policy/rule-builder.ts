import type { V1PolicyRule } from '../../../../api/meta/object.ts';

export const read = 'get list watch';
export const write = 'create delete deletecollection patch update';
export const readWrite = `${read} ${write}`;
export const readUpdate = `${read} patch update`;

function words(text: string): string[] {
    return text
        .split(' ')
        .filter((word) => word !== '')
        .sort();
}

/**
 * A rule out of lists of words: `rule('get list', 'core apps', 'pods deployments')`. "core" stands for
 * the core group, whose name is empty.
 */
export function rule(verbs: string, groups: string, resources: string, names = ''): V1PolicyRule {
    return {
        apiGroups: words(groups)
            .map((group) => (group === 'core' ? '' : group))
            .sort(),
        ...(names === '' ? {} : { resourceNames: words(names) }),
        resources: words(resources),
        verbs: words(verbs),
    };
}

export function pathRule(verbs: string, paths: string): V1PolicyRule {
    return { nonResourceURLs: words(paths), verbs: words(verbs) };
}

/** What a component needs to report events. */
export const eventsRule = rule('create patch update', 'core events.k8s.io', 'events');
