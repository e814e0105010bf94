import type { ApiObject, Stored, V1ClusterRole, V1PolicyRule } from '../../../api/meta/object.ts';
import { labelSelectorMatcher } from '../../../api/meta/selectors.ts';
import { isReason } from '../../../api/meta/status-error.ts';
import type { Client } from '../../../client/client.ts';
import { clusterRoles } from '../../../client/resource-type.ts';
import type { Logger } from '../../../util/logger.ts';
import type { ObjectReader } from '../object-reader.ts';

/** Changes that come together are worked off together. */
const settleMs = 50;

/**
 * The rules of an aggregated role: those of all roles that its selectors choose, in the order of the
 * roles' names, each once. Undefined when the role does not aggregate.
 */
export function aggregatedRules(
    role: V1ClusterRole,
    all: readonly Stored<V1ClusterRole>[],
): V1PolicyRule[] | undefined {
    const selectors = role.aggregationRule?.clusterRoleSelectors;
    if (selectors === undefined) return undefined;
    const rules = new Map<string, V1PolicyRule>();
    for (const selector of selectors) {
        const matcher = labelSelectorMatcher(selector);
        const chosen = all
            .filter(
                ({ metadata }) => metadata.name !== role.metadata?.name && matcher.matches(metadata.labels),
            )
            .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
        for (const rule of chosen.flatMap((source) => source.rules ?? [])) {
            rules.set(ruleKey(rule), rule);
        }
    }
    return [...rules.values()];
}

/**
 * Brings the rules of all aggregated roles up to date. Roles that feed others (view feeds edit feeds
 * admin) are computed first to last in memory, so that one pass is enough.
 */
export async function aggregateClusterRoles(client: Client): Promise<void> {
    const resource = client.resource(clusterRoles);
    const { items } = await resource.list();
    for (const role of outdatedRoles(items)) await resource.update(role);
}

/** Aggregated roles whose rules are not what they should be, with the right rules. */
export function outdatedRoles(items: readonly Stored<V1ClusterRole>[]): Stored<V1ClusterRole>[] {
    const current = new Map(items.map((item) => [item.metadata.name, item]));
    const outdated = new Map<string, Stored<V1ClusterRole>>();
    // Each pass settles at least one level of roles that aggregate aggregated roles.
    for (let pass = 0; pass < items.length; pass += 1) {
        let changed = false;
        for (const role of current.values()) {
            const rules = aggregatedRules(role, [...current.values()]);
            if (rules === undefined || sameRules(role.rules ?? [], rules)) continue;
            const updated = { ...role, rules };
            current.set(role.metadata.name, updated);
            outdated.set(role.metadata.name, updated);
            changed = true;
        }
        if (!changed) break;
    }
    return [...outdated.values()];
}

function sameRules(a: readonly V1PolicyRule[], b: readonly V1PolicyRule[]): boolean {
    return a.length === b.length && a.every((rule, index) => ruleKey(rule) === ruleKey(b[index]));
}

/** Equal for rules that say the same, whatever the order of their fields and absent or empty lists. */
function ruleKey(rule: V1PolicyRule | undefined): string {
    return JSON.stringify([
        rule?.apiGroups ?? [],
        rule?.resources ?? [],
        rule?.resourceNames ?? [],
        rule?.nonResourceURLs ?? [],
        rule?.verbs ?? [],
    ]);
}

/** Keeps aggregated roles up to date for as long as it runs: a change of any cluster role starts a pass. */
export class ClusterRoleAggregation {
    readonly #reader: ObjectReader;
    readonly #client: Client;
    readonly #log: Logger;
    #remove: (() => void) | undefined;
    #timer: NodeJS.Timeout | undefined;
    #running: Promise<void> = Promise.resolve();

    constructor(options: { reader: ObjectReader; client: Client; log: Logger }) {
        this.#reader = options.reader;
        this.#client = options.client;
        this.#log = options.log;
    }

    start(): void {
        this.#remove = this.#reader.onChange(clusterRoles, (_role: ApiObject) => {
            this.#schedule();
        });
        this.#schedule();
    }

    async stop(): Promise<void> {
        this.#remove?.();
        clearTimeout(this.#timer);
        await this.#running;
    }

    #schedule(): void {
        if (this.#timer !== undefined) return;
        this.#timer = setTimeout(() => {
            this.#timer = undefined;
            this.#running = this.#running.then(async () => {
                await this.#pass();
            });
        }, settleMs);
        this.#timer.unref();
    }

    async #pass(): Promise<void> {
        for (const role of outdatedRoles(this.#reader.list<V1ClusterRole>(clusterRoles))) {
            try {
                await this.#client.resource(clusterRoles).update(role);
            } catch (error) {
                // A conflict is followed by a change event, which starts the next pass.
                if (isReason(error, 'Conflict') || isReason(error, 'NotFound')) continue;
                this.#log.error({ err: error, role: role.metadata.name }, 'cannot aggregate cluster role');
            }
        }
    }
}
