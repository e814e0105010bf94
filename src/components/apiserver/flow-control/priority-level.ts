import type { V1PriorityLevelConfiguration } from '../../../api/meta/object.ts';
import type { Clock } from '../../../util/clock.ts';
import type { LevelLimits, LevelShares } from './concurrency.ts';
import { type Discipline, QueueSet } from './queue-set.ts';
import { RetryAfter } from './retry-after.ts';
import type { DemandFigures } from './seat-demand.ts';

/** How much of the last period's demand is remembered in the next one; upstream's figure. */
const smoothing = 0.977;

/** Each queue has a record: more of them would be memory for nothing. */
const queuesMax = 4096;

/** One priority level: its configuration, its requests, and what it asked for lately. */
export class PriorityLevel {
    readonly name: string;
    readonly queueSet: QueueSet;
    readonly retryAfter: RetryAfter;
    uid = '';
    shares: LevelShares = { shares: 0, lendablePercent: 0, borrowingLimitPercent: undefined };
    limits: LevelLimits = { nominal: 0, lower: 0, upper: 0 };
    /** Seats that it has now, with what is lent and borrowed. */
    current = 0;
    /** What one request may take at most; 0 for no bound of the level's own. */
    requestSeatsMax = 0;
    figures: DemandFigures = { average: 0, deviation: 0, highWatermark: 0 };
    smoothed = 0;
    target = 0;

    constructor(name: string, options: { clock: Clock; waitMaxMs: number }) {
        this.name = name;
        this.queueSet = new QueueSet(name, { discipline: { type: 'exempt' }, limit: 0, ...options });
        this.retryAfter = new RetryAfter(options.clock);
    }

    get isExempt(): boolean {
        return this.queueSet.discipline.type === 'exempt';
    }

    configure(config: V1PriorityLevelConfiguration): void {
        const { spec } = config;
        this.uid = config.metadata?.uid ?? '';
        const part = spec?.type === 'Exempt' ? spec.exempt : spec?.limited;
        this.shares = {
            shares: part?.nominalConcurrencyShares ?? (spec?.type === 'Exempt' ? 0 : 30),
            lendablePercent: part?.lendablePercent ?? 0,
            borrowingLimitPercent: spec?.limited?.borrowingLimitPercent,
        };
        this.queueSet.configure(disciplineOf(config));
    }

    setLimits(limits: LevelLimits): void {
        const isSame = this.limits.nominal === limits.nominal && this.limits.lower === limits.lower;
        this.limits = limits;
        const { discipline } = this.queueSet;
        this.requestSeatsMax =
            discipline.type === 'queue' ? Math.max(1, Math.ceil(limits.nominal / discipline.handSize)) : 0;
        if (!isSame || this.current > limits.upper) this.setCurrent(limits.nominal);
    }

    setCurrent(seats: number): void {
        this.current = seats;
        this.queueSet.setLimit(seats);
    }

    /** Closes one period of measuring. */
    noteDemand(nowMs: number): void {
        this.figures = this.queueSet.demand.take(nowMs);
        const { average, deviation, highWatermark } = this.figures;
        const envelope = Math.min(highWatermark, average + deviation);
        this.smoothed = Math.max(envelope, smoothing * this.smoothed + (1 - smoothing) * envelope);
    }

    /** Seats that it keeps as long as it asks for them: it lends only what it does not use. */
    get currentMin(): number {
        const { lower, nominal } = this.limits;
        const { highWatermark } = this.figures;
        return Math.max(lower, Math.min(nominal, highWatermark));
    }
}

function disciplineOf({ spec }: V1PriorityLevelConfiguration): Discipline {
    if (spec?.type === 'Exempt') return { type: 'exempt' };
    const response = spec?.limited?.limitResponse;
    if (response?.type !== 'Queue') return { type: 'reject' };
    const { queues = 64, handSize = 8, queueLengthLimit = 50 } = response.queuing ?? {};
    const count = Math.min(queues, queuesMax);
    return {
        type: 'queue',
        queues: count,
        handSize: Math.min(handSize, count),
        queueLengthMax: queueLengthLimit,
    };
}
