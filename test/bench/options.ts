export interface BenchOptions {
    /** How long the idle cluster is watched. */
    minutes: number;
    /** How often starts and pods are repeated. */
    rounds: number;
}
