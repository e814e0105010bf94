import type { Strategy } from '../resource.ts';
import { flowSchemaStrategy } from './flow-schema.ts';
import { priorityLevelStrategy } from './priority-level.ts';

export const flowControlStrategies: Readonly<Record<string, Strategy>> = {
    flowschemas: flowSchemaStrategy,
    prioritylevelconfigurations: priorityLevelStrategy,
};
