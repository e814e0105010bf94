import type { ResourceDefinition } from '../../../../api/groups/resource.ts';
import { type ApiObject, apiVersionOf, type GroupVersionKind } from '../../../../api/meta/object.ts';
import type { AdmissionRequest } from '../../admission.ts';
import { toStorage } from '../../conversion/versions.ts';
import type { PluginContext } from '../context.ts';
import { matchesRule, type Rule, ruleSubjectOf } from './rules.ts';

/** A request in the version of its resource that somebody asked for. */
export interface MatchedVersion {
    definition: ResourceDefinition;
    kind: GroupVersionKind;
}

/**
 * The version in which the first matching rule wants the request: its own, or under `Equivalent` another
 * version of the same resource. Undefined when no rule matches.
 */
export function matchedVersion(
    context: PluginContext,
    request: AdmissionRequest,
    { rules, matchPolicy }: { rules: readonly Rule[]; matchPolicy: string | undefined },
): MatchedVersion | undefined {
    const subject = ruleSubjectOf(request);
    const { definition, kind } = request;
    if (rules.some((rule) => matchesRule(rule, subject))) return { definition, kind };
    if (matchPolicy === 'Exact') return undefined;
    const others = context
        .definitions()
        .filter((other) => other.storagePrefix === definition.storagePrefix && other !== definition);
    for (const rule of rules) {
        for (const other of others) {
            const { group, version, plural } = other;
            if (!matchesRule(rule, { ...subject, group, version, resource: plural })) continue;
            const isOwnKind = kind.kind === definition.kind && kind.group === definition.group;
            return { definition: other, kind: isOwnKind ? { group, version, kind: other.kind } : kind };
        }
    }
    return undefined;
}

/** An object of `from` as `to` shows it. Throws a StatusError where another server converts and fails. */
export async function convert(
    object: ApiObject,
    from: ResourceDefinition,
    to: ResourceDefinition,
): Promise<ApiObject> {
    if (from === to || object.kind !== from.kind) return object;
    const stored = await toStorage(object, from);
    const { conversion } = to;
    if (conversion === undefined) return stored;
    const apiVersion = apiVersionOf(to);
    const isRemote = conversion.remote !== undefined && stored.apiVersion !== apiVersion;
    const [shown] = isRemote
        ? ((await conversion.remote?.fromStored([stored])) ?? [])
        : [conversion.fromStored(stored)];
    return { ...(shown ?? stored), kind: to.kind, apiVersion };
}
