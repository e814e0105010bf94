import { connect, constants } from 'node:http2';
import type { V1GRPCAction } from '../../../api/meta/object.ts';
import type { ProbeOutcome, ProbeTarget } from './probe-handler.ts';

const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];
const answerBytesMax = 1024;

/** Names of the status codes of gRPC, by number. */
const codeNames = [
    'OK',
    'Canceled',
    'Unknown',
    'InvalidArgument',
    'DeadlineExceeded',
    'NotFound',
    'AlreadyExists',
    'PermissionDenied',
    'ResourceExhausted',
    'FailedPrecondition',
    'Aborted',
    'OutOfRange',
    'Unimplemented',
    'Internal',
    'Unavailable',
    'DataLoss',
    'Unauthenticated',
];

/** grpc.health.v1.HealthCheckRequest { string service = 1 }, in a length-prefixed gRPC message. */
export function encodeHealthRequest(service: string): Buffer {
    const name = Buffer.from(service);
    const varint: number[] = [];
    for (let rest = name.length; ; rest >>>= 7) {
        if (rest < 0x80) {
            varint.push(rest);
            break;
        }
        varint.push((rest & 0x7f) | 0x80);
    }
    const message = service === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...varint]), name]);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    return Buffer.concat([prefix, message]);
}

/** The status of a HealthCheckResponse { ServingStatus status = 1 }: 0 when the field is left out. */
export function decodeHealthStatus(answer: Buffer): number {
    return answer.length >= 7 && answer[5] === 0x08 ? (answer[6] ?? 0) : 0;
}

interface GrpcAnswer {
    body: Buffer;
    grpcStatus: string;
    grpcMessage: string;
}

/** Healthy when the health service says SERVING. */
export async function grpcProbe(action: V1GRPCAction, target: ProbeTarget): Promise<ProbeOutcome> {
    const service = action.service ?? '';
    const host = target.podIp.includes(':') ? `[${target.podIp}]` : target.podIp;
    const authority = `${host}:${action.port}`;
    try {
        const { body, grpcStatus, grpcMessage } = await check(authority, service, target.timeoutMs);
        if (grpcStatus === '12')
            return failure(
                `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${decodeURIComponent(grpcMessage)}`,
            );
        if (grpcStatus !== '' && grpcStatus !== '0')
            return failure(
                `error: health rpc probe failed: rpc error: code = ${codeNames[Number(grpcStatus)] ?? `Code(${grpcStatus})`} desc = ${decodeURIComponent(grpcMessage)}`,
            );
        const status = decodeHealthStatus(body);
        if (status === 1) return { result: 'success', output: 'service healthy' };
        return failure(`service unhealthy (responded with "${servingStatuses[status] ?? String(status)}")`);
    } catch (error) {
        return failure(connectionFailure(error, authority, target.timeoutMs));
    }
}

function connectionFailure(error: unknown, authority: string, timeoutMs: number): string {
    if (error instanceof DeadlineError)
        return `timeout: failed to connect service "${authority}" within ${timeoutMs / 1000}s: ${error.message}`;
    const { code, message } = rootCause(error);
    const why = code === 'ECONNREFUSED' ? `dial tcp ${authority}: connect: connection refused` : message;
    return `error: failed to connect service at "${authority}": ${why}`;
}

function rootCause(error: unknown): NodeJS.ErrnoException {
    if (!(error instanceof Error)) return new Error(String(error));
    return error.cause instanceof Error ? rootCause(error.cause) : error;
}

class DeadlineError extends Error {
    override readonly name = 'DeadlineError';
}

function failure(output: string): ProbeOutcome {
    return { result: 'failure', output };
}

async function check(authority: string, service: string, timeoutMs: number): Promise<GrpcAnswer> {
    const session = connect(`http://${authority}`);
    const timer = setTimeout(() => {
        session.destroy(new DeadlineError('context deadline exceeded'));
    }, timeoutMs);
    try {
        return await new Promise((resolve, reject) => {
            session.once('error', reject);
            const stream = session.request({
                [constants.HTTP2_HEADER_METHOD]: 'POST',
                [constants.HTTP2_HEADER_PATH]: '/grpc.health.v1.Health/Check',
                'content-type': 'application/grpc',
                te: 'trailers',
                'user-agent': 'kube-probe/1.36',
            });
            const answer: GrpcAnswer = { body: Buffer.alloc(0), grpcStatus: '', grpcMessage: '' };
            const readStatus = (headers: NodeJS.Dict<string | string[] | number>) => {
                answer.grpcStatus = String(headers['grpc-status'] ?? answer.grpcStatus);
                answer.grpcMessage = String(headers['grpc-message'] ?? answer.grpcMessage);
            };
            stream.on('response', readStatus);
            stream.on('trailers', readStatus);
            stream.on('data', (chunk: Buffer) => {
                if (answer.body.length < answerBytesMax) answer.body = Buffer.concat([answer.body, chunk]);
            });
            stream.once('error', reject);
            stream.once('close', () => {
                resolve(answer);
            });
            stream.end(encodeHealthRequest(service));
        });
    } finally {
        clearTimeout(timer);
        session.destroy();
    }
}
