import { baselineChecks } from './checks/baseline.ts';
import type { Check, PodLike, Violation } from './checks/check.ts';
import { restrictedChecks } from './checks/restricted.ts';
import type { LevelVersion, PolicyVersion } from './levels.ts';

type RunnableCheck = (pod: PodLike) => Violation;

/** Checks by "level:version"; versions newer than the newest check share its list. */
const newest = Math.max(
    ...[...baselineChecks, ...restrictedChecks].flatMap(({ versions }) => versions.map(({ since }) => since)),
);
const compiled = new Map<string, readonly RunnableCheck[]>();

/** What a level has against a pod, in upstream's order. */
export function evaluate(pod: PodLike, { level, version }: LevelVersion): NonNullable<Violation>[] {
    if (level === 'privileged') return [];
    const minor = version === 'latest' ? newest : Math.min(version, newest);
    const key = `${level}:${minor}`;
    let checks = compiled.get(key);
    if (checks === undefined) compiled.set(key, (checks = checksOf(level, minor)));
    return checks.map((check) => check(pod)).filter((violation) => violation !== undefined);
}

function checksOf(
    level: 'baseline' | 'restricted',
    minor: Exclude<PolicyVersion, 'latest'>,
): RunnableCheck[] {
    const inForce = (check: Check) => check.versions.findLast(({ since }) => since <= minor);
    const restricted = level === 'restricted' ? restrictedChecks.filter(inForce) : [];
    const overridden = new Set(restricted.flatMap(({ overrides = [] }) => overrides));
    const baseline = baselineChecks.filter((check) => inForce(check) && !overridden.has(check.id));
    return [...baseline, ...restricted].flatMap((check) => inForce(check)?.check ?? []);
}

/** `privileged (container "c" must not …), runAsNonRoot != true (…)` */
export function detailText(violations: readonly NonNullable<Violation>[]): string {
    return violations
        .map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`))
        .join(', ');
}

/** `privileged, runAsNonRoot != true` */
export function reasonText(violations: readonly NonNullable<Violation>[]): string {
    return violations.map(({ reason }) => reason).join(', ');
}
