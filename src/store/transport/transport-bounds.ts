/** The limits and intervals of the peer transport, in one place. */

/** What may wait to be sent to one member, on each channel. Beyond it appends and chunks are dropped. */
export const peerQueueBytesMax = 4 * 1024 * 1024;
/** Votes, answers and heartbeats may wait beyond it, up to this. */
export const peerQueueReserveBytes = 1024 * 1024;
/** What may be on its way between the main thread and the transport's; beyond it messages are dropped. */
export const threadQueueBytesMax = 64 * 1024 * 1024;
/** A snapshot chunk waits for its connection, which is opened for the first of them. */
export const bulkWaitingBytesMax = 8 * 1024 * 1024;
/** Requests to one member that wait for their connection. */
export const waitingRequestsMax = 64;

/** Until the other side has been welcomed: TCP, TLS and greeting together. */
export const greetingTimeoutMs = 3_000;
export const redialDelayMinMs = 50;
export const redialDelayMaxMs = 1_000;
export const pingIntervalMs = 1_000;
/** A connection on which nothing was heard for so many intervals is broken, whatever TCP thinks. */
export const silentIntervalsMax = { main: 3, bulk: 15 } as const;
/** The acceptor's side of the same: it hears at least a ping every interval. */
export const callerSilentIntervalsMax = 20;
/** A bulk connection without traffic is closed. */
export const bulkIdleMaxMs = 60_000;
/** Dropping messages to a member is reported to the core this often. */
export const dropReportIntervalMs = 100;
/** Closing waits so long for the last messages to be taken. */
export const closeTimeoutMs = 500;
export const tcpKeepAliveDelayMs = 5_000;

/** Certificate files are looked at this often. */
export const certificatePollMs = 10_000;
/** A replaced connection goes on for so long, for answers on their way. */
export const retirementMs = 10_000;

/** Connections accepted and not yet welcomed, and of one member. */
export const strangersMax = 128;
export const callersPerMemberMax = 8;

/** The same refusal of the same caller is logged this often. */
export const refusalLogIntervalMs = 60_000;
export const refusalsRememberedMax = 256;

/** After a failure of the transport's thread. */
export const workerRestartDelayMs = 1_000;
