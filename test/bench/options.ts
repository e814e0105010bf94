export interface BenchOptions {
    /** How long the idle cluster is watched. */
    minutes: number;
    /** How often starts and pods are repeated. */
    rounds: number;
    /** The command that starts ours with etcd's flags. */
    ours: readonly string[];
}
