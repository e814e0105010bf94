import type { V1Pod } from '../../api/meta/object.ts';
import { containerFieldPath } from './pod/pod.ts';

export type EventType = 'Normal' | 'Warning';

/** The part of the event recorder that the kubelet uses. */
export interface EventSink {
    event(
        about: V1Pod,
        type: EventType,
        reason: string,
        message: string,
        options?: { fieldPath?: string },
    ): void;
}

export interface EventText {
    type: EventType;
    reason: string;
    message: string;
}

/** Events about pods and their containers, in upstream's words. */
export class PodEvents {
    readonly #sink: EventSink | undefined;

    /** Without a sink (no API server) events go nowhere. */
    constructor(sink: EventSink | undefined) {
        this.#sink = sink;
    }

    pod(pod: V1Pod, { type, reason, message }: EventText): void {
        this.#sink?.event(asReference(pod), type, reason, message);
    }

    container(pod: V1Pod, containerName: string, { type, reason, message }: EventText): void {
        const fieldPath = containerFieldPath(pod, containerName);
        this.#sink?.event(asReference(pod), type, reason, message, { fieldPath });
    }
}

function asReference(pod: V1Pod): V1Pod {
    return pod.kind === undefined ? { ...pod, apiVersion: 'v1', kind: 'Pod' } : pod;
}
