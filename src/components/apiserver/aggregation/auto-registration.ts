import type { ResourceDefinition } from '../../../api/groups/resource.ts';
import { semanticEqual } from '../../../api/meta/deep.ts';
import type { Stored, V1APIService, V1CustomResourceDefinition } from '../../../api/meta/object.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import { WorkQueue } from '../../../client/work-queue.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import type { Logger } from '../../../util/logger.ts';
import { followChanges } from '../authz/follow-changes.ts';
import type { ObjectReader } from '../object-reader.ts';
import { builtInPriority, customResourcePriority } from './priorities.ts';
import { apiServiceName, apiServices, customResourceDefinitions } from './resources.ts';

export interface AutoRegistrationOptions {
    reader: ObjectReader;
    /** As system:apiserver. Asked for once it is needed. */
    client: () => Client;
    /** What this server serves, custom resources among it. */
    definitions: readonly ResourceDefinition[];
    clock: Clock;
    logger: Logger;
}

type Spec = NonNullable<V1APIService['spec']>;
/** "onstart": made good when the server starts, and left alone from then on; "true": always. */
type Management = 'onstart' | 'true';
interface Desired {
    spec: Spec;
    management: Management;
}

const automanagedLabel = 'kube-aggregator.kubernetes.io/automanaged';
const fieldManager = 'kube-apiserver';
/** Writes that are under way at a time: the store makes one fsync of those that wait together. */
const writesMax = 16;
const backoffMaxMs = 30_000;

/**
 * Keeps the local APIServices (those without a Service): one for every built-in group version, written at the
 * first start and compared at each further one, and one for every group version of custom resources, which comes
 * and goes with it. Only what has the label `automanagedLabel` is ever changed or deleted, so that whoever
 * replaces an APIService by one without the label keeps it.
 */
export class AutoRegistration implements Stoppable {
    readonly #options: AutoRegistrationOptions;
    readonly #queue: WorkQueue<string>;
    readonly #builtIn: ReadonlyMap<string, Desired>;
    #following: (() => void)[] = [];
    #working: Promise<void> | undefined;
    #isStarted = false;

    constructor(options: AutoRegistrationOptions) {
        this.#options = options;
        this.#queue = new WorkQueue({ name: 'autoregister', clock: options.clock, backoffMaxMs });
        this.#builtIn = builtInRegistrations(options.definitions);
    }

    /** Resolves once everything is registered; rejects when that could not be written. */
    async start(): Promise<void> {
        const { reader } = this.#options;
        await reader.ready(apiServices);
        await reader.ready(customResourceDefinitions);
        const present = reader
            .list<V1APIService>(apiServices)
            .filter((one) => managementOf(one) !== undefined)
            .map(({ metadata }) => metadata.name);
        const names = [...new Set([...this.#builtIn.keys(), ...this.#customNames(), ...present])];
        for (let start = 0; start < names.length; start += writesMax) {
            const batch = names.slice(start, start + writesMax);
            await Promise.all(batch.map(async (name) => await this.#sync(name, true)));
        }
        this.#isStarted = true;
        this.#follow();
        this.#working = this.#work();
    }

    async stop(): Promise<void> {
        for (const stop of this.#following) stop();
        this.#following = [];
        this.#queue.shutDown();
        await this.#working;
    }

    /** Resolves when every change that was seen so far is registered, or is waiting to be tried again. */
    async idle(): Promise<void> {
        await this.#queue.idle();
    }

    /** True for a built-in group version whose APIService somebody has deleted: discovery does not show it. */
    isWithdrawn(group: string, version: string): boolean {
        const name = apiServiceName(group, version);
        if (!this.#isStarted || !this.#builtIn.has(name)) return false;
        return this.#options.reader.get<V1APIService>(apiServices, '', name) === undefined;
    }

    #follow(): void {
        const { reader } = this.#options;
        const definitions = followChanges(reader, customResourceDefinitions, {
            changed: (object) => {
                this.#addGroup(object as V1CustomResourceDefinition);
            },
            filled: () => {
                for (const name of this.#customNames()) this.#queue.add(name);
            },
        });
        const registered = followChanges(reader, apiServices, {
            changed: (object) => {
                const name = object.metadata?.name ?? '';
                // What is made good at the start only is none of this one's business now.
                if (!this.#builtIn.has(name)) this.#queue.add(name);
            },
            filled: () => undefined,
        });
        this.#following = [definitions, registered];
    }

    /** The versions that the definition has, and those that it had. */
    #addGroup({ spec }: V1CustomResourceDefinition): void {
        for (const { name } of spec.versions) this.#queue.add(apiServiceName(spec.group, name));
        for (const one of this.#options.reader.list<V1APIService>(apiServices)) {
            if (one.spec?.group === spec.group && managementOf(one) === 'true')
                this.#queue.add(one.metadata.name);
        }
    }

    *#customNames(): Generator<string> {
        const { reader } = this.#options;
        for (const { spec } of reader.list<V1CustomResourceDefinition>(customResourceDefinitions))
            for (const version of spec.versions) yield apiServiceName(spec.group, version.name);
    }

    async #work(): Promise<void> {
        for (;;) {
            const name = await this.#queue.get();
            if (name === undefined) return;
            try {
                await this.#sync(name, false);
                this.#queue.forget(name);
            } catch (error) {
                this.#options.logger.warn({ err: error, name }, 'an APIService was not registered');
                this.#queue.addRateLimited(name);
            } finally {
                this.#queue.done(name);
            }
        }
    }

    async #sync(name: string, isStart: boolean): Promise<void> {
        const desired = this.#desired(name);
        if (desired?.management === 'onstart' && !isStart) return;
        const present = this.#options.reader.get<V1APIService>(apiServices, '', name);
        try {
            if (present === undefined) await this.#create(name, desired);
            else await this.#correct(present, desired, isStart);
        } catch (error) {
            // Somebody else was quicker: that change comes by itself.
            const isRace = (['AlreadyExists', 'Conflict', 'NotFound'] as const).some((reason) =>
                isReason(error, reason),
            );
            if (!isRace) throw error;
        }
    }

    async #create(name: string, desired: Desired | undefined): Promise<void> {
        if (desired === undefined) return;
        const { spec, management } = desired;
        const metadata = { name, labels: { [automanagedLabel]: management } };
        const { apiVersion, kind } = { apiVersion: 'apiregistration.k8s.io/v1', kind: apiServices.kind };
        await this.#apiServices.create({ apiVersion, kind, metadata, spec }, { fieldManager });
    }

    async #correct(
        present: Stored<V1APIService>,
        desired: Desired | undefined,
        isStart: boolean,
    ): Promise<void> {
        const management = managementOf(present);
        if (management === undefined || (management === 'onstart' && !isStart)) return;
        if (desired === undefined) {
            const { name, uid = '' } = present.metadata;
            await this.#apiServices.delete({ name }, { preconditions: { uid } });
        } else if (!semanticEqual(present.spec, desired.spec)) {
            await this.#apiServices.update({ ...present, spec: desired.spec }, { fieldManager });
        }
    }

    get #apiServices() {
        return this.#options.client().resource(apiServices);
    }

    #desired(name: string): Desired | undefined {
        const builtIn = this.#builtIn.get(name);
        if (builtIn !== undefined) return builtIn;
        const found = this.#options.reader
            .list<V1CustomResourceDefinition>(customResourceDefinitions)
            .some(({ spec }) =>
                spec.versions.some((one) => one.served && apiServiceName(spec.group, one.name) === name),
            );
        if (!found) return undefined;
        const dot = name.indexOf('.');
        const spec = {
            group: name.slice(dot + 1),
            version: name.slice(0, dot),
            groupPriorityMinimum: customResourcePriority.group,
            versionPriority: customResourcePriority.version,
        };
        return { spec, management: 'true' };
    }
}

function builtInRegistrations(definitions: readonly ResourceDefinition[]): Map<string, Desired> {
    const registrations = new Map<string, Desired>();
    for (const { group, version } of definitions) {
        const name = apiServiceName(group, version);
        const priority = builtInPriority(group, version);
        if (priority === undefined || registrations.has(name)) continue;
        const spec = {
            ...(group === '' ? {} : { group }),
            version,
            groupPriorityMinimum: priority.group,
            versionPriority: priority.version,
        };
        registrations.set(name, { spec, management: 'onstart' });
    }
    return registrations;
}

function managementOf({ metadata }: V1APIService): Management | undefined {
    const value = metadata?.labels?.[automanagedLabel];
    return value === 'true' || value === 'onstart' ? value : undefined;
}
