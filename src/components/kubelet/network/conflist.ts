import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A list of CNI plugins that are run one after the other (containernetworking spec 1.0, section 1). */
export interface NetworkConfigList {
    cniVersion: string;
    name: string;
    plugins: readonly PluginConfig[];
    /** True for ours, false or absent for the user's. */
    builtIn?: boolean;
}

export interface PluginConfig {
    type: string;
    capabilities?: Readonly<Record<string, boolean>> | undefined;
    [key: string]: unknown;
}

const defaultCniVersion = '0.1.0';
const configFilePattern = /\.(conflist|conf|json)$/;

/**
 * The user's own configuration: the first valid file of `directory` by name, as upstream chooses it. A
 * .conf or .json file holds a single plugin. Undefined when there is none; `problems` gets what was wrong
 * with files that were passed over.
 */
export async function readConfigList(
    directory: string,
    problems: string[] = [],
): Promise<NetworkConfigList | undefined> {
    let names: string[];
    try {
        names = await readdir(directory);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
    }
    for (const name of names.filter((file) => configFilePattern.test(file)).sort()) {
        try {
            return parseConfigList(await readFile(join(directory, name), 'utf8'));
        } catch (error) {
            problems.push(
                `${join(directory, name)}: ${error instanceof Error ? error.message : String(error)}`,
            );
        }
    }
    return undefined;
}

/** Throws Error in words for a person. */
export function parseConfigList(text: string): NetworkConfigList {
    const value: unknown = JSON.parse(text);
    if (!isRecord(value)) throw new Error('not a JSON object');
    const { name, cniVersion = defaultCniVersion } = value;
    if (typeof name !== 'string' || name === '') throw new Error('no "name"');
    if (typeof cniVersion !== 'string') throw new Error('"cniVersion" is not a string');
    if (value['plugins'] === undefined) {
        return { name, cniVersion, plugins: [pluginConfig(value)] };
    }
    if (!Array.isArray(value['plugins']) || value['plugins'].length === 0) throw new Error('no "plugins"');
    return { name, cniVersion, plugins: value['plugins'].map(pluginConfig) };
}

function pluginConfig(value: unknown): PluginConfig {
    if (!isRecord(value) || typeof value['type'] !== 'string') throw new Error('a plugin has no "type"');
    // The type becomes a file name in the plugin directories.
    if (!/^[A-Za-z0-9][\w.-]*$/.test(value['type'])) throw new Error(`bad plugin type "${value['type']}"`);
    return value as PluginConfig;
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface BuiltInNetwork {
    /** "cni0". */
    bridge: string;
    podCidrs: readonly string[];
    /** Where host-local keeps which address is whose. */
    dataDirectory: string;
    mtu?: number | undefined;
    /** False leaves portmap out, which saves a pod without host ports a process. */
    hasPortMappings: boolean;
}

/** What pods get where the user has configured nothing: a bridge with addresses of the node's range. */
export function builtInConfigList(network: BuiltInNetwork): NetworkConfigList {
    const isIpv6 = (cidr: string): boolean => cidr.includes(':');
    const bridge: PluginConfig = {
        type: 'bridge',
        bridge: network.bridge,
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ...(network.mtu === undefined ? {} : { mtu: network.mtu }),
        ipam: {
            type: 'host-local',
            dataDir: network.dataDirectory,
            ranges: network.podCidrs.map((subnet) => [{ subnet }]),
            routes: network.podCidrs.map((cidr) => ({ dst: isIpv6(cidr) ? '::/0' : '0.0.0.0/0' })),
        },
    };
    const portmap: PluginConfig = { type: 'portmap', capabilities: { portMappings: true }, snat: true };
    return {
        cniVersion: '1.0.0',
        name: network.bridge,
        builtIn: true,
        plugins: network.hasPortMappings ? [bridge, portmap] : [bridge],
    };
}
