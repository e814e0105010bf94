import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkConfigList, PluginConfig } from './conflist.ts';

/** What a plugin is told besides its configuration (CNI spec 1.0, section 2). */
export interface PluginCall {
    command: 'ADD' | 'DEL' | 'CHECK';
    containerId: string;
    netns: string;
    interfaceName: string;
    args: Readonly<Record<string, string>>;
    pluginDirectories: readonly string[];
    /** Values for the capabilities that plugins declare: portMappings, bandwidth, … */
    runtimeConfig: Readonly<Record<string, unknown>>;
}

/** The part of a CNI result that the kubelet reads; the rest goes to the next plugin as it is. */
export interface CniResult {
    cniVersion?: string;
    ips?: readonly { address: string; gateway?: string }[];
    [key: string]: unknown;
}

const pluginTimeoutMs = 60_000;
const pluginOutputMaxBytes = 1024 * 1024;

/** A plugin that refused: its own words, with the code of the CNI spec. */
export class CniError extends Error {
    override readonly name = 'CniError';
    readonly code: number | undefined;
    constructor(message: string, code: number | undefined, options?: ErrorOptions) {
        super(message, options);
        this.code = code;
    }
}

/** Runs the list in order, each plugin with the result of the one before. Returns the last result. */
export async function addNetwork(list: NetworkConfigList, call: PluginCall): Promise<CniResult> {
    let result: CniResult | undefined;
    for (const plugin of list.plugins) result = await runPlugin(list, plugin, { call, previous: result });
    return result ?? {};
}

/** Runs the list backwards. Plugins must take DEL of what is gone, so any error is a real one. */
export async function deleteNetwork(
    list: NetworkConfigList,
    call: PluginCall,
    previous: CniResult | undefined,
): Promise<void> {
    for (const plugin of [...list.plugins].reverse()) await runPlugin(list, plugin, { call, previous });
}

async function runPlugin(
    list: NetworkConfigList,
    plugin: PluginConfig,
    { call, previous }: { call: PluginCall; previous: CniResult | undefined },
): Promise<CniResult | undefined> {
    const path = await findPlugin(plugin.type, call.pluginDirectories);
    const { capabilities, ...config } = plugin;
    const wanted = Object.entries(call.runtimeConfig).filter(([name]) => capabilities?.[name] === true);
    const input = JSON.stringify({
        ...config,
        name: list.name,
        cniVersion: list.cniVersion,
        ...(wanted.length === 0 ? {} : { runtimeConfig: Object.fromEntries(wanted) }),
        ...(previous === undefined ? {} : { prevResult: previous }),
    });
    const output = await execPlugin(path, environment(call), input);
    return output.trim() === '' ? previous : (JSON.parse(output) as CniResult);
}

async function findPlugin(type: string, directories: readonly string[]): Promise<string> {
    for (const directory of directories) {
        const path = join(directory, type);
        try {
            await access(path, constants.X_OK);
            return path;
        } catch {
            continue;
        }
    }
    throw new CniError(`failed to find plugin "${type}" in path [${directories.join(' ')}]`, undefined);
}

/** Says which plugin of a list is not installed; undefined when all are. */
export async function missingPlugin(
    list: NetworkConfigList,
    directories: readonly string[],
): Promise<string | undefined> {
    try {
        await Promise.all(list.plugins.map(({ type }) => findPlugin(type, directories)));
        return undefined;
    } catch (error) {
        return error instanceof Error ? error.message : String(error);
    }
}

function environment(call: PluginCall): NodeJS.ProcessEnv {
    const args = Object.entries(call.args).map(([key, value]) => `${key}=${value}`);
    return {
        ...process.env,
        CNI_COMMAND: call.command,
        CNI_CONTAINERID: call.containerId,
        CNI_NETNS: call.netns,
        CNI_IFNAME: call.interfaceName,
        CNI_ARGS: args.join(';'),
        CNI_PATH: call.pluginDirectories.join(':'),
    };
}

function execPlugin(path: string, env: NodeJS.ProcessEnv, input: string): Promise<string> {
    return new Promise((resolve, reject) => {
        const limits = { timeout: pluginTimeoutMs, maxBuffer: pluginOutputMaxBytes };
        const child = execFile(path, [], { env, ...limits }, (error, stdout, stderr) => {
            if (error === null) resolve(stdout);
            else reject(pluginError(stdout, stderr, error));
        });
        child.stdin?.on('error', () => undefined);
        child.stdin?.end(input);
    });
}

function pluginError(stdout: string, stderr: string, cause: Error): CniError {
    try {
        const { msg, details, code } = JSON.parse(stdout) as {
            msg?: string;
            details?: string;
            code?: number;
        };
        if (msg !== undefined) return new CniError(details ? `${msg}; ${details}` : msg, code, { cause });
    } catch {
        // No error object: the plugin broke before it could write one.
    }
    return new CniError(stderr.trim() || stdout.trim() || cause.message, undefined, { cause });
}
