import type { Strategy } from '../resource.ts';
import { componentStatusStrategy } from './component-status.ts';
import { configMapStrategy } from './config-map.ts';
import { endpointsStrategy } from './endpoints.ts';
import { eventStrategy } from './event/strategy.ts';
import { limitRangeStrategy } from './limit-range.ts';
import { namespaceStrategy } from './namespace.ts';
import { nodeStrategy } from './node/strategy.ts';
import { persistentVolumeClaimStrategy } from './persistent-volume-claim/strategy.ts';
import { persistentVolumeStrategy } from './persistent-volume/strategy.ts';
import { podStrategy } from './pod/strategy.ts';
import { podTemplateStrategy, replicationControllerStrategy } from './replication-controller.ts';
import { resourceQuotaStrategy } from './resource-quota.ts';
import { secretStrategy } from './secret/strategy.ts';
import { serviceAccountStrategy } from './service-account.ts';
import { serviceStrategy } from './service/strategy.ts';

/** Strategies of the core group by plural. */
export const coreStrategies: Readonly<Record<string, Strategy>> = {
    componentstatuses: componentStatusStrategy,
    configmaps: configMapStrategy,
    endpoints: endpointsStrategy,
    events: eventStrategy,
    limitranges: limitRangeStrategy,
    namespaces: namespaceStrategy,
    nodes: nodeStrategy,
    persistentvolumeclaims: persistentVolumeClaimStrategy,
    persistentvolumes: persistentVolumeStrategy,
    pods: podStrategy,
    podtemplates: podTemplateStrategy,
    replicationcontrollers: replicationControllerStrategy,
    resourcequotas: resourceQuotaStrategy,
    secrets: secretStrategy,
    serviceaccounts: serviceAccountStrategy,
    services: serviceStrategy,
};
