import type { V1MatchResources } from '../../../../api/meta/object.ts';
import type { LabelMatcher } from '../../../../api/meta/selectors.ts';
import type { AdmissionRequest } from '../../admission.ts';
import type { PluginContext } from '../context.ts';
import { type MatchedVersion, matchedVersion } from '../matching/equivalents.ts';
import type { Rule } from '../matching/rules.ts';
import { matchesNamespace, matchesObject, selectorOf } from '../matching/selectors.ts';

type NamedRule = Rule & { resourceNames?: readonly string[] | undefined };

/** What a policy or a binding applies to, parsed. */
export interface ResourceMatcher {
    matchPolicy: string;
    namespaceSelector: LabelMatcher;
    objectSelector: LabelMatcher;
    rules: readonly NamedRule[];
    excluded: readonly NamedRule[];
}

export function resourceMatcherOf(resources: V1MatchResources | undefined): ResourceMatcher {
    return {
        matchPolicy: resources?.matchPolicy ?? 'Equivalent',
        namespaceSelector: selectorOf(resources?.namespaceSelector),
        objectSelector: selectorOf(resources?.objectSelector),
        rules: resources?.resourceRules ?? [],
        excluded: resources?.excludeResourceRules ?? [],
    };
}

/** The version of the request that matches, undefined when none does. Without rules everything matches. */
export async function matchResources(
    context: PluginContext,
    matcher: ResourceMatcher,
    request: AdmissionRequest,
): Promise<MatchedVersion | undefined> {
    const { matchPolicy } = matcher;
    const named = (rules: readonly NamedRule[]): readonly Rule[] =>
        rules.filter(
            ({ resourceNames = [] }) => resourceNames.length === 0 || resourceNames.includes(request.name),
        );
    const matched =
        matcher.rules.length === 0
            ? { definition: request.definition, kind: request.kind }
            : matchedVersion(context, request, { rules: named(matcher.rules), matchPolicy });
    if (matched === undefined || !matchesObject(matcher.objectSelector, request)) return undefined;
    const excluded = named(matcher.excluded);
    if (excluded.length > 0 && matchedVersion(context, request, { rules: excluded, matchPolicy }))
        return undefined;
    return (await matchesNamespace(context, matcher.namespaceSelector, request)) ? matched : undefined;
}
