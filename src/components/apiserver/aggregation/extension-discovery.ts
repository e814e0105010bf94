import { request } from 'node:https';
import { apiVersionOf } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import { compareVersions } from '../discovery/group-order.ts';
import type { Aggregator } from './aggregator.ts';
import type { ExtensionService, ExtensionServices } from './extension-services.ts';
import { identityHeaders } from './identity-headers.ts';

/** What discovery tells of groups that others serve. */
export interface ForeignDiscovery {
    /** APIGroups, most important first. */
    groups(): { name: string }[];
    /** Items of an APIGroupDiscoveryList in the same order. */
    items(): Promise<{ metadata: { name: string } }[]>;
}

/** How long an extension server has to say what it serves, and how long that is believed. */
const answerTimeoutMs = 5_000;
const freshMs = 30_000;
const answerBytesMax = 4 * 1024 * 1024;

const aggregatorIdentity = {
    username: 'system:kube-aggregator',
    uid: '',
    groups: ['system:masters'],
    extra: {},
};

interface ApiResource {
    name: string;
    singularName?: string;
    namespaced?: boolean;
    group?: string;
    version?: string;
    kind: string;
    verbs?: string[];
    shortNames?: string[];
    categories?: string[];
}

interface Answer {
    resources: object[];
    freshness: 'Current' | 'Stale';
    askedAtMs: number;
}

/** Groups of APIServices; which resources they have is asked when somebody wants to know. */
export class ExtensionDiscovery implements ForeignDiscovery {
    readonly #services: ExtensionServices;
    readonly #aggregator: Aggregator;
    readonly #clock: Clock;
    readonly #answers = new Map<string, Promise<Answer>>();

    constructor(parts: { services: ExtensionServices; aggregator: Aggregator; clock: Clock }) {
        this.#services = parts.services;
        this.#aggregator = parts.aggregator;
        this.#clock = parts.clock;
    }

    groups(): { name: string }[] {
        return this.#grouped().map(([name, versions]) => {
            const entries = versions.map(({ group, version }) => ({
                groupVersion: apiVersionOf({ group, version }),
                version,
            }));
            return { name, versions: entries, preferredVersion: entries[0] };
        });
    }

    async items(): Promise<{ metadata: { name: string } }[]> {
        const grouped = this.#grouped();
        const asked = new Set(grouped.flatMap(([, versions]) => versions.map(keyOf)));
        for (const key of this.#answers.keys()) if (!asked.has(key)) this.#answers.delete(key);
        return await Promise.all(
            grouped.map(async ([name, extensions]) => ({
                metadata: { name, creationTimestamp: null },
                versions: await Promise.all(
                    extensions.map(async (extension) => {
                        const { resources, freshness } = await this.#answerOf(extension);
                        return { version: extension.version, resources, freshness };
                    }),
                ),
            })),
        );
    }

    #grouped(): [group: string, versions: ExtensionService[]][] {
        const groups = new Map<string, ExtensionService[]>();
        for (const extension of this.#services.list()) {
            if (this.#aggregator.isServedHere(extension)) continue;
            groups.set(extension.group, [...(groups.get(extension.group) ?? []), extension]);
        }
        for (const versions of groups.values()) {
            versions.sort(
                (a, b) => b.versionPriority - a.versionPriority || compareVersions(a.version, b.version),
            );
        }
        const priority = (versions: ExtensionService[]): number =>
            Math.max(...versions.map(({ groupPriority }) => groupPriority));
        return [...groups].sort(
            ([a, one], [b, other]) => priority(other) - priority(one) || (a < b ? -1 : 1),
        );
    }

    async #answerOf(extension: ExtensionService): Promise<Answer> {
        const key = keyOf(extension);
        const known = await this.#answers.get(key);
        const nowMs = this.#clock.monotonicMs();
        if (known !== undefined && nowMs - known.askedAtMs < freshMs) return known;
        const asked = this.#ask(extension).then(
            (resources): Answer => ({ resources, freshness: 'Current', askedAtMs: nowMs }),
            // What it said before is better than nothing.
            (): Answer => ({ resources: known?.resources ?? [], freshness: 'Stale', askedAtMs: nowMs }),
        );
        this.#answers.set(key, asked);
        return await asked;
    }

    async #ask(extension: ExtensionService): Promise<object[]> {
        const { group, version, tls } = extension;
        const { insecure, ...credentials } = tls;
        const text = await new Promise<string>((resolve, reject) => {
            const sent = request(
                {
                    ...this.#services.addressOf(extension),
                    ...credentials,
                    agent: false,
                    rejectUnauthorized: !insecure,
                    path: `/apis/${group}/${version}`,
                    headers: { ...identityHeaders(aggregatorIdentity), Accept: 'application/json' },
                    signal: AbortSignal.timeout(answerTimeoutMs),
                },
                (response) => {
                    let body = '';
                    response.setEncoding('utf8');
                    response.on('error', reject);
                    response.on('data', (chunk: string) => {
                        body += chunk;
                        if (body.length > answerBytesMax) response.destroy(new Error('too long an answer'));
                    });
                    response.on('end', () => {
                        if (response.statusCode === 200) resolve(body);
                        else reject(new Error(`bad status ${response.statusCode ?? 0}`));
                    });
                },
            );
            sent.on('error', reject);
            sent.end();
        });
        const { resources = [] } = JSON.parse(text) as { resources?: ApiResource[] };
        return aggregatedResources(extension, resources);
    }
}

const keyOf = ({ group, version }: ExtensionService): string => `${group}/${version}`;

/** APIResources as APIResourceDiscovery: subresources stand below their resource. */
function aggregatedResources(own: ExtensionService, resources: readonly ApiResource[]): object[] {
    const kindOf = ({ group, version, kind }: ApiResource): object => ({
        group: group || own.group,
        version: version || own.version,
        kind,
    });
    return resources
        .filter(({ name }) => !name.includes('/'))
        .map((resource) => {
            const subresources = resources
                .filter(({ name }) => name.startsWith(`${resource.name}/`))
                .map((each) => ({
                    subresource: each.name.slice(resource.name.length + 1),
                    responseKind: kindOf(each),
                    verbs: each.verbs ?? [],
                }));
            return {
                resource: resource.name,
                responseKind: kindOf(resource),
                scope: resource.namespaced === true ? 'Namespaced' : 'Cluster',
                singularResource: resource.singularName || resource.kind.toLowerCase(),
                verbs: resource.verbs ?? [],
                ...(resource.shortNames === undefined ? {} : { shortNames: resource.shortNames }),
                ...(resource.categories === undefined ? {} : { categories: resource.categories }),
                ...(subresources.length === 0 ? {} : { subresources }),
            };
        });
}
