/** What a priority level asked for during one period. */
export interface DemandFigures {
    average: number;
    deviation: number;
    highWatermark: number;
}

/** Integrates over time how many seats a level uses or waits for. */
export class SeatDemand {
    #value = 0;
    #sinceMs: number;
    #startMs: number;
    #sum = 0;
    #sumOfSquares = 0;
    #max = 0;

    constructor(nowMs: number) {
        this.#sinceMs = nowMs;
        this.#startMs = nowMs;
    }

    set(value: number, nowMs: number): void {
        this.#integrate(nowMs);
        this.#value = value;
        if (value > this.#max) this.#max = value;
    }

    /** The figures of the period that ends now; another one begins. */
    take(nowMs: number): DemandFigures {
        this.#integrate(nowMs);
        const elapsedMs = nowMs - this.#startMs;
        const average = elapsedMs > 0 ? this.#sum / elapsedMs : this.#value;
        const variance = elapsedMs > 0 ? this.#sumOfSquares / elapsedMs - average * average : 0;
        const figures = { average, deviation: Math.sqrt(Math.max(variance, 0)), highWatermark: this.#max };
        this.#startMs = nowMs;
        this.#sum = 0;
        this.#sumOfSquares = 0;
        this.#max = this.#value;
        return figures;
    }

    #integrate(nowMs: number): void {
        const elapsedMs = nowMs - this.#sinceMs;
        if (elapsedMs <= 0) return;
        this.#sum += this.#value * elapsedMs;
        this.#sumOfSquares += this.#value * this.#value * elapsedMs;
        this.#sinceMs = nowMs;
    }
}
