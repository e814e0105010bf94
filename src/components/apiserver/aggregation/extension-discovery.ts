import type { V1APIService } from '../../../api/meta/object.ts';
import { bodyBytesMax, parseJson } from '../../../api/schema/parse.ts';
import type { Clock } from '../../../util/clock.ts';
import type { ObjectReader } from '../object-reader.ts';
import { askExtension } from './extension-client.ts';
import type { ExtensionService, ExtensionServices } from './extension-services.ts';
import { defaultPriority, type Priority } from './priorities.ts';
import { apiServiceName, apiServices } from './resources.ts';

/** What discovery has to know of APIServices. */
export interface ForeignDiscovery {
    /** Group versions that others answer for. */
    versions(): readonly ForeignVersion[];
    priorityOf(group: string, version: string): Priority;
    /** True for what is served here and is not to be shown. */
    isWithdrawn(group: string, version: string): boolean;
    /** What a foreign group version has, as items of an APIGroupDiscoveryList. */
    resourcesOf(version: ForeignVersion): Promise<ForeignResources>;
}

export interface ForeignVersion {
    group: string;
    version: string;
}
export interface ForeignResources {
    resources: object[];
    freshness: 'Current' | 'Stale';
}

/** How long an extension server has to say what it serves, and how long that is believed. */
const answerTimeoutMs = 5_000;
const freshMs = 30_000;
/** How long an answer is given out while a newer one is asked for. */
const staleMs = 600_000;
const answerBytesMax = bodyBytesMax;

/** As far as it is what it should be. */
interface ApiResource {
    name: string;
    singularName: string;
    namespaced: boolean;
    group: string;
    version: string;
    kind: string;
    verbs: string[];
    shortNames: string[];
    categories: string[];
}

interface Known extends ForeignResources {
    uid: string;
    askedAtMs: number;
}

export interface ExtensionDiscoveryOptions {
    reader: ObjectReader;
    services: ExtensionServices;
    isWithdrawn: (group: string, version: string) => boolean;
    /** The `Via` header of this server's requests. */
    via: string;
    clock: Clock;
}

/** Groups of APIServices; which resources they have is asked when somebody wants to know. */
export class ExtensionDiscovery implements ForeignDiscovery {
    readonly #options: ExtensionDiscoveryOptions;
    /** By name of the APIService. */
    readonly #known = new Map<string, Known>();
    readonly #asking = new Map<string, Promise<Known>>();

    constructor(options: ExtensionDiscoveryOptions) {
        this.#options = options;
    }

    versions(): ExtensionService[] {
        const versions = this.#options.services.list();
        const names = new Set(versions.map(({ name }) => name));
        for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name);
        return versions;
    }

    priorityOf(group: string, version: string): Priority {
        const name = apiServiceName(group, version);
        const spec = this.#options.reader.get<V1APIService>(apiServices, '', name)?.spec;
        if (spec === undefined) return defaultPriority(group, version);
        return { group: spec.groupPriorityMinimum, version: spec.versionPriority };
    }

    isWithdrawn(group: string, version: string): boolean {
        return this.#options.isWithdrawn(group, version);
    }

    async resourcesOf({ group, version }: ForeignVersion): Promise<ForeignResources> {
        const extension = this.#options.services.get(group, version);
        if (extension === undefined) return { resources: [], freshness: 'Stale' };
        const remembered = this.#known.get(extension.name);
        const known = remembered?.uid === extension.uid ? remembered : undefined;
        // One that is known not to answer is not waited for.
        if (!extension.isAvailable) return { resources: known?.resources ?? [], freshness: 'Stale' };
        const ageMs = known === undefined ? Infinity : this.#options.clock.monotonicMs() - known.askedAtMs;
        if (known !== undefined && known.freshness === 'Current' && ageMs < freshMs) return known;
        const asked = this.#ask(extension, known);
        return known?.freshness === 'Current' && ageMs < staleMs ? known : await asked;
    }

    async #ask(extension: ExtensionService, known: Known | undefined): Promise<Known> {
        const { name, uid } = extension;
        const asking = this.#asking.get(name);
        if (asking !== undefined) return await asking;
        const askedAtMs = this.#options.clock.monotonicMs();
        const asked = this.#resources(extension)
            .then(
                (resources): Known => ({ uid, resources, freshness: 'Current', askedAtMs }),
                // What it said before is better than nothing.
                (): Known => ({ uid, resources: known?.resources ?? [], freshness: 'Stale', askedAtMs }),
            )
            .then((answer) => {
                this.#asking.delete(name);
                this.#known.set(name, answer);
                return answer;
            });
        this.#asking.set(name, asked);
        return await asked;
    }

    async #resources(extension: ExtensionService): Promise<object[]> {
        const { group, version, tls } = extension;
        const { status, body } = await askExtension({
            ...this.#options.services.addressOf(extension),
            tls,
            path: group === '' ? `/api/${version}` : `/apis/${group}/${version}`,
            headers: { Via: this.#options.via },
            timeoutMs: answerTimeoutMs,
            answerBytesMax,
        });
        if (status !== 200) throw new Error(`bad status ${status}`);
        const { resources } = parseJson(body, { duplicates: false }).value as { resources?: unknown };
        return aggregatedResources(extension, list(resources).map(apiResource));
    }
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): string[] => list(value).filter((one) => typeof one === 'string');

function apiResource(value: unknown): ApiResource {
    const given = (value ?? {}) as Record<string, unknown>;
    return {
        name: text(given['name']),
        singularName: text(given['singularName']),
        namespaced: given['namespaced'] === true,
        group: text(given['group']),
        version: text(given['version']),
        kind: text(given['kind']),
        verbs: texts(given['verbs']),
        shortNames: texts(given['shortNames']),
        categories: texts(given['categories']),
    };
}

/** APIResources as APIResourceDiscovery: subresources stand below their resource. */
function aggregatedResources(own: ExtensionService, resources: readonly ApiResource[]): object[] {
    const kindOf = ({ group, version, kind }: ApiResource): object => ({
        group: group || own.group,
        version: version || own.version,
        kind,
    });
    const below = new Map<string, object[]>();
    for (const each of resources) {
        const slash = each.name.indexOf('/');
        if (slash < 0) continue;
        const parent = each.name.slice(0, slash);
        const entry = {
            subresource: each.name.slice(slash + 1),
            responseKind: kindOf(each),
            verbs: each.verbs,
        };
        const siblings = below.get(parent);
        if (siblings === undefined) below.set(parent, [entry]);
        else siblings.push(entry);
    }
    return resources
        .filter(({ name }) => !name.includes('/'))
        .map((resource) => {
            const subresources = below.get(resource.name);
            return {
                resource: resource.name,
                responseKind: kindOf(resource),
                scope: resource.namespaced ? 'Namespaced' : 'Cluster',
                singularResource: resource.singularName || resource.kind.toLowerCase(),
                verbs: resource.verbs,
                ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
                ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
                ...(subresources === undefined ? {} : { subresources }),
            };
        });
}
