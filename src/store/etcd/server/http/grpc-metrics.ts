import { methods } from '../../proto/methods.ts';
import type { CallObserver } from '../grpc/handlers.ts';
import type { GrpcError } from '../grpc/status.ts';
import type { Metric, MetricSample } from './metric.ts';

const typeNames = { unary: 'unary', serverStream: 'server_stream', stream: 'bidi_stream' } as const;
const typeOf = new Map(Object.values(methods).map(({ path, type }) => [path, typeNames[type]]));

interface Series {
    started: number;
    /** By status. */
    handled: Map<string, number>;
}

/** Counts calls by method and status, under the names of grpc-ecosystem's Prometheus interceptors. */
export class GrpcMetrics implements CallObserver {
    readonly #series = new Map<string, Series>();

    started(path: string): void {
        this.#of(path).started += 1;
    }

    ended(path: string, error: GrpcError | undefined): void {
        const { handled } = this.#of(path);
        const code = error === undefined ? 'OK' : error.code.charAt(0).toUpperCase() + error.code.slice(1);
        handled.set(code, (handled.get(code) ?? 0) + 1);
    }

    /** Calls of one method that have begun and not ended. */
    open(path: string): number {
        const { started, handled } = this.#of(path);
        return [...handled.values()].reduce((rest, ended) => rest - ended, started);
    }

    metrics(): Metric[] {
        const started: MetricSample[] = [];
        const handled: MetricSample[] = [];
        for (const [path, series] of this.#series) {
            const labels = labelsOf(path);
            started.push({ labels, value: series.started });
            for (const [code, value] of series.handled) {
                handled.push({ labels: { grpc_code: code, ...labels }, value });
            }
        }
        return [
            {
                name: 'grpc_server_started_total',
                help: 'Total number of RPCs started on the server.',
                type: 'counter',
                samples: started,
            },
            {
                name: 'grpc_server_handled_total',
                help: 'Total number of RPCs completed on the server, regardless of success or failure.',
                type: 'counter',
                samples: handled,
            },
        ];
    }

    #of(path: string): Series {
        let series = this.#series.get(path);
        if (series === undefined) {
            series = { started: 0, handled: new Map() };
            this.#series.set(path, series);
        }
        return series;
    }
}

function labelsOf(path: string): Record<string, string> {
    const [, service = '', method = ''] = path.split('/');
    return { grpc_method: method, grpc_service: service, grpc_type: typeOf.get(path) ?? 'unary' };
}
