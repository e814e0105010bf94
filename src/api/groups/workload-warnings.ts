import { isDns1123Label } from '../meta/names.ts';
import type { ApiObject } from '../meta/object.ts';

/** That the name of something that names pods is no DNS label. `where` is where the name turns up. */
export function nameWarnings({ metadata }: ApiObject, where = 'in Pod names and hostnames'): string[] {
    const messages = isDns1123Label(metadata?.name ?? '');
    if (messages.length === 0) return [];
    return [
        `metadata.name: this is used ${where}, which can result in surprising behavior; a DNS label is recommended: [${messages.join(' ')}]`,
    ];
}

/** True for a creation and for an update that changes more than metadata and status. */
export function isNewSpec(object: ApiObject, old: ApiObject | undefined): boolean {
    return old === undefined || object.metadata?.generation !== old.metadata?.generation;
}

/** What controllers of pods warn of: their name when they are new, their template when it is. */
export function workloadWarnings(
    object: ApiObject,
    old: ApiObject | undefined,
    ofSpec: () => string[],
): string[] {
    const ofName = old === undefined ? nameWarnings(object) : [];
    return isNewSpec(object, old) ? [...ofName, ...ofSpec()] : [];
}
