import type { V1Pod } from '../../../../api/meta/object.ts';
import { pods } from '../../../../client/resource-type.ts';
import type { PluginContext } from '../context.ts';
import { evaluate, reasonText } from './evaluate.ts';
import { formatLevelVersion, type LevelVersion } from './levels.ts';

const podsCheckedMax = 3000;
const checkTimeMaxMs = 1000;

/** What a new level of a namespace means for the pods that are in it already. Bounded in pods and in time. */
export function warningsAboutPods(
    { reader, clock, configuration }: PluginContext,
    namespace: string,
    level: LevelVersion,
): string[] {
    const { runtimeClasses } = configuration.podSecurity;
    const all = reader.list<V1Pod>(pods, namespace);
    const deadline = clock.monotonicMs() + checkTimeMaxMs;
    const namesByWarning = new Map<string, string[]>();
    let checked = 0;
    for (const { metadata, spec } of all.slice(0, podsCheckedMax)) {
        if (clock.monotonicMs() > deadline) break;
        checked++;
        if (spec === undefined) continue;
        if (spec.runtimeClassName && runtimeClasses.has(spec.runtimeClassName)) continue;
        const violations = evaluate({ metadata, spec }, level);
        if (violations.length === 0) continue;
        const warning = reasonText(violations);
        namesByWarning.set(warning, [...(namesByWarning.get(warning) ?? []), metadata.name]);
    }
    const texts = [...namesByWarning].map(([warning, names]) => `${podsText(names)}: ${warning}`).sort();
    return [
        ...(checked < all.length
            ? [
                  `new PodSecurity enforce level only checked against the first ${checked} of ${all.length} existing pods`,
              ]
            : []),
        ...(texts.length > 0
            ? [
                  `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${formatLevelVersion(level)}"`,
              ]
            : []),
        ...texts,
    ];
}

/** "a", "a (and 1 other pod)", "a (and 2 other pods)" */
function podsText(names: readonly string[]): string {
    const [first = '', ...others] = [...names].sort();
    if (others.length === 0) return first;
    return `${first} (and ${others.length} other ${others.length === 1 ? 'pod' : 'pods'})`;
}
