import type {
    V1Container,
    V1EphemeralContainer,
    V1HTTPGetAction,
    V1LifecycleHandler,
    V1Probe,
} from '../../../meta/object.ts';
import { items } from '../../validation/basic.ts';

export function defaultContainer(container: V1Container): void {
    defaultCommon(container);
    defaultProbe(container.livenessProbe);
    defaultProbe(container.readinessProbe);
    defaultProbe(container.startupProbe);
    defaultHandler(container.lifecycle?.postStart);
    defaultHandler(container.lifecycle?.preStop);
}

export function defaultEphemeralContainer(container: V1EphemeralContainer): void {
    defaultCommon(container);
}

function defaultCommon(container: V1Container | V1EphemeralContainer): void {
    container.imagePullPolicy ??= pullPolicyOf(container.image ?? '');
    container.resources ??= {};
    container.terminationMessagePath ??= '/dev/termination-log';
    container.terminationMessagePolicy ??= 'File';
    for (const port of items(container.ports)) port.protocol ??= 'TCP';
    for (const variable of items(container.env)) {
        const fieldRef = variable.valueFrom?.fieldRef;
        if (fieldRef !== undefined) fieldRef.apiVersion ??= 'v1';
        const resourceRef = variable.valueFrom?.resourceFieldRef;
        if (resourceRef !== undefined) resourceRef.divisor ??= '0';
    }
}

/** Always for ":latest" or no tag, IfNotPresent for a tag or a digest. */
export function pullPolicyOf(image: string): 'Always' | 'IfNotPresent' {
    if (image.includes('@')) return 'IfNotPresent';
    const lastSegment = image.slice(image.lastIndexOf('/') + 1);
    const colon = lastSegment.indexOf(':');
    const tag = colon < 0 ? '' : lastSegment.slice(colon + 1);
    return tag === '' || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultProbe(probe: V1Probe | undefined): void {
    if (probe === undefined) return;
    // Zero is "not set" for these in the API's Go types.
    probe.timeoutSeconds ||= 1;
    probe.periodSeconds ||= 10;
    probe.successThreshold ||= 1;
    probe.failureThreshold ||= 3;
    defaultHttpGet(probe.httpGet);
    if (probe.grpc !== undefined) probe.grpc.service ??= '';
}

function defaultHandler(handler: V1LifecycleHandler | undefined): void {
    defaultHttpGet(handler?.httpGet);
}

function defaultHttpGet(httpGet: V1HTTPGetAction | undefined): void {
    if (httpGet === undefined) return;
    httpGet.path ??= '/';
    httpGet.scheme ??= 'HTTP';
}
