import type { V1APIServiceCondition, V1EndpointSlice, V1Service } from '../../../api/meta/object.ts';
import { hostPort } from '../admission/webhook/endpoint.ts';
import { goWords } from '../admission/webhook/client.ts';
import type { ObjectReader } from '../object-reader.ts';
import { askExtension } from './extension-client.ts';
import type { Address, ExtensionService, ExtensionServices } from './extension-services.ts';
import { endpointSlices, serviceNameLabel, services } from './resources.ts';

/** `lastTransitionTime` is not decided here. */
export type AvailableCondition = Omit<V1APIServiceCondition, 'lastTransitionTime'>;

export interface AvailabilityCheckOptions {
    reader: ObjectReader;
    extensions: ExtensionServices;
    /** The `Via` header of this server's requests. */
    via: string;
    signal: AbortSignal;
}

const answerTimeoutMs = 5_000;
/** The answer is not looked at; one that is longer than what discovery would read is not a good one. */
const answerBytesMax = 4 * 1024 * 1024;
/** Endpoints that are asked at a time: one that answers is enough. */
const attemptsMax = 5;

const failed = (reason: string, message: string): AvailableCondition => ({
    type: 'Available',
    status: 'False',
    reason,
    message,
});

/**
 * What the condition `Available` of an APIService with a Service should say: whether there are Service, port and
 * endpoints, and whether one of them answers discovery.
 */
export async function checkAvailability(
    extension: ExtensionService,
    options: AvailabilityCheckOptions,
): Promise<AvailableCondition> {
    const { namespace, name } = extension.service;
    const service = options.reader.get<V1Service>(services, namespace, name);
    if (service === undefined) {
        return failed('ServiceNotFound', `service/${name} in "${namespace}" is not present`);
    }
    const missing = missingEndpoints(extension, service, options.reader);
    if (missing !== undefined) return missing;
    const failure = await discoveryFailure(extension, options);
    if (failure !== undefined) return failed('FailedDiscoveryCheck', failure);
    return { type: 'Available', status: 'True', reason: 'Passed', message: 'all checks passed' };
}

/** Services of other types than ClusterIP may be reached in ways that are not visible here. */
function missingEndpoints(
    { service: { namespace, name, port } }: ExtensionService,
    { spec }: V1Service,
    reader: ObjectReader,
): AvailableCondition | undefined {
    if ((spec?.type ?? 'ClusterIP') !== 'ClusterIP') return undefined;
    const wanted = spec?.ports?.find((one) => one.port === port);
    if (wanted === undefined) {
        const message = `service/${name} in "${namespace}" is not listening on port ${port}`;
        return failed('ServicePortError', message);
    }
    const slices = reader
        .list<V1EndpointSlice>(endpointSlices, namespace)
        .filter(({ metadata }) => metadata.labels?.[serviceNameLabel] === name);
    if (slices.length === 0) {
        const message = `cannot find endpointslices for service/${name} in "${namespace}"`;
        return failed('EndpointsNotFound', message);
    }
    const portName = wanted.name ?? '';
    if (slices.some((slice) => isActive(slice, portName))) return undefined;
    const message = `endpointslices for service/${name} in "${namespace}" have no addresses with port name "${portName}"`;
    return failed('MissingEndpoints', message);
}

function isActive({ endpoints, ports }: V1EndpointSlice, portName: string): boolean {
    const isReady = (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false);
    return isReady && (ports ?? []).some(({ name, port }) => (name ?? '') === portName && port !== undefined);
}

/** Undefined as soon as one endpoint answers; the same text for the same state, so that it is not written anew. */
async function discoveryFailure(
    extension: ExtensionService,
    { extensions, via, signal }: AvailabilityCheckOptions,
): Promise<string | undefined> {
    let addresses: Address[];
    try {
        addresses = extensions.addressesOf(extension);
    } catch (error) {
        return error instanceof Error ? error.message : String(error);
    }
    if (addresses.length === 0) {
        return `no endpoints available for service "${extension.service.name}"`;
    }
    const enough = new AbortController();
    const question = { extension, via, signal: AbortSignal.any([signal, enough.signal]) };
    try {
        await Promise.any(sample(addresses).map(async (address) => await askDiscovery(address, question)));
        return undefined;
    } catch (error) {
        const failures = error instanceof AggregateError ? (error.errors as Error[]) : [error as Error];
        return failures.map(({ message }) => message).sort()[0] ?? 'no endpoint answered';
    } finally {
        enough.abort();
    }
}

function sample(addresses: readonly Address[]): Address[] {
    const start = Math.floor(Math.random() * addresses.length);
    const turned =
        addresses.length > attemptsMax
            ? [...addresses.slice(start), ...addresses.slice(0, start)]
            : addresses;
    return turned.slice(0, attemptsMax);
}

/** Rejects in upstream's words. */
async function askDiscovery(
    { host, port }: Address,
    { extension, via, signal }: { extension: ExtensionService; via: string; signal: AbortSignal },
): Promise<void> {
    const { group, version, tls } = extension;
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
    const url = `https://${hostPort(host, port)}${path}`;
    const fail = (why: string, cause?: unknown): Error =>
        new Error(`failing or missing response from ${url}: ${why}`, { cause });
    let status: number;
    try {
        ({ status } = await askExtension({
            ...{ host, port, path, signal, answerBytesMax },
            headers: { Via: via },
            // Who answers is proved with each request that is passed on; here it is only asked whether somebody does.
            tls: { ...tls, insecure: true },
            timeoutMs: answerTimeoutMs,
        }));
    } catch (error) {
        throw fail(`Get "${url}": ${goWords(error, { host, port, serverName: tls.servername })}`, error);
    }
    if (status < 200 || status > 299) throw fail(`bad status from ${url}: ${status}`);
}
