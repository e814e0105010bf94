const minuteMs = 60_000;

/** Jobs are named after the minute they are for, so that no run is started twice. */
export const jobNameFor = (cronJobName: string, scheduledMs: number): string =>
    `${cronJobName}-${Math.floor(scheduledMs / minuteMs)}`;
