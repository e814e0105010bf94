import { flag } from '../flags.ts';

/** Bounds of requests to the API server, and of what they leave behind. */
export const requestFlags = {
    'enable-priority-and-fairness': flag.boolean(
        'share the server among users by flow schemas and priority levels; false: only bound requests in flight',
        true,
    ),
    'max-requests-inflight': flag.integer('reading requests at a time', 400),
    'max-mutating-requests-inflight': flag.integer('changing requests at a time', 200),
    'request-timeout': flag.duration('how long a request may take', 60_000),
    'event-ttl': flag.duration('how long events are kept after they were written last', 3_600_000),
    profiling: flag.boolean('serve /debug/pprof to administrators', true),
} as const;
