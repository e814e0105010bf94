import type { V1Pod, V1PodAffinityTerm } from '../../../api/meta/object.ts';
import { labelSelectorMatcher, type LabelMatcher } from '../../../api/meta/selectors.ts';
import type { Plugin } from '../framework.ts';
import type { NodeInfo } from '../node-info.ts';
import type { PodInfo } from '../pod-info.ts';

interface Term {
    topologyKey: string;
    namespaces: ReadonlySet<string>;
    matcher: LabelMatcher;
    weight: number;
}

interface State {
    affinity: Term[];
    antiAffinity: Term[];
    preferred: Term[];
    /** "key=value" domains in which a pod stands that the term asks for, per term. */
    domains: Map<Term, Set<string>>;
    /** Domains that existing pods' own anti-affinity closes to this pod. */
    closed: Set<string>;
    /** The first pod of a group that wants to be near itself may go anywhere. */
    matchesItself: boolean;
    scores: Map<string, number>;
}

/** Required and preferred affinity and anti-affinity between pods, that of existing pods included. */
export const interPodAffinity: Plugin<State> = {
    name: 'InterPodAffinity',
    weight: 2,
    retryOn: ['nodeAdded', 'nodeLabels', 'podAdded', 'podDeleted', 'podUpdated'],
    prepare(info, nodes) {
        const state = stateOf(info);
        for (const node of nodes) for (const existing of node.pods.values()) see(state, info, node, existing);
        const idle =
            state.affinity.length + state.antiAffinity.length + state.preferred.length + state.closed.size ===
            0;
        return idle ? 'skip' : state;
    },
    filter(_, node, { affinity, antiAffinity, domains, closed, matchesItself }) {
        const inDomain = (term: Term): boolean => {
            const domain = domainOf(node, term.topologyKey);
            return domain !== undefined && (domains.get(term)?.has(domain) ?? false);
        };
        const nobodyThere = affinity.every((term) => (domains.get(term)?.size ?? 0) === 0);
        const alone =
            nobodyThere &&
            matchesItself &&
            affinity.every(({ topologyKey }) => node.labels[topologyKey] !== undefined);
        if (!alone && !affinity.every(inDomain))
            return { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true };
        if (antiAffinity.some(inDomain))
            return { reasons: ["node(s) didn't match pod anti-affinity rules"], unresolvable: false };
        if (Object.entries(node.labels).some(([key, value]) => closed.has(`${key}=${value}`)))
            return {
                reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"],
                unresolvable: false,
            };
        return undefined;
    },
    score(_, node, { preferred, scores }) {
        const keys = new Set(preferred.map(({ topologyKey }) => topologyKey));
        return [...keys].reduce((sum, key) => sum + (scores.get(domainOf(node, key) ?? '') ?? 0), 0);
    },
};

function stateOf({ pod }: PodInfo): State {
    const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
    const affinity = (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) =>
        termOf(term, pod),
    );
    const preferredTerms = [
        ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => ({
            ...term,
            sign: 1,
        })),
        ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((term) => ({
            ...term,
            sign: -1,
        })),
    ];
    return {
        affinity,
        antiAffinity: (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map((term) =>
            termOf(term, pod),
        ),
        preferred: preferredTerms.map(({ podAffinityTerm, weight, sign }) =>
            termOf(podAffinityTerm, pod, weight * sign),
        ),
        domains: new Map(),
        closed: new Set(),
        matchesItself: affinity.every((term) => selects(term, pod)),
        scores: new Map(),
    };
}

function termOf(term: V1PodAffinityTerm, owner: V1Pod, weight = 0): Term {
    const own = owner.metadata?.namespace ?? '';
    return {
        topologyKey: term.topologyKey,
        namespaces: new Set(
            term.namespaces?.length ? term.namespaces : term.namespaceSelector === undefined ? [own] : ['*'],
        ),
        matcher: labelSelectorMatcher(term.labelSelector),
        weight,
    };
}

function selects({ namespaces, matcher }: Term, pod: V1Pod): boolean {
    return (
        (namespaces.has('*') || namespaces.has(pod.metadata?.namespace ?? '')) &&
        matcher.matches(pod.metadata?.labels)
    );
}

function domainOf(node: NodeInfo, topologyKey: string): string | undefined {
    const value = node.labels[topologyKey];
    return value === undefined ? undefined : `${topologyKey}=${value}`;
}

/** Takes one existing pod into account. */
function see(state: State, info: PodInfo, node: NodeInfo, { pod }: PodInfo): void {
    for (const term of [...state.affinity, ...state.antiAffinity]) {
        const domain = domainOf(node, term.topologyKey);
        if (domain === undefined || !selects(term, pod)) continue;
        const known = state.domains.get(term);
        if (known === undefined) state.domains.set(term, new Set([domain]));
        else known.add(domain);
    }
    for (const term of state.preferred) {
        const domain = domainOf(node, term.topologyKey);
        if (domain !== undefined && selects(term, pod))
            state.scores.set(domain, (state.scores.get(domain) ?? 0) + term.weight);
    }
    for (const term of pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ??
        []) {
        const domain = domainOf(node, term.topologyKey);
        if (domain !== undefined && selects(termOf(term, pod), info.pod)) state.closed.add(domain);
    }
}
