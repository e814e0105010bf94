import type { Strategy } from '../resource.ts';
import { cronJobStrategy } from './cron-job.ts';
import { jobStrategy } from './job.ts';

export const batchStrategies: Readonly<Record<string, Strategy>> = {
    cronjobs: cronJobStrategy,
    jobs: jobStrategy,
};
