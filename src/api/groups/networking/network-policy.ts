import { BlockList, isIPv6 } from 'node:net';
import { type FieldError, fieldErrors } from '../../meta/field-error.ts';
import { isCidr } from '../../meta/names.ts';
import type { V1NetworkPolicy, V1NetworkPolicyPeer, V1NetworkPolicyPort } from '../../meta/object.ts';
import { formatLabelSelector } from '../../meta/selectors.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';
import { protocols } from '../core/pod/validation/ports.ts';
import type { Strategy } from '../resource.ts';
import { startsGeneration } from '../strategy.ts';
import { each, isBlank, items, oneOf, optionalOneOf, portNumberOrName } from '../validation/basic.ts';
import { cidr } from '../validation/ip-fields.ts';
import { cidrWarnings } from '../validation/ip-warnings.ts';
import { validateLabelSelector } from '../validation/labels.ts';

/** Networks of all address blocks. */
function networksOf({ spec }: V1NetworkPolicy): string[] {
    const peers = [
        ...items(spec?.ingress).flatMap((rule) => items(rule.from)),
        ...items(spec?.egress).flatMap((rule) => items(rule.to)),
    ];
    return peers.flatMap(({ ipBlock }) =>
        ipBlock === undefined ? [] : [ipBlock.cidr, ...items(ipBlock.except)],
    );
}

function validatePolicy({ spec }: V1NetworkPolicy, old?: V1NetworkPolicy): FieldError[] {
    const kept = old === undefined ? [] : networksOf(old);
    const peer = (value: V1NetworkPolicyPeer, path: string): FieldError[] => validatePeer(value, path, kept);
    const errors = validateLabelSelector(spec?.podSelector, 'spec.podSelector');
    errors.push(
        ...each(spec?.ingress, 'spec.ingress', (rule, path) => [
            ...each(rule.ports, `${path}.ports`, validatePort),
            ...each(rule.from, `${path}.from`, peer),
        ]),
        ...each(spec?.egress, 'spec.egress', (rule, path) => [
            ...each(rule.ports, `${path}.ports`, validatePort),
            ...each(rule.to, `${path}.to`, peer),
        ]),
    );
    const types = items(spec?.policyTypes);
    if (types.length > 2) {
        const detail = 'may not specify more than two policyTypes';
        return [...errors, fieldErrors.invalid('spec.policyTypes', types, detail)];
    }
    return [
        ...errors,
        ...each(types, 'spec.policyTypes', (type, path) => oneOf(type, path, ['Egress', 'Ingress'])),
    ];
}

function validatePort({ protocol, port, endPort }: V1NetworkPolicyPort, path: string): FieldError[] {
    const errors = isBlank(protocol) ? [] : optionalOneOf(protocol, `${path}.protocol`, protocols);
    if (port !== undefined) errors.push(...portNumberOrName(port, `${path}.port`));
    if (endPort === undefined) return errors;
    if (port === undefined) {
        errors.push(fieldErrors.required(`${path}.port`, 'must be specified when endPort is set'));
    } else if (typeof port === 'string') {
        const detail = 'may not be specified when port is non-numeric';
        errors.push(fieldErrors.invalid(`${path}.endPort`, endPort, detail));
    } else if (endPort < port) {
        const detail = 'must be greater than or equal to `port`';
        errors.push(fieldErrors.invalid(`${path}.endPort`, endPort, detail));
    }
    return errors;
}

function validatePeer(peer: V1NetworkPolicyPeer, path: string, kept: readonly string[]): FieldError[] {
    const { podSelector, namespaceSelector, ipBlock } = peer;
    const hasSelector = podSelector !== undefined || namespaceSelector !== undefined;
    if (!hasSelector && ipBlock === undefined) return [fieldErrors.required(path, 'must specify a peer')];
    if (hasSelector && ipBlock !== undefined) {
        return [fieldErrors.forbidden(path, 'may not specify both ipBlock and another peer')];
    }
    return [
        ...validateLabelSelector(podSelector, `${path}.podSelector`),
        ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
        ...(ipBlock === undefined
            ? []
            : [
                  ...cidr(ipBlock.cidr, `${path}.ipBlock.cidr`, kept),
                  ...each(ipBlock.except, `${path}.ipBlock.except`, (one, itemPath) => [
                      ...cidr(one, itemPath, kept),
                      ...(isStrictSubset(one, ipBlock.cidr)
                          ? []
                          : [fieldErrors.invalid(itemPath, one, 'must be a strict subset of `cidr`')]),
                  ]),
              ]),
    ];
}

/** True also where one of the two is no CIDR: that is an error of its own. */
function isStrictSubset(inner: string, outer: string): boolean {
    if (isCidr(inner).length > 0 || isCidr(outer).length > 0) return true;
    const [address = '', bits = ''] = inner.split('/');
    const [network = '', outerBits = ''] = outer.split('/');
    const family = isIPv6(network) ? 'ipv6' : 'ipv4';
    if (isIPv6(address) !== isIPv6(network) || Number(outerBits) >= Number(bits)) return false;
    const block = new BlockList();
    block.addSubnet(network, Number(outerBits), family);
    return block.check(address, family);
}

function policyWarnings({ spec }: V1NetworkPolicy): string[] {
    return [
        ...items(spec?.ingress).flatMap(({ from }, index) =>
            peerWarnings(from, `spec.ingress[${index}].from`),
        ),
        ...items(spec?.egress).flatMap(({ to }, index) => peerWarnings(to, `spec.egress[${index}].to`)),
    ];
}

function peerWarnings(peers: readonly V1NetworkPolicyPeer[] | undefined, path: string): string[] {
    return items(peers).flatMap(({ ipBlock }, index) => {
        const at = `${path}[${index}].ipBlock`;
        return [
            ...cidrWarnings(ipBlock?.cidr, `${at}.cidr`),
            ...items(ipBlock?.except).flatMap((one, position) =>
                cidrWarnings(one, `${at}.except[${position}]`),
            ),
        ];
    });
}

export const networkPolicyStrategy: Strategy<V1NetworkPolicy> = {
    hasGeneration: true,
    prepareForCreate: startsGeneration,
    defaults({ spec }) {
        if (spec === undefined) return;
        spec.podSelector ??= {};
        for (const rule of [...items(spec.ingress), ...items(spec.egress)]) {
            for (const port of items(rule.ports)) port.protocol ??= 'TCP';
        }
        if (items(spec.policyTypes).length > 0) return;
        spec.policyTypes = items(spec.egress).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
    },
    validate: (policy) => validatePolicy(policy),
    validateUpdate: validatePolicy,
    warnings: policyWarnings,
    columns: [
        nameColumn,
        column('Pod-Selector', ({ spec }) => formatLabelSelector(spec?.podSelector)),
        ageColumn,
    ],
};
