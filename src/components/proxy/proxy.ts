import { readFile, writeFile } from 'node:fs/promises';
import type { V1EndpointSlice, V1Service } from '../../api/meta/object.ts';
import { objectKey } from '../../api/meta/object.ts';
import type { InformerFactory } from '../../client/informer-factory.ts';
import type { Informer } from '../../client/informer.ts';
import { endpointSlices, services } from '../../client/resource-type.ts';
import type { Clock } from '../../util/clock.ts';
import { Lifecycle, type Stoppable } from '../../util/lifecycle.ts';
import type { Logger } from '../../util/logger.ts';
import { flushFlows, staleFlows } from './conntrack.ts';
import { ProxyHealthServer } from './health-server.ts';
import { Iptables } from './iptables.ts';
import { buildRules, jumps, type RuleOptions } from './rules.ts';
import { servicePorts, type ServicePort } from './service-ports.ts';

export interface ProxyOptions extends RuleOptions {
    informers: InformerFactory;
    logger: Logger;
    clock: Clock;
    /** Of this machine, to tell local endpoints. */
    nodeName: string;
    /** Two rule updates are at least this far apart. */
    minSyncPeriodMs: number;
    /** How often is checked whether someone else has flushed the tables. */
    syncPeriodMs: number;
    /** "address:port" of /healthz; empty for none. */
    healthzAddress: string;
    /** "address:port" of /metrics; empty for none. */
    metricsAddress: string;
}

const serviceNameLabel = 'kubernetes.io/service-name';
const retryDelayMs = 5_000;

/**
 * Turns Services and their EndpointSlices into iptables rules of this node. Event-driven: a change
 * marks its Service, the next sync recomputes marked Services only and writes the difference.
 * Rules stay when it stops, so that Services go on working.
 */
export class Proxy implements Stoppable {
    readonly #options: ProxyOptions;
    readonly #lifecycle = new Lifecycle();
    readonly #iptables: Iptables;
    readonly #services: Informer<V1Service>;
    readonly #slices: Informer<V1EndpointSlice>;
    readonly #ports = new Map<string, ServicePort[]>();
    readonly #dirty = new Set<string>();
    #lastSyncMs = Number.NEGATIVE_INFINITY;
    #cancelTimer: (() => void) | undefined;
    #running: Promise<void> | undefined;
    #forced = true;
    #health: ProxyHealthServer | undefined;

    constructor(options: ProxyOptions) {
        this.#options = options;
        this.#iptables = new Iptables({ logger: options.logger, jumps });
        this.#services = options.informers.informer(services);
        this.#slices = options.informers.informer(endpointSlices);
        this.#slices.addIndex('service', (slice) => serviceOf(slice));
        this.#services.addHandler({
            added: (service) => {
                this.#mark(objectKey(service));
            },
            updated: (service) => {
                this.#mark(objectKey(service));
            },
            deleted: (service) => {
                this.#mark(objectKey(service));
            },
        });
        const markSlice = (slice: V1EndpointSlice): void => {
            serviceOf(slice).forEach((key) => {
                this.#mark(key);
            });
        };
        this.#slices.addHandler({
            added: markSlice,
            updated: (slice, old) => {
                markSlice(old);
                markSlice(slice);
            },
            deleted: markSlice,
        });
    }

    /** Resolves once the first complete rule set is in the kernel. */
    async start(): Promise<void> {
        const { healthzAddress, metricsAddress, syncPeriodMs, logger } = this.#options;
        await prepareKernel(logger);
        this.#health = this.#lifecycle.add(
            new ProxyHealthServer({
                healthzAddress,
                metricsAddress,
                staleAfterMs: 2 * syncPeriodMs,
                clock: this.#options.clock,
            }),
        );
        await this.#health.start();
        await this.#options.informers.waitForSync(this.#lifecycle.signal);
        await this.#sync();
        this.#lifecycle.every(
            syncPeriodMs,
            async () => {
                await this.#repair();
            },
            (error) => {
                logger.error({ error: String(error) }, 'checking the iptables rules failed');
            },
        );
    }

    async stop(): Promise<void> {
        this.#cancelTimer?.();
        await this.#lifecycle.stop();
        await this.#running;
    }

    #mark(service: string): void {
        this.#dirty.add(service);
        this.#health?.queued();
        this.#schedule(this.#lastSyncMs + this.#options.minSyncPeriodMs);
    }

    #schedule(atMs: number): void {
        if (this.#cancelTimer !== undefined || this.#lifecycle.state !== 'running' || !this.#synced()) return;
        const delayMs = Math.max(0, atMs - this.#options.clock.monotonicMs());
        this.#cancelTimer = this.#options.clock.setTimer(delayMs, () => {
            this.#cancelTimer = undefined;
            void this.#sync();
        });
    }

    #synced(): boolean {
        return this.#services.synced && this.#slices.synced;
    }

    /** One sync at a time; what is marked while one runs is done by the next. Never rejects. */
    async #sync(): Promise<void> {
        if (this.#running !== undefined) {
            await this.#running;
            this.#schedule(this.#lastSyncMs + this.#options.minSyncPeriodMs);
            return;
        }
        this.#running = this.#syncOnce();
        await this.#running;
        this.#running = undefined;
    }

    async #syncOnce(): Promise<void> {
        const { logger, clock } = this.#options;
        const startedMs = clock.monotonicMs();
        this.#lastSyncMs = startedMs;
        const dirty = [...this.#dirty];
        this.#dirty.clear();
        if (dirty.length === 0 && !this.#forced) return;
        const before: ServicePort[] = [];
        const after: ServicePort[] = [];
        for (const key of dirty) {
            before.push(...(this.#ports.get(key) ?? []));
            after.push(...this.#recompute(key));
        }
        try {
            await this.#iptables.apply(buildRules([...this.#ports.values()].flat(), this.#options));
            this.#forced = false;
            await flushFlows(staleFlows(before, after), logger);
            this.#health?.synced(clock.monotonicMs() - startedMs);
            logger.debug(
                {
                    services: this.#ports.size,
                    changed: dirty.length,
                    ms: Math.round(clock.monotonicMs() - startedMs),
                },
                'rules synced',
            );
        } catch (error) {
            this.#forced = true;
            logger.error({ error: String(error), retryDelayMs }, 'writing iptables rules failed');
            this.#schedule(clock.monotonicMs() + retryDelayMs);
        }
    }

    #recompute(key: string): ServicePort[] {
        const service = this.#services.lister.get(key);
        const ports =
            service === undefined
                ? []
                : servicePorts(
                      service,
                      (name) => this.#slices.lister.byIndex('service', name),
                      this.#options.nodeName,
                  );
        if (ports.length === 0) this.#ports.delete(key);
        else this.#ports.set(key, ports);
        return ports;
    }

    async #repair(): Promise<void> {
        if (this.#running !== undefined || (await this.#iptables.intact())) return;
        this.#forced = true;
        await this.#sync();
    }
}

/** Removes all rules of the proxy: `--cleanup`, and the purge of a node. */
export async function cleanupRules(logger: Logger): Promise<void> {
    await new Iptables({ logger, jumps }).cleanup();
}

function serviceOf(slice: V1EndpointSlice): string[] {
    const name = slice.metadata?.labels?.[serviceNameLabel];
    return name === undefined ? [] : [`${slice.metadata?.namespace ?? ''}/${name}`];
}

/**
 * Kernel switches that Services need: forwarding, bridged packets through iptables (two pods of one
 * node behind one Service), NodePorts on 127.0.0.1. What cannot be set is logged with its consequence.
 */
async function prepareKernel(logger: Logger): Promise<void> {
    const switches = [
        { file: '/proc/sys/net/ipv4/ip_forward', needed: 'pods cannot reach other machines' },
        {
            file: '/proc/sys/net/bridge/bridge-nf-call-iptables',
            needed: 'pods cannot reach Services whose endpoint is on the same node',
        },
        {
            file: '/proc/sys/net/ipv4/conf/all/route_localnet',
            needed: 'NodePorts do not answer on 127.0.0.1',
        },
    ];
    for (const { file, needed } of switches) {
        try {
            if ((await readFile(file, 'utf8')).trim() !== '1') await writeFile(file, '1');
        } catch (error) {
            logger.warn({ file, error: String(error), consequence: needed }, 'a kernel switch cannot be set');
        }
    }
}
