import { isLabelValue } from '../meta/names.ts';
import type { V1NodeSelectorTerm } from '../meta/object.ts';
import { items } from './validation/basic.ts';

/** Labels of nodes that have been replaced, and what is said about them (pkg/api/node/util.go). */
const deprecatedLabels: ReadonlyMap<string, string> = new Map([
    ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
    ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
    [
        'failure-domain.beta.kubernetes.io/region',
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    ],
    [
        'failure-domain.beta.kubernetes.io/zone',
        'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    ],
    [
        'beta.kubernetes.io/instance-type',
        'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
    ],
    ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
    [
        'scheduler.alpha.kubernetes.io/preferAvoidPods',
        'deprecated since v1.22; use Taints and Tolerations instead',
    ],
    ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

/** What to say about a node's label; undefined for one that is not deprecated. */
export function deprecatedNodeLabel(key: string): string | undefined {
    return deprecatedLabels.get(key);
}

/** `checksValues`: where values that no label can have are not refused, they are warned of. */
export function nodeSelectorTermWarnings(
    term: V1NodeSelectorTerm | undefined,
    path: string,
    checksValues = false,
): string[] {
    return items(term?.matchExpressions).flatMap(({ key, values }, index) => {
        const at = `${path}.matchExpressions[${index}]`;
        const deprecated = deprecatedNodeLabel(key);
        const wrong = checksValues
            ? items(values).flatMap((value, position) =>
                  isLabelValue(value).map((why) => `${at}.values[${position}]: ${value} is invalid, ${why}`),
              )
            : [];
        return deprecated === undefined ? wrong : [`${at}.key: ${key} is ${deprecated}`, ...wrong];
    });
}
