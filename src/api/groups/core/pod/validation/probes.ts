import { type FieldError, fieldErrors } from '../../../../meta/field-error.ts';
import { isHttpHeaderName } from '../../../../meta/names.ts';
import type {
    V1ExecAction,
    V1GRPCAction,
    V1HTTPGetAction,
    V1Lifecycle,
    V1Probe,
    V1SleepAction,
    V1TCPSocketAction,
} from '../../../../meta/object.ts';
import {
    each,
    formatErrors,
    items,
    nonNegative,
    oneOf,
    portNumberOrName,
    required,
} from '../../../validation/basic.ts';

type ProbeKind = 'livenessProbe' | 'readinessProbe' | 'startupProbe';

export function validateProbe(kind: ProbeKind, probe: V1Probe | undefined, path: string): FieldError[] {
    if (probe === undefined) return [];
    const errors = [
        ...validateHandler(probe, path, undefined),
        ...nonNegative(probe.initialDelaySeconds, `${path}.initialDelaySeconds`),
        ...nonNegative(probe.timeoutSeconds, `${path}.timeoutSeconds`),
        ...nonNegative(probe.periodSeconds, `${path}.periodSeconds`),
        ...nonNegative(probe.successThreshold, `${path}.successThreshold`),
        ...nonNegative(probe.failureThreshold, `${path}.failureThreshold`),
    ];
    const { terminationGracePeriodSeconds: grace } = probe;
    const gracePath = `${path}.terminationGracePeriodSeconds`;
    if (grace !== undefined && grace <= 0) {
        errors.push(fieldErrors.invalid(gracePath, grace, 'must be greater than 0'));
    }
    if (kind === 'readinessProbe') {
        if (grace !== undefined) {
            errors.push(fieldErrors.invalid(gracePath, grace, 'must not be set for readinessProbes'));
        }
    } else if (probe.successThreshold !== 1) {
        errors.push(fieldErrors.invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1'));
    }
    return errors;
}

export function validateLifecycle(
    lifecycle: V1Lifecycle | undefined,
    path: string,
    graceSeconds: number | undefined,
): FieldError[] {
    if (lifecycle === undefined) return [];
    const { postStart, preStop } = lifecycle;
    return [
        ...(postStart === undefined ? [] : validateHandler(postStart, `${path}.postStart`, graceSeconds)),
        ...(preStop === undefined ? [] : validateHandler(preStop, `${path}.preStop`, graceSeconds)),
    ];
}

interface Handler {
    exec?: V1ExecAction | undefined;
    httpGet?: V1HTTPGetAction | undefined;
    tcpSocket?: V1TCPSocketAction | undefined;
    grpc?: V1GRPCAction | undefined;
    sleep?: V1SleepAction | undefined;
}

/** Exactly one way of acting must be given; only that one is looked into. */
function validateHandler(handler: Handler, path: string, graceSeconds: number | undefined): FieldError[] {
    const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
    const checks: [string, (() => FieldError[]) | undefined][] = [
        ['exec', exec && (() => validateExec(exec, `${path}.exec`))],
        ['httpGet', httpGet && (() => validateHttpGet(httpGet, `${path}.httpGet`))],
        ['tcpSocket', tcpSocket && (() => portNumberOrName(tcpSocket.port, `${path}.tcpSocket.port`))],
        ['grpc', grpc && (() => portNumberOrName(grpc.port, `${path}.grpc.port`))],
        ['sleep', sleep && (() => validateSleep(sleep, `${path}.sleep`, graceSeconds))],
    ];
    const [first, ...others] = checks.filter(([, check]) => check !== undefined);
    if (first === undefined) return [fieldErrors.required(path, 'must specify a handler type')];
    return [
        ...(first[1]?.() ?? []),
        ...others.map(([name]) =>
            fieldErrors.forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'),
        ),
    ];
}

function validateExec(exec: V1ExecAction, path: string): FieldError[] {
    return items(exec.command).length === 0 ? [fieldErrors.required(`${path}.command`)] : [];
}

function validateHttpGet(httpGet: V1HTTPGetAction, path: string): FieldError[] {
    return [
        ...required(httpGet.path, `${path}.path`),
        ...portNumberOrName(httpGet.port, `${path}.port`),
        ...oneOf(httpGet.scheme, `${path}.scheme`, ['HTTP', 'HTTPS']),
        ...each(httpGet.httpHeaders, path, (header) =>
            formatErrors(header.name, `${path}.httpHeaders`, isHttpHeaderName(header.name)),
        ),
    ];
}

function validateSleep(sleep: V1SleepAction, path: string, graceSeconds: number | undefined): FieldError[] {
    if (graceSeconds === undefined || (sleep.seconds >= 0 && sleep.seconds <= graceSeconds)) return [];
    return [
        fieldErrors.invalid(
            path,
            sleep.seconds,
            `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`,
        ),
    ];
}
