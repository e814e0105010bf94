import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import type { V1HostAlias, V1PodSpec } from '../../../../meta/object.ts';
import { dnsSubdomain, each, formatErrors, isBlank, items } from '../../../validation/basic.ts';
import { isDnsSubdomainWithUnderscore } from '../../../validation/formats.ts';
import { ipAddress } from '../../../validation/ip-fields.ts';

/** Limits of resolv.conf in libc. */
const nameserversMax = 3;
const searchPathsMax = 32;
const searchCharactersMax = 2048;

export function validateDnsConfig({ dnsConfig, dnsPolicy }: V1PodSpec, path: string): FieldError[] {
    if (dnsPolicy === 'None') {
        if (dnsConfig === undefined) {
            return [fieldErrors.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
        }
        if (items(dnsConfig.nameservers).length === 0) {
            const detail = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
            return [fieldErrors.required(`${path}.nameservers`, detail)];
        }
    }
    if (dnsConfig === undefined) return [];
    return [
        ...validateNameservers(items(dnsConfig.nameservers), `${path}.nameservers`),
        ...validateSearches(items(dnsConfig.searches), `${path}.searches`),
        ...each(dnsConfig.options, `${path}.options`, (option, itemPath) =>
            isBlank(option.name) ? [fieldErrors.required(itemPath, 'must not be empty')] : [],
        ),
    ];
}

function validateNameservers(servers: readonly string[], path: string): FieldError[] {
    const detail = `must not have more than ${nameserversMax} nameservers`;
    return [
        ...(servers.length > nameserversMax ? [fieldErrors.invalid(path, servers, detail)] : []),
        ...each(servers, path, (server, itemPath) => ipAddress(server, itemPath)),
    ];
}

function validateSearches(searches: readonly string[], path: string): FieldError[] {
    const errors: FieldError[] = [];
    if (searches.length > searchPathsMax) {
        const detail = `must not have more than ${searchPathsMax} search paths`;
        errors.push(fieldErrors.invalid(path, searches, detail));
    }
    if (searches.join(' ').length > searchCharactersMax) {
        const detail = `must not have more than ${searchCharactersMax} characters (including spaces) in the search list`;
        errors.push(fieldErrors.invalid(path, searches, detail));
    }
    return [
        ...errors,
        ...each(searches, path, (search, itemPath) => {
            if (search === '.') return [];
            const name = search.replace(/\.$/, '');
            return formatErrors(name, itemPath, isDnsSubdomainWithUnderscore(name));
        }),
    ];
}

export function validateHostAliases(aliases: V1HostAlias[] | undefined, path: string): FieldError[] {
    return each(aliases, path, ({ ip, hostnames }, itemPath) => [
        ...ipAddress(ip, `${itemPath}.ip`),
        ...each(hostnames, `${itemPath}.hostnames`, dnsSubdomain),
    ]);
}
