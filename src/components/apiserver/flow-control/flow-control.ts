import { mandatoryFlowControl, suggestedFlowControl } from '../../../api/groups/flowcontrol/bootstrap.ts';
import type { V1FlowSchema, V1PriorityLevelConfiguration } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Stoppable } from '../../../util/lifecycle.ts';
import { followChanges } from '../authz/follow-changes.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { ApiRequest } from '../request.ts';
import { compileSchema, distinguisherOf } from './classifier.ts';
import { allocate, limitsOf } from './concurrency.ts';
import { FlowStats } from './flow-stats.ts';
import { PriorityLevel } from './priority-level.ts';
import type { Seated } from './queue-set.ts';
import { flowSchemas, priorityLevels } from './resources.ts';
import { estimateWork, type ResourceStatsOf } from './work-estimate.ts';

export interface FlowControlOptions {
    reader: ObjectReader;
    clock: Clock;
    /** Seats of this server: --max-requests-inflight and --max-mutating-requests-inflight together. */
    serverSeats: number;
    /** How long a request may wait for its seats. */
    waitMaxMs: number;
    statsOf: ResourceStatsOf;
}

interface Schema {
    object: V1FlowSchema;
    name: string;
    uid: string;
    precedence: number;
    matches: ReturnType<typeof compileSchema>;
    level: PriorityLevel;
    stats: FlowStats;
}

/** What a request was taken as, with its seats or its place in a queue. */
export interface Admitted {
    schema: { name: string; uid: string };
    level: PriorityLevel;
    seated: Seated;
}

/** How often seats that nobody uses are lent anew. */
export const borrowingPeriodMs = 10_000;
/** Pairs of schema and level whose figures are kept; a deleted schema's are kept as long as there is room. */
const statsMax = 1000;

/**
 * API Priority and Fairness: takes every request to a flow schema, and through it to a priority level, which
 * runs it, lets it wait its turn or refuses it.
 *
 * Invariants: schemas are sorted by precedence, then by name, and each has an existing level; the mandatory
 * schemas and levels are there whatever the store holds, so that every request matches; levels' limits are
 * computed from all levels together.
 */
export class FlowControl implements Stoppable {
    readonly #options: FlowControlOptions;
    readonly #levels = new Map<string, PriorityLevel>();
    readonly #stats = new Map<string, FlowStats>();
    #schemas: Schema[] = [];
    #isStale = false;
    #state: 'new' | 'running' | 'stopped' = 'new';
    #stopFollowing: (() => void)[] = [];
    #cancelTimer: (() => void) | undefined;
    fairFraction = 0;

    constructor(options: FlowControlOptions) {
        this.#options = options;
        this.#digest();
    }

    /** Follows the configuration from now on, and lends idle seats. */
    start(): void {
        if (this.#state !== 'new') return;
        this.#state = 'running';
        const follower = {
            changed: () => {
                this.#refresh();
            },
            filled: () => {
                this.#refresh();
            },
        };
        const { reader } = this.#options;
        this.#stopFollowing = [flowSchemas, priorityLevels].map((type) =>
            followChanges(reader, type, follower),
        );
        this.#lendPeriodically();
    }

    stop(): void {
        this.#state = 'stopped';
        for (const stop of this.#stopFollowing) stop();
        this.#cancelTimer?.();
    }

    /** Classifies the request and asks for its seats. The caller runs, awaits or refuses it. */
    admit(request: ApiRequest): Admitted {
        const { identity, info, signal } = request;
        const schema = this.#schemaOf(request);
        const { level, name, object, stats } = schema;
        const estimate = estimateWork(request, this.#options.statsOf, level.requestSeatsMax);
        const flow = `${name}\0${distinguisherOf(object, identity, info)}`;
        return { schema, level, seated: level.queueSet.start({ flow, estimate, stats, signal }) };
    }

    /** For metrics and debug pages. */
    get levels(): readonly PriorityLevel[] {
        return [...this.#levels.values()];
    }

    get stats(): readonly FlowStats[] {
        return [...this.#stats.values()];
    }

    #schemaOf({ identity, info }: ApiRequest): Schema {
        for (const schema of this.#schemas) if (schema.matches(identity, info)) return schema;
        // The last is catch-all, which also takes who is in neither of the groups of all users.
        const last = this.#schemas.at(-1);
        if (last === undefined) throw new Error('there is no flow schema');
        return last;
    }

    /** Several changes of one moment are read together. */
    #refresh(): void {
        if (this.#isStale) return;
        this.#isStale = true;
        queueMicrotask(() => {
            this.#isStale = false;
            if (this.#state === 'running') this.#digest();
        });
    }

    #digest(): void {
        const { reader } = this.#options;
        const stored = reader.list<V1PriorityLevelConfiguration>(priorityLevels);
        // Before they have been written, the suggested ones hold.
        const known = stored.length === 0 ? suggestedFlowControl.priorityLevels : stored;
        this.#digestLevels(withMandatory(known, mandatoryFlowControl.priorityLevels));
        const storedSchemas = reader.list<V1FlowSchema>(flowSchemas);
        const knownSchemas = storedSchemas.length === 0 ? suggestedFlowControl.flowSchemas : storedSchemas;
        this.#schemas = withMandatory(knownSchemas, mandatoryFlowControl.flowSchemas)
            .flatMap((object) => this.#schema(object))
            .sort((a, b) => a.precedence - b.precedence || (a.name < b.name ? -1 : 1));
    }

    #digestLevels(configs: readonly V1PriorityLevelConfiguration[]): void {
        const { clock, waitMaxMs, serverSeats } = this.#options;
        const names = new Set<string>();
        for (const config of configs) {
            const name = config.metadata?.name ?? '';
            names.add(name);
            let level = this.#levels.get(name);
            if (level === undefined) {
                level = new PriorityLevel(name, { clock, waitMaxMs });
                this.#levels.set(name, level);
            }
            level.configure(config);
        }
        // What still runs at a level that is gone holds on to it until it is done.
        for (const name of this.#levels.keys()) if (!names.has(name)) this.#levels.delete(name);
        const levels = this.levels;
        const limits = limitsOf(
            levels.map(({ shares }) => shares),
            serverSeats,
        );
        levels.forEach((level, index) => {
            const own = limits[index];
            if (own !== undefined) level.setLimits(own);
        });
    }

    #schema(object: V1FlowSchema): Schema[] {
        const { metadata, spec } = object;
        const level = this.#levels.get(spec?.priorityLevelConfiguration.name ?? '');
        if (level === undefined) return [];
        const name = metadata?.name ?? '';
        const uid = metadata?.uid ?? '';
        const precedence = spec?.matchingPrecedence ?? 1000;
        const stats = this.#statsOf(level.name, name);
        return [{ object, name, uid, precedence, matches: compileSchema(object), level, stats }];
    }

    #statsOf(level: string, schema: string): FlowStats {
        const key = `${level}\0${schema}`;
        let stats = this.#stats.get(key);
        if (stats === undefined) {
            if (this.#stats.size >= statsMax) {
                for (const oldest of this.#stats.keys()) {
                    this.#stats.delete(oldest);
                    break;
                }
            }
            stats = new FlowStats(level, schema);
            this.#stats.set(key, stats);
        }
        return stats;
    }

    #lendPeriodically(): void {
        this.#cancelTimer = this.#options.clock.setTimer(borrowingPeriodMs, () => {
            this.#lend();
            this.#lendPeriodically();
        });
    }

    /**
     * Gives each level the seats it asked for lately, out of what others do not use. A level keeps what it
     * used itself, up to its nominal seats; the rest is shared in proportion to demand.
     */
    #lend(): void {
        const nowMs = this.#options.clock.monotonicMs();
        const { levels } = this;
        for (const level of levels) level.noteDemand(nowMs);
        let seats = 0;
        for (const { limits } of levels) seats += limits.nominal;
        const limited = levels.filter(({ isExempt }) => !isExempt);
        for (const level of levels) if (level.isExempt) seats -= level.currentMin;
        const items = limited.map((level) => {
            const lower = level.currentMin;
            level.target = Math.max(lower, level.smoothed);
            return { lower, upper: Math.max(level.limits.upper, lower), target: level.target };
        });
        const allocation = allocate(seats, items);
        this.fairFraction = allocation?.fairFraction ?? 0;
        limited.forEach((level, index) => {
            level.setCurrent(Math.round(allocation?.seats[index] ?? items[index]?.lower ?? 0));
        });
    }
}

interface Named {
    metadata?: { name?: string | undefined } | undefined;
}

function withMandatory<T extends Named>(known: readonly T[], mandatory: readonly T[]): T[] {
    const names = new Set(known.map(({ metadata }) => metadata?.name));
    return [...known, ...mandatory.filter(({ metadata }) => !names.has(metadata?.name))];
}
