interface Sample {
    timeMs: number;
    cpuUsageNanos: number;
    nanoCores: number;
}

/** A rate over a shorter time than this would only be noise. */
const sampleMinMs = 5_000;
const samplesMax = 4096;

/** Turns growing CPU counters into rates, from one reading to the next. */
export class CpuRates {
    readonly #samples = new Map<string, Sample>();

    /** Nanocores since the last reading; 0 for the first one. */
    update(key: string, timeMs: number, cpuUsageNanos: number): number {
        const before = this.#samples.get(key);
        if (before === undefined) {
            this.#keep(key, { timeMs, cpuUsageNanos, nanoCores: 0 });
            return 0;
        }
        const elapsedMs = timeMs - before.timeMs;
        if (elapsedMs < sampleMinMs && before.nanoCores !== 0) return before.nanoCores;
        if (elapsedMs <= 0) return before.nanoCores;
        const grown = Math.max(cpuUsageNanos - before.cpuUsageNanos, 0);
        const nanoCores = Math.round((grown / elapsedMs) * 1000);
        this.#keep(key, { timeMs, cpuUsageNanos, nanoCores });
        return nanoCores;
    }

    #keep(key: string, sample: Sample): void {
        this.#samples.delete(key);
        this.#samples.set(key, sample);
        const oldest = this.#samples.keys().next();
        if (this.#samples.size > samplesMax && !oldest.done) this.#samples.delete(oldest.value);
    }
}
